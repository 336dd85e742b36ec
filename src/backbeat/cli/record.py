"""`backbeat record`: record a sensor without analysing it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from backbeat.cli.options import SettingsFile, sensor_in_force, settings_in_force
from backbeat.cli.run import Limited, stopped_by_signals
from backbeat.config import find
from backbeat.config.configured import Configured
from backbeat.errors import UserError
from backbeat.logbook.pace import RealTime
from backbeat.logbook.recorder import Recorder
from backbeat.samples import Samples
from backbeat.sources import Source, open_source


def command(
    file: Annotated[Path, typer.Argument(help="The recording to make, such as run.mcap.")],
    source: Annotated[
        str | None, typer.Option(metavar="URI", help="Such as i2c://1/0x6a; that of the configuration unless said.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after so long.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Record a sensor to an MCAP file until Ctrl-C, SIGTERM, --seconds or its end."""
    configured = settings_in_force(settings_file or find(), None, None)
    with ExitStack() as stack:
        opened: Source = Configured(stack.enter_context(open_source(sensor_in_force(source, configured))), configured)
        if opened.info.readings is not None:  # a recording, or a simulated run: it has no pace of its own
            opened = RealTime(opened)
        if seconds is not None:
            opened = Limited(opened, seconds)
        recorder = Recorder(file, opened.info, {})
        stack.enter_context(stopped_by_signals(opened.stop))
        columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
        progress = stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
        task = progress.add_task(opened.info.name)
        readings = 0
        try:
            for block in opened:
                recorder.take(block, [])
                if isinstance(block, Samples):
                    readings += len(block)
                progress.update(task, description=f"{opened.info.name}: {readings} readings")
                if recorder.fault:
                    break
        finally:
            recorder.finish([])
    if recorder.fault:
        raise UserError(f"{recorder.fault} What was recorded until then can be read.")
    typer.echo(f"{file}: {readings} readings from {opened.info.name}")
