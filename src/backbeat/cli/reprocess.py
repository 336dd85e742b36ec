"""`backbeat reprocess`: a folder or bucket of recordings through the present analysis."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from backbeat import words
from backbeat.cli.options import SettingsFile
from backbeat.cli.run import stopped_by_signals
from backbeat.config import load
from backbeat.errors import UserError

if TYPE_CHECKING:
    from backbeat.reprocess.index import Entry
    from backbeat.reprocess.shelf import Found


def command(
    archive: Annotated[str, typer.Argument(help="Folder of recordings, or a bucket's URL such as s3://bucket/runs.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results and index.csv.")],
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes on this machine; one a core unless said.")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Of a Dask cluster, tcp://host:8786, instead of this machine.")
    ] = None,
    match: Annotated[str, typer.Option(metavar="PATTERN", help="Only paths like this, such as '*/imu.csv'.")] = "*",
    settings_file: SettingsFile = None,
) -> None:
    """Analyse a folder or bucket of recordings again: DIR/NAME.jsonl each, as `backbeat replay NAME --jsonl` writes it.

    What has been done by the same analysis is left as it is, so that a call which was cut off can be repeated. A
    recording that fails is listed in DIR/index.csv and stops nothing; the exit status is then 1.
    """
    try:
        from backbeat.reprocess import index
        from backbeat.reprocess.rerun import carry_out, plan
        from backbeat.reprocess.shelf import recordings
    except ModuleNotFoundError as error:
        raise _not_installed(error, "reprocess") from None
    settings = load(settings_file) if settings_file else None
    there = recordings(archive, leave_out=out / index.NAME)
    found = [each for each in there if each.matches(match)]
    if not found:
        raise UserError(f"{archive}: none of its {len(there)} recordings matches '{match}'.")
    for each in there:
        if each.closed and not each.matches(match):
            typer.echo(f"{each.path}: this folder cannot be listed, so nothing in it is looked at.", err=True)
    stop = threading.Event()

    def end() -> None:
        stop.set()
        typer.echo("Waiting for the recordings that are under way; Ctrl-C again ends at once.", err=True)

    with index.alone(out), _hands(archive, scheduler, workers) as (make, at_once), stopped_by_signals(end):
        what = plan(found, [each for each in there if not each.matches(match)], out, settings)
        as_before = len(what.entries)
        from backbeat.reprocess.crew import Crew

        with _progress(sum(each.size for each in what.to_do), len(what.to_do)) as told:
            carry_out(what, lambda do: Crew(do, make, at_once, stop.is_set), told)
    _sum_up(out, list(what.entries.values()), as_before, len(found))


@contextmanager
def _hands(archive: str, scheduler: str | None, workers: int | None) -> Iterator[tuple[Callable[[], Executor], int]]:
    """Who does the work, and how many recordings they have at a time."""
    from backbeat.reprocess.crew import processes

    if scheduler is not None:
        with _cluster(scheduler) as hands:
            yield hands
    elif archive.startswith("memory:"):  # no other process sees it
        yield lambda: ThreadPoolExecutor(1), 1
    else:
        count = workers or _cores()
        yield lambda: processes(count), count


@contextmanager
def _cluster(scheduler: str) -> Iterator[tuple[Callable[[], Executor], int]]:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise _not_installed(error, "cluster") from None
    from backbeat.reprocess.crew import LostError
    from backbeat.reprocess.task import engine_version

    # each has a level of its own; what matters of what they say is told below
    for name in ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise UserError(f"{scheduler}: no Dask scheduler answers there ({error}); write tcp://host:8786.") from None
    with client:
        cores = sum(client.ncores().values())
        if not cores:
            raise UserError(f"{scheduler}: the cluster has no worker; start one with: dask worker {scheduler}")
        for name, version in client.run(engine_version, on_error="return").items():
            if version != engine_version():  # or an error: it has none, perhaps
                raise UserError(
                    f"{scheduler}: the worker {name} answers '{version}' instead of Backbeat {engine_version()}; "
                    "install the same on every worker."
                )
        try:
            yield (lambda: client.get_executor(retries=1)), 2 * cores
        except LostError:
            raise UserError(
                f"{scheduler}: the scheduler has ended; start it again and repeat the call, what is done is kept."
            ) from None


def _cores() -> int:
    """Those that this process may use; only Linux tells."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    return len(os.sched_getaffinity(0))


def _not_installed(error: ModuleNotFoundError, extra: str) -> UserError:
    return UserError(f"This needs the package '{error.name}': install Backbeat with pip install 'backbeat[{extra}]'.")


@contextmanager
def _progress(size: int, count: int) -> Iterator[Callable[[Found, Entry, Sequence[str]], None]]:
    """A bar that grows by the bytes of each recording."""
    columns = BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), TimeRemainingColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(f"0 of {count} recordings", total=size)
        done = 0

        def told(found: Found, entry: Entry, notes: Sequence[str]) -> None:
            nonlocal done
            done += 1
            progress.update(bar, advance=found.size, description=f"{done} of {count} recordings")
            for note in notes:
                typer.echo(note, err=True)
            if entry.state == "failed":
                typer.echo(f"{entry.name}: {entry.error}", err=True)

        yield told


def _sum_up(out: Path, entries: Sequence[Entry], as_before: int, count: int) -> None:
    failed = [entry for entry in entries if entry.state == "failed"]
    told = [f"{len(entries) - len(failed) - as_before} analysed", f"{as_before} as before", f"{len(failed)} failed"]
    if count > len(entries):
        told.append(f"{count - len(entries)} not yet")
    lasted = words.clock(sum(entry.seconds for entry in entries))
    recordings = "1 recording" if count == 1 else f"{count} recordings"
    typer.echo(f"{recordings}, {lasted} of signal: {', '.join(told)}; {out / 'index.csv'}")
    if failed or count > len(entries):
        raise typer.Exit(1)
