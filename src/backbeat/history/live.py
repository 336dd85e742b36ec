"""The history in a live run: what is usual goes in first, and a page is written after each session."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from backbeat.errors import UserError
from backbeat.events import Event, Summary
from backbeat.history.keeper import HistoryKeeper
from backbeat.history.place import data_folder, runner_file
from backbeat.history.settings import HistorySettings
from backbeat.history.store import History
from backbeat.history.usual import baseline_context
from backbeat.pipeline import Consumer
from backbeat.samples import Context, Samples, SourceInfo
from backbeat.sources import Around, Source

if TYPE_CHECKING:
    from backbeat.report.material import Material


class WithUsual(Around):
    """The same source, told first what is usual for the runner.

    A history that cannot be read costs the comparison, not the run: it is reported.
    """

    def __init__(self, source: Source, file: Path, report: Callable[[str], None]) -> None:
        super().__init__(source)
        self._file, self._report = file, report

    def __iter__(self) -> Iterator[Samples | Context]:
        told = False
        for block in self._source:
            if not told and isinstance(block, Samples) and len(block):
                told = True
                yield from self._usual(float(block.time[0]))
            yield block

    def _usual(self, time: float) -> Sequence[Context]:
        offset = self.info.utc_offset_s
        try:
            with History(self._file) as history:
                return [baseline_context(history, self.info.position, time, None if offset is None else time + offset)]
        except (UserError, sqlite3.Error) as error:
            self._report(f"This run is not compared with earlier ones: {error}")
            return []


class PageWriter:
    """A consumer that writes a page after each session; to stand behind the keeper, whose file it reads."""

    def __init__(self, file: Path, folder: Path, report: Callable[[str], None]) -> None:
        self._file, self._folder, self._report = file, folder, report

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:  # noqa: ARG002  (a consumer's door)
        """A block as it came, and the events that it settled."""
        self._write(events)

    def finish(self, events: Sequence[Event]) -> None:
        """The run is over."""
        self._write(events)

    def _write(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Summary):
                try:
                    write_page(self._file, self._folder, event.session)
                except (OSError, UserError, sqlite3.Error) as error:
                    self._report(f"The page of session {event.session} could not be written: {error}")


def write_page(history_file: Path, folder: Path, session: str) -> tuple[Path, Material]:
    """Write the page of a kept session, or of the last one; where it is now, and what it was made of.

    Raises:
        UserError: there is no such session, or the history cannot be read.
        OSError: the page cannot be written.
    """
    from backbeat.report.material import from_history
    from backbeat.report.page import page

    folder.mkdir(parents=True, exist_ok=True)
    with History(history_file) as history:
        material = from_history(history, session)
    file = folder / f"{material.name}.html"
    file.write_text(page(material), encoding="utf-8")
    return file, material


def pages_folder(settings: HistorySettings, runner: str) -> Path:
    """Where the runner's pages are under these settings."""
    return (settings.folder or data_folder()) / "reports" / runner


def runner_history(settings: HistorySettings, runner: str) -> Path:
    """The runner's file under these settings."""
    return runner_file(runner, settings.folder)


def consumers(
    settings: HistorySettings, runner: str, info: SourceInfo, report: Callable[[str], None]
) -> list[Consumer]:
    """Who keeps a live run: the keeper, and the writer of pages; nobody where the source is no live sensor.

    Args:
        settings: what is kept.
        runner: short name of the runner.
        info: of the source; simulated and replayed runs are nobody's history.
        report: told in one sentence what went wrong.
    """
    if not settings.enabled or info.origin != "live":
        return []
    file = runner_history(settings, runner)
    try:
        keeper = HistoryKeeper(History(file), info, report)
    except UserError as error:
        report(f"This run is not kept: {error}")
        return []
    pages = PageWriter(file, pages_folder(settings, runner), report)
    return [keeper, pages] if settings.reports else [keeper]
