"""`backbeat evaluate`: score the analysis on recordings with ground truth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from backbeat.errors import UserError
from backbeat.evaluation.dataset import labelled_recordings
from backbeat.evaluation.evaluate import Result, evaluate
from backbeat.evaluation.markdown import markdown
from backbeat.evaluation.page import page


def command(
    recordings: Annotated[Path, typer.Argument(help="Folder of SET/NAME/imu.csv, truth.csv and meta.toml.")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the scores as JSON here.")] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="Write one page with plots here.")] = None,
    markdown_file: Annotated[Path | None, typer.Option("--markdown", help="Write the tables as Markdown here.")] = None,
    only: Annotated[str, typer.Option(help="Only recordings whose SET/NAME contains this.")] = "",
    accelerometer_only: Annotated[bool, typer.Option(help="Take the gyroscope away first.")] = False,
) -> None:
    """Score steps, sides, contact times, forces and activities against ground truth.

    The first 4 s of a recording are not scored (half of one shorter than 8 s). Intervals are 95 % bootstrap
    intervals over whole recordings.
    """
    chosen = labelled_recordings(recordings, only)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("replaying", total=len(chosen))
        result = evaluate(
            chosen,
            accelerometer_only=accelerometer_only,
            done=lambda recording: progress.update(task, advance=1, description=recording.name),
        )
        progress.update(task, description="intervals and plots")
        if html_file is not None:
            _write(html_file, page(result))
    if json_file is not None:
        _write(json_file, json.dumps(result.as_json(), indent=1) + "\n")
    if markdown_file is not None:
        _write(markdown_file, markdown(result))
    _print(result)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{file} cannot be written ({(error.strerror or '').lower()}); name another file.") from None


def _print(result: Result) -> None:
    console = Console()
    for group in result.sets:
        table = Table("measure", title=group.name, title_justify="left", title_style="bold")
        for column in ("value", "95 % interval", "aim"):
            table.add_column(column, justify="right")
        for name, value in group.scores.items():
            measure = result.measure(group, name)
            ends = group.intervals.get(name)
            spread = "" if ends is None else f"{measure.shown(ends[0])} to {measure.shown(ends[1])}"
            style, mark = {True: ("green", " ✓"), False: ("red", " ✗"), None: ("", "")}[measure.reached(value)]
            table.add_row(
                measure.label,
                f"[{style}]{measure.shown(value)}[/]" if style else measure.shown(value),
                spread,
                measure.aim + mark,
            )
        console.print(table)
