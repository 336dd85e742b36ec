"""`backbeat collect`: a team's archive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from backbeat.cli.run import stopped_by_signals
from backbeat.errors import UserError
from backbeat.history.place import data_folder
from backbeat.mqtt.settings import MqttSettings
from backbeat.mqtt.topics import VERSION


def command(
    mqtt: Annotated[
        str,
        typer.Option(metavar="URL", help="The broker: mqtt://host, mqtts:// with TLS; ?team=club names the team."),
    ],
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="BACKBEAT_DATABASE",
            help="postgresql://user@host/name, or a SQLite file; without it archive.db in the user's data folder.",
        ),
    ] = None,
    group: Annotated[str, typer.Option(help="Workers of one group share the messages; a-z 0-9 -.")] = "backbeat",
    worker: Annotated[
        str, typer.Option(help="This worker's name within the group: the broker keeps its share under it.")
    ] = "1",
    below: Annotated[
        str | None,
        typer.Option(metavar="TOPIC", help="Where runners' topics begin, + for any; backbeat/v1/TEAM/+ unless said."),
    ] = None,
) -> None:
    """Keep a team's alerts, summaries and live figures in a database until Ctrl-C or SIGTERM.

    A message is acknowledged to the broker when the database has it: a worker that is killed, a broker or a database
    that restarts loses and doubles nothing. Every worker of a group needs a name of its own.
    """
    try:
        from backbeat.collect.archive import Archive
        from backbeat.collect.collector import Collector
        from backbeat.collect.wanted import wanted
    except ModuleNotFoundError as error:
        raise UserError(
            f"The archive needs the package '{error.name}': install Backbeat with pip install 'backbeat[collect]'."
        ) from None
    settings = MqttSettings.from_url(mqtt)
    prefix = (below or f"backbeat/v{VERSION}/{settings.team}/+").strip("/")
    if not prefix or "#" in prefix or prefix.startswith("$"):
        raise UserError(f"'{below}' cannot begin runners' topics; write such as backbeat/v1/+/+ for every team.")
    archive = Archive(database or str(_default_file()))
    wants = wanted(prefix, group, worker)
    collector = Collector(settings, wants, archive, report=_say)
    _say(f"Collecting {prefix} from {settings.name} into {archive.name} as worker {worker} of the group {group}.")
    with stopped_by_signals(collector.stop), _progress(collector.counts) as show:
        collector.run(show)
    typer.echo(f"Collected: {_words(collector.counts)}.")


def _say(told: str) -> None:
    typer.echo(told, err=True)


def _default_file() -> Path:
    folder = data_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}; say --database FILE.") from None
    return folder / "archive.db"


def _words(counts: Counter[str]) -> str:
    told = f"{counts['alert']} alerts, {counts['summary']} summaries, {counts['live']} live rows"
    more = {"again": "were there already", "rejected": "were rejected", "asked": "questions for missing alerts"}
    return ", ".join([told, *(f"{counts[name]} {words}" for name, words in more.items() if counts[name])])


@contextmanager
def _progress(counts: Counter[str]) -> Iterator[Callable[[], None]]:
    """What has been kept so far, where somebody looks at a terminal."""
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("waiting for the first message")
        yield lambda: progress.update(task, description=_words(counts)) if counts else None
