"""`backbeat report`: a session on one page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from backbeat.cli.whose import Runner, history_file
from backbeat.errors import UserError
from backbeat.history.store import History
from backbeat.monitor import Monitor
from backbeat.report.material import Collector, Material, from_history
from backbeat.report.page import page
from backbeat.samples import Samples
from backbeat.sources import open_source


def command(
    what: Annotated[
        str, typer.Argument(metavar="SESSION|RECORDING", help="A kept session's id, last, a recording or sim:…")
    ] = "last",
    out: Annotated[Path | None, typer.Option(help="Where to write; backbeat-SESSION.html unless said.")] = None,
    runner: Runner = None,
) -> None:
    """Write a session on one HTML page that loads nothing: for a phone, a desk or a printer."""
    recorded = ":" in what or Path(what).exists()
    if not recorded and (Path(what).suffix or len(Path(what).parts) > 1):
        raise UserError(f"{what}: there is no such recording; kept sessions are listed by `backbeat history`.")
    material = _of_recording(what) if recorded else _of_history(what, history_file(runner))
    target = out or Path(f"backbeat-{material.name}.html")
    try:
        target.write_text(page(material), encoding="utf-8")
    except OSError as error:
        raise UserError(f"{target}: cannot be written ({error.strerror}).") from error
    typer.echo(f"Wrote {target}")


def _of_history(session: str, file: Path) -> Material:
    with History(file) as history:
        return from_history(history, session)


def _of_recording(uri: str) -> Material:
    """The longest session of a recording."""
    with open_source(uri) as source, Progress(transient=True, disable=not sys.stderr.isatty()) as progress:
        collector, monitor = Collector(source.info), Monitor(source.info)
        task = progress.add_task("Analysing", total=source.info.readings)
        for block in source:
            collector.take(block, monitor.feed(block))
            progress.advance(task, len(block) if isinstance(block, Samples) else 0)
        collector.finish(monitor.end())
    if not collector.sessions:
        raise UserError(f"{uri}: has no session in it; that takes 30 seconds of running.")
    return max(collector.sessions, key=lambda session: float(session.summary["running_s"]))
