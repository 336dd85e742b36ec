"""What a person at a terminal sees of a run: a live table there, plain lines where the output goes elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live as Screen
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from backbeat import words
from backbeat.errors import printable
from backbeat.events import Event, Summary
from backbeat.live import Live, LiveState
from backbeat.pipeline import Consumer
from backbeat.samples import Context, Samples, SourceInfo

STATE_EVERY_S = 60.0
"""How often plain lines tell the state, in the time of the readings."""


def view(info: SourceInfo, stream: TextIO) -> Consumer:
    """The view that suits a stream: a live table on a terminal, plain lines elsewhere."""
    return LiveTable(info, Console(file=stream)) if stream.isatty() else PlainLines(info, stream)


def title(info: SourceInfo) -> str:
    """What is being looked at; simulated readings say so."""
    name = printable(info.name)
    return name if info.origin != "simulated" or "simulated" in name else f"{name} (simulated)"


class PlainLines:
    """Alerts, activities and the summary as lines, and the state once a minute of readings."""

    def __init__(self, info: SourceInfo, stream: TextIO) -> None:
        self._title, self._stream = title(info), stream
        self._state = LiveState()
        self._start: float | None = None
        self._told = 0.0

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """Tell what a block brought."""
        if self._start is None and isinstance(block, Samples) and len(block):
            self._start = self._told = float(block.time[0])
            self._print(self._title)
        told = self._lines(events)
        for second in self._state.take(block, events):
            if second.time is not None and second.cadence_spm and second.time - self._told >= STATE_EVERY_S:
                self._told = second.time
                told.append((second.time, f"{words.clock(second.time - self._from)}  {_one_line(second)}"))
        for _, text in sorted(told, key=lambda entry: entry[0]):
            self._print(text)

    def finish(self, events: Sequence[Event]) -> None:
        """Tell the last events and the summary."""
        for _, text in self._lines(events):
            self._print(text)

    @property
    def _from(self) -> float:
        return self._start or 0.0

    def _lines(self, events: Sequence[Event]) -> list[tuple[float, str]]:
        """What is worth a line, with the time when it became known."""
        told = []
        for event in events:
            if isinstance(event, Summary):
                told += [(event.known_at, f"  {name:28} {text}") for name, text in words.summary(event).items()]
            elif line := words.line(event, self._from):
                told.append((event.known_at, line))
        return told

    def _print(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


def _one_line(live: Live) -> str:
    figures = words.state(live)
    doing = figures.pop("doing")
    return ", ".join([doing, *(f"{name} {text}" for name, text in figures.items() if text != "–")])


class LiveTable:
    """A table that follows the run, with a progress bar where the end is known; alerts and activities scroll above."""

    def __init__(self, info: SourceInfo, console: Console) -> None:
        self._title, self._console = title(info), console
        self._total = info.readings
        self._state = LiveState()
        self._start: float | None = None
        self._progress = Progress(
            TextColumn("{task.fields[at]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:.0f} %"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._progress.add_task("", total=self._total, at=words.clock(0))
        self._screen = Screen(console=console, refresh_per_second=5, transient=True, get_renderable=self._table)
        self._screen.start()

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """Follow the run; what is worth a line scrolls above the table."""
        if isinstance(block, Samples) and len(block):
            if self._start is None:
                self._start = float(block.time[0])
            self._progress.update(self._task, advance=len(block), at=words.clock(float(block.time[-1]) - self._start))
        self._tell(events)
        self._state.take(block, events)

    def finish(self, events: Sequence[Event]) -> None:
        """Leave the summary on the terminal."""
        self._state.finish(events)
        self._screen.stop()
        self._tell(events)

    def _tell(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Summary):
                self._console.print(_figures(f"{self._title}: summary", words.summary(event)))
            elif told := words.line(event, self._start or 0.0):
                self._console.print(told, highlight=False, markup=False)

    def _table(self) -> Group:
        table = _figures(self._title, words.state(self._state.now()))
        return Group(table, self._progress) if self._total else Group(table)


def _figures(name: str, figures: dict[str, str]) -> Table:
    table = Table(title=Text(name, "table.title"), title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(min_width=16)
    for label, text in figures.items():
        table.add_row(label, text)
    return table
