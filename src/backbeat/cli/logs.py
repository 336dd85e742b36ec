"""`backbeat logs`: look at recordings, convert, mend, cut and draw them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from backbeat import words
from backbeat.errors import UserError
from backbeat.events import Event
from backbeat.logbook.exports import WRITERS, between, whole_file
from backbeat.logbook.recording import Recording
from backbeat.logbook.source import open_recording
from backbeat.monitor import Monitor
from backbeat.samples import STANDARD_GRAVITY, Context, Samples, joined

app = typer.Typer(no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A recording.")]
Columns = Annotated[Path | None, typer.Option(metavar="TOML", help="Which column holds what, for other tables.")]


@app.command()
def info(file: File, columns: Columns = None) -> None:
    """Say what a recording is and holds."""
    recording = open_recording(file, columns=columns)
    about = recording.info
    blocks = list(recording)
    readings = joined([block for block in blocks if isinstance(block, Samples)])
    size = np.sqrt(np.nansum(readings.acc**2, axis=1)) / STANDARD_GRAVITY
    context = Counter(block.kind for block in blocks if isinstance(block, Context))
    began = "unknown"
    offset = recording.utc_offset_s()
    if offset is not None:
        began = f"{datetime.fromtimestamp(readings.time[0] + offset, UTC):%Y-%m-%d %H:%M:%S} UTC"
        if about.utc_offset_s is not None and offset != about.utc_offset_s:
            began += f" (the clock was set by {offset - about.utc_offset_s:+.0f} s during the run)"
    first, last = float(readings.time[0]), float(readings.time[-1])
    told = {
        "recording": about.name,
        "began": began,
        "lasts": words.clock(last - first),
        "its own time": f"{first:.2f} to {last:.2f} s",
        "readings": f"{len(readings)}, {about.rate_hz or 0:g} a second",
        "accelerometer": f"median {np.median(size):.2f} g, largest {size.max():.2f} g",
        "gyroscope": "no" if readings.gyr is None else "yes",
        "absent": ", ".join(f"{axis} ({why})" for axis, why in readings.absent.items()) or "nothing",
        "gaps": str(int(readings.gap_before.sum())),
        "context": ", ".join(f"{kind} ×{count}" for kind, count in context.items()) or "none",
        **{str(name): str(value) for name, value in about.details.items()},
    }
    table = Table(show_header=False)
    for name, value in told.items():
        table.add_row(name, value)
    Console().print(table)


@app.command()
def convert(
    file: File,
    to: Annotated[Path, typer.Argument(help="The new file: .csv, .parquet, .mcap, or .fit for a session.")],
    columns: Columns = None,
    began: Annotated[
        datetime | None, typer.Option(help="When it began (UTC), for FIT where the file does not say.")
    ] = None,
) -> None:
    """Write a recording in another format."""
    recording = open_recording(file, columns=columns)
    if to.suffix.lower() == ".fit":
        typer.echo(f"{to}: {_to_fit(recording, to, began)} records")
        return
    typer.echo(f"{to}: {_write(recording, recording, to)} readings")


@app.command()
def repair(file: File, to: Annotated[Path, typer.Argument(help="The mended recording, .mcap.")]) -> None:
    """Write what can be read of a damaged or unfinished recording to a new file."""
    from backbeat.logbook.repair import repair as mend

    if not file.exists():
        raise UserError(f"{file}: there is no such file; check the name.")
    found = mend(file, to)
    typer.echo(f"{to}: {found.messages} messages kept, {found.damages} damaged places left out")


@app.command()
def cut(
    file: File,
    to: Annotated[Path, typer.Argument(help="The new file: .csv, .parquet or .mcap.")],
    begin: Annotated[float, typer.Option("--from", help="Seconds on the recording's own time.")] = -math.inf,
    end: Annotated[float, typer.Option("--to", help="Likewise.")] = math.inf,
    columns: Columns = None,
) -> None:
    """Write a part of a recording, on its own time."""
    if not begin < end:
        raise UserError(f"--from {begin:g} is not before --to {end:g}; give seconds on the recording's own time.")
    recording = open_recording(file, columns=columns)
    typer.echo(f"{to}: {_write(recording, between(recording, begin, end), to)} readings")


@app.command()
def plot(
    file: File,
    to: Annotated[Path, typer.Argument(help="The picture, .svg.")],
    begin: Annotated[float, typer.Option("--from", help="Seconds on the recording's own time.")] = -math.inf,
    end: Annotated[float, typer.Option("--to", help="Likewise.")] = math.inf,
    columns: Columns = None,
) -> None:
    """Draw a recording and what the analysis finds in it."""
    from backbeat.logbook.plot import svg

    if to.suffix.lower() != ".svg":
        raise UserError(f"{to}: pictures are drawn as .svg, which any browser opens; name it so.")
    recording = open_recording(file, columns=columns)
    parts = [block for block in between(recording, begin, end) if isinstance(block, Samples)]
    if not parts:
        raise UserError(f"{file}: there is no reading in this part; `backbeat logs info` says its own time.")
    with whole_file(to) as part:
        part.write_text(svg(recording.info.name, joined(parts), _events(recording, begin, end)), encoding="utf-8")
    typer.echo(f"{to}: drawn")


def _write(recording: Recording, blocks: Iterable[Samples | Context], to: Path) -> int:
    writer = WRITERS.get(to.suffix.lower())
    if writer is None:
        raise UserError(
            f"{to}: no format is called '{to.suffix}'; there are {', '.join(WRITERS)} and, in convert, .fit."
        )
    count = writer(recording, blocks, to)
    if not count:
        to.unlink(missing_ok=True)
        raise UserError(
            f"{recording.info.name}: there is no reading in this part; `backbeat logs info` says its own time."
        )
    return count


def _to_fit(recording: Recording, to: Path, began: datetime | None) -> int:
    from backbeat.logbook.fit import write_fit

    offset = recording.utc_offset_s()
    events = _events(recording)
    if began is not None:
        first = next(block for block in recording if isinstance(block, Samples) and len(block))
        offset = began.replace(tzinfo=UTC).timestamp() - float(first.time[0])
    if offset is None:
        raise UserError(f"{to}: the recording does not say when it was; say it with --began 2026-05-01T07:30:00.")
    return write_fit(events, offset, to)


def _events(recording: Recording, begin: float = -math.inf, end: float = math.inf) -> list[Event]:
    monitor = Monitor(recording.info)
    events: list[Event] = []
    for block in recording:
        events += monitor.feed(block)
    events += monitor.end()
    return [event for event in events if begin <= (event.start if hasattr(event, "start") else event.time) <= end]
