"""Backbeat's own CSV: `time` in s, `acc_x,acc_y,acc_z` in m/s², `gyr_x,gyr_y,gyr_z` in rad/s, a header, commas.

The gyroscope, one accelerometer axis and the columns `speed_m_s` and `grade_pct` may be absent; an empty field in
these two means "as before". Other columns are passed over. The file is read in pieces, so memory does not grow with it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from backbeat.errors import SourceError
from backbeat.logbook import plausible
from backbeat.logbook.header import ACC, CONTEXT, GYR, read_header
from backbeat.logbook.kept import IntArray, KeptRows
from backbeat.logbook.recording import Recording
from backbeat.logbook.rows import Rows, parse
from backbeat.samples import (
    IMPOSSIBLE_ACC_M_S2,
    IMPOSSIBLE_GYR_RAD_S,
    BoolArray,
    Context,
    ContextKind,
    FloatArray,
    Samples,
    SourceInfo,
)

_LOG = logging.getLogger(__name__)

PIECE_BYTES = 1 << 18
LONGEST_LINE_BYTES = 1 << 16
EPOCH_S = (1.0e9, 4.0e9)
"""Times between 2001 and 2096 in Unix seconds are taken as the wall clock."""


class CsvRecording(Recording):
    """A CSV file as a source.

    Args:
        path: the file.
        strict: refuse what otherwise is a marked gap with a warning: rows that cannot be read, time going backwards.

    Raises:
        SourceError: the file cannot be read, its header lacks what is needed, it is empty, or its units are wrong.
    """

    def __init__(self, path: Path, *, strict: bool = False) -> None:
        self._path, self._strict = path, strict
        try:
            with path.open("rb") as file:
                pieces = _pieces(file, str(path))
                self._header = read_header(next(pieces), str(path))
                first = next(pieces, b"")
            readings = _lines(path)
        except OSError as error:
            raise SourceError(f"{path}: {(error.strerror or 'cannot be read').lower()}; check the name.") from None
        super().__init__(self._inspect(first, readings))

    def _inspect(self, first: bytes, readings: int) -> SourceInfo:
        """Check the beginning of the file, before anything is analysed, and describe the recording."""
        header, file = self._header, str(self._path)
        values = self._parse(first).values
        table = values[np.all(np.isfinite(self._columns(values, ("time", *ACC, *GYR))), axis=1)]
        if not len(table):
            found = "no reading after the header" if not first.strip() else "no row of numbers at the beginning"
            raise SourceError(f"{file}, line 2: {found}; this is not a recording of a sensor.")
        time = table[:, header.place["time"]]
        fault = plausible.time_fault(time) or plausible.acceleration_fault(self._columns(table, ACC))
        if not fault and header.has_gyroscope:
            fault = plausible.rotation_fault(self._columns(table, GYR))
        if fault:
            raise SourceError(f"{file}, from line 2 on: {fault}.")
        if not header.has_gyroscope and any(axis in header.place for axis in GYR):
            _LOG.warning("%s: the gyroscope is not used, because an axis of it is missing.", file)
        rate = _rate(time)
        return SourceInfo(
            name=self._path.name,
            origin="replay",
            rate_hz=rate,
            utc_offset_s=0.0 if EPOCH_S[0] <= time[0] <= EPOCH_S[1] else None,
            readings=readings,
            duration_s=readings / rate if rate else None,
        )

    def _parse(self, piece: bytes) -> Rows:
        return parse(piece, len(self._header.names), sorted(self._header.place.values()))

    def _columns(self, table: FloatArray, names: tuple[str, ...]) -> FloatArray:
        return table[:, [self._header.place[name] for name in names if name in self._header.place]]

    def _readable(self, table: FloatArray) -> BoolArray:
        """Rows whose time and sensor axes are all numbers, and possible ones."""
        acc = self._columns(table, ACC)
        good = np.isfinite(table[:, self._header.place["time"]])
        good &= np.all(np.abs(acc) <= IMPOSSIBLE_ACC_M_S2, axis=1)
        if self._header.has_gyroscope:
            good &= np.all(np.abs(self._columns(table, GYR)) <= IMPOSSIBLE_GYR_RAD_S, axis=1)
        return cast("BoolArray", good)

    def _blocks(self) -> Iterator[Samples | Context]:
        kept = KeptRows(str(self._path), strict=self._strict)
        context = {name: np.nan for name in CONTEXT if name in self._header.place}
        with self._path.open("rb") as file:
            pieces = _pieces(file, str(self._path))
            next(pieces)  # the header
            line = 2
            waiting, waiting_lines = np.empty((0, len(self._header.names))), np.empty(0, dtype=np.int64)
            for piece in pieces:
                rows = self._parse(piece)
                lines = line + np.arange(len(rows.values))
                line += len(lines)
                good = self._readable(rows.values)
                for index in np.flatnonzero(~good):
                    if index not in rows.blank:
                        kept.lost(int(lines[index]), rows.faults.get(int(index)) or self._why(rows.values[index]))
                table, lines = (
                    np.concatenate([waiting, rows.values[good]]),
                    np.concatenate([waiting_lines, lines[good]]),
                )
                # whether a row's time is a wrong leap forward shows only in the two rows after it: they wait
                yield from self._samples(table, *kept.in_order(self._times(table), lines, len(table) - 2), context)
                waiting, waiting_lines = table[-2:], lines[-2:]
            yield from self._samples(
                waiting, *kept.in_order(self._times(waiting), waiting_lines, len(waiting)), context
            )
        kept.close()

    def _times(self, table: FloatArray) -> FloatArray:
        return np.ascontiguousarray(table[:, self._header.place["time"]])

    def _why(self, row: FloatArray) -> str:
        """What is wrong with a row whose every field can be read."""
        for name in ("time", *ACC, *GYR):
            value = row[self._header.place[name]] if name in self._header.place else 0.0
            limit = {"a": IMPOSSIBLE_ACC_M_S2, "g": IMPOSSIBLE_GYR_RAD_S}.get(name[0], np.inf)
            if not np.isfinite(value):
                return f"{name} is no number"
            if abs(value) > limit:
                return f"{name} = {value:g} is impossible"
        raise AssertionError(f"a good row was refused: {row}")

    def _samples(
        self, table: FloatArray, keep: IntArray, gap: BoolArray, context: dict[str, float]
    ) -> Iterator[Samples | Context]:
        """The rows that are kept as one block, after the context that changes in it."""
        if not len(keep):
            return
        table = table[keep]
        time = self._times(table)
        for name in context:
            yield from _changes(cast("ContextKind", name), time, table[:, self._header.place[name]], context)
        acc = np.full((len(time), 3), np.nan)
        for axis, name in enumerate(ACC):
            if name in self._header.place:
                acc[:, axis] = table[:, self._header.place[name]]
        gyr = np.ascontiguousarray(self._columns(table, GYR)) if self._header.has_gyroscope else None
        gone = self._header.missing_axis
        absent = {gone: "the recording has no such column"} if gone else {}
        yield Samples.of(time, acc, gyr, gap_before=gap, absent=absent)


def _rate(time: FloatArray) -> float | None:
    """Readings a second where none is missing; None for a single reading."""
    if len(time) < 2:
        return None
    steps = np.diff(time)
    usual = np.median(steps)
    return round(1.0 / float(np.mean(steps[np.abs(steps - usual) <= 0.5 * usual])), 3)


def _changes(kind: ContextKind, time: FloatArray, values: FloatArray, last: dict[str, float]) -> Iterator[Context]:
    """A context for every value that differs from the one before; empty fields change nothing."""
    given = np.flatnonzero(np.isfinite(values))
    before = np.concatenate([[last[kind]], values[given]])
    for index in given[before[1:] != before[:-1]]:
        yield Context(float(time[index]), kind, float(values[index]))
    last[kind] = float(before[-1])


def _pieces(file: BinaryIO, name: str) -> Iterator[bytes]:
    """The header line, then runs of complete lines; every piece ends with a newline."""
    yield file.readline(LONGEST_LINE_BYTES)
    rest = b""
    while data := file.read(PIECE_BYTES):
        rest += data
        end = rest.rfind(b"\n") + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > LONGEST_LINE_BYTES:
            raise SourceError(
                f"{name}: a line is longer than {LONGEST_LINE_BYTES} bytes; this is not a table of readings."
            )
    if rest:
        yield rest + b"\n"


def _lines(path: Path) -> int:
    """How many lines a file has after its header; the last one may lack its newline."""
    with path.open("rb") as file:
        count, last = -1, b"\n"
        while data := file.read(PIECE_BYTES):
            count, last = count + data.count(b"\n"), data[-1:]
    return max(0, count + (last != b"\n"))
