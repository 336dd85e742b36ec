"""Recordings as files for other programs: CSV, Parquet, MCAP. A file appears when it is whole."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from backbeat.errors import UserError, why
from backbeat.logbook.header import ACC, CONTEXT, GYR
from backbeat.logbook.recorder import Recorder
from backbeat.samples import Context, FloatArray, Samples
from backbeat.sources import Source


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to, which becomes `path` at the end; after an error nothing is left behind.

    Raises:
        UserError: the file exists already, or cannot be written.
    """
    if path.exists():
        raise UserError(f"{path}: this file exists already; choose another name.")
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        part.rename(path)
    except OSError as error:
        raise UserError(f"{path}: {why(error)}; choose a place that can be written.") from error
    finally:
        part.unlink(missing_ok=True)


def between(blocks: Iterable[Samples | Context], start: float, end: float) -> Iterator[Samples | Context]:
    """The part from `start` to `end`, s; the context in force at its start comes first."""
    in_force: dict[str, Context] = {}
    begun = False
    for block in blocks:
        if isinstance(block, Context):
            if block.time > end:
                continue
            if block.time >= start:
                yield block
            else:
                in_force[block.kind] = Context(start, block.kind, block.value)
            continue
        first = int(np.searchsorted(block.time, start))
        last = int(np.searchsorted(block.time, end, side="right"))
        if last > first and not begun:
            begun = True
            yield from (in_force[kind] for kind in in_force if kind in CONTEXT)
        if last > first:
            yield block[first:last]


def to_csv(blocks: Iterable[Samples | Context], path: Path) -> int:
    """Backbeat's own CSV, from which a replay gives the same events; returns the readings written."""
    count = 0
    with whole_file(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
        names: list[str] = []
        for table, columns in _tables(blocks):
            if not names:
                names = columns
                file.write(",".join(names) + "\n")
            if columns != names:
                raise UserError(f"{path}: the recording changes its columns on the way; cut it there first.")
            for row in table.tolist():
                file.write(",".join("" if value != value else repr(value) for value in row) + "\n")
            count += len(table)
    return count


def to_parquet(blocks: Iterable[Samples | Context], path: Path) -> int:
    """A Parquet file with the columns of the CSV (extra `parquet`); returns the readings written.

    Raises:
        UserError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise UserError("Parquet needs pyarrow; install it with: pip install 'backbeat[parquet]'") from None
    count = 0
    with whole_file(path) as part, contextlib.ExitStack() as stack:
        writer = None
        for table, columns in _tables(blocks):
            arrow = pa.table({name: table[:, i] for i, name in enumerate(columns)})
            if writer is None:
                writer = stack.enter_context(parquet.ParquetWriter(part, arrow.schema, compression="zstd"))
            writer.write_table(arrow)
            count += len(table)
    return count


def to_mcap(source: Source, blocks: Iterable[Samples | Context], path: Path) -> int:
    """A recording as the recorder makes it; returns the readings written."""
    count = 0
    with whole_file(path) as part:
        recorder = Recorder(part, source.info, getattr(source, "settings", {}))
        for block in blocks:
            recorder.take(block, [])
            count += len(block) if isinstance(block, Samples) else 0
        recorder.finish([])
        if recorder.fault:
            raise UserError(f"{path}: {recorder.fault}")
    return count


WRITERS: dict[str, Callable[[Source, Iterable[Samples | Context], Path], int]] = {
    ".csv": lambda _, blocks, path: to_csv(blocks, path),
    ".parquet": lambda _, blocks, path: to_parquet(blocks, path),
    ".mcap": to_mcap,
}
"""File name's end to what writes it."""


def _tables(blocks: Iterable[Samples | Context]) -> Iterator[tuple[FloatArray, list[str]]]:
    """Blocks as tables with their columns' names; speed and slope stand in the row from which they hold."""
    waiting: list[Context] = []
    for block in blocks:
        if isinstance(block, Context):
            if block.kind in CONTEXT and isinstance(block.value, int | float):
                waiting.append(block)
            continue
        if not len(block):
            continue
        present = [i for i, name in enumerate(ACC) if name not in block.absent]
        columns = ["time", *(ACC[i] for i in present)]
        parts = [block.time[:, None], block.acc[:, present]]
        if block.gyr is not None:
            columns += GYR
            parts.append(block.gyr)
        given = np.full((len(block), len(CONTEXT)), np.nan)
        for context in [c for c in waiting if c.time <= block.time[-1]]:
            row = int(np.searchsorted(block.time, context.time))
            given[row, CONTEXT.index(context.kind)] = float(context.value)  # type: ignore[arg-type]
            waiting.remove(context)
        yield np.concatenate([*parts, given], axis=1), [*columns, *CONTEXT]
