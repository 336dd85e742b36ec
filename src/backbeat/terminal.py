"""What a person at a terminal sees of a run: large figures there, plain lines where the output goes elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live as Screen
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from backbeat import words
from backbeat.errors import printable
from backbeat.events import Event, SignalQuality, Summary
from backbeat.live import Live, LiveState
from backbeat.numerals import big
from backbeat.pipeline import Consumer
from backbeat.samples import Context, Samples, SourceInfo

STATE_EVERY_S = 60.0
"""How often plain lines tell the state, in the time of the readings."""


def view(info: SourceInfo, stream: TextIO) -> Consumer:
    """The view that suits a stream: large figures on a terminal, plain lines elsewhere."""
    return LargeFigures(info, Console(file=stream)) if stream.isatty() else PlainLines(info, stream)


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


class LargeFigures:
    """What a runner reads from a treadmill: three large figures, the alert that stands, and how well it is measured.

    Alerts and activities scroll above; where the end is known there is a progress bar.
    """

    def __init__(self, info: SourceInfo, console: Console) -> None:
        self._title, self._console = title(info), console
        self._dot = "█" if console.encoding.startswith("utf") else "#"
        self._total = info.readings
        self._state = LiveState()
        self._signal: SignalQuality | None = None
        self._start: float | None = None
        self._progress = Progress(
            TextColumn("{task.fields[at]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.percentage:.0f} %"),
            TimeRemainingColumn(),
            console=console,
        )
        self._task = self._progress.add_task("", total=self._total, at=words.clock(0))
        self._screen = Screen(console=console, refresh_per_second=5, transient=True, get_renderable=self.shown)
        self._screen.start()

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """Follow the run; what is worth a line scrolls above the figures."""
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
            if isinstance(event, SignalQuality):
                self._signal = event
            if isinstance(event, Summary):
                self._console.print(_figures(f"{self._title}: summary", words.summary(event)))
            elif told := words.line(event, self._start or 0.0):
                self._console.print(told, highlight=False, markup=False)

    def shown(self) -> Group:
        """What stands on the terminal now."""
        live = self._state.now()
        large = [
            (_figure(live.cadence_spm, 0), "cadence, steps/min"),
            (_figure(live.impact_peak_g, 1), "impact, g"),
            (_figure(live.impact_symmetry_pct, 1, signed=True), "impact right against left, %"),
        ]
        shown = Columns(
            [Group(Text(big(figure, self._dot), "bold"), Text(f"{name}\n", "dim")) for figure, name in large]
        )
        shown.padding = (0, 4)
        rest: list[RenderableType] = [
            Text(words.doing(live, self._title), "bold"),
            Text(),
            shown,
            Text(words.others(live)),
            _alert(live),
            Text(words.measured(live, self._signal), "bold yellow" if words.poor(live) else "dim"),
        ]
        return Group(*rest, self._progress) if self._total else Group(*rest)


def _alert(live: Live) -> Text:
    if not live.alerts_active:
        return Text("no alert", "dim")
    more = f" (and {live.alerts_active - 1} more)" if live.alerts_active > 1 else ""
    return Text(f" {live.alert_message or live.alerts}{more} ", "bold white on red")


def _figure(value: float | None, decimals: int, *, signed: bool = False) -> str:
    """At most three digits and a sign, so that three figures fit into eighty columns."""
    if value is None:
        return "–"
    return f"{value:{'+' if signed else ''}.{decimals if abs(value) < 9.95 else 0}f}"


def _figures(name: str, figures: dict[str, str]) -> Table:
    table = Table(title=Text(name, "table.title"), title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(min_width=16)
    for label, text in figures.items():
        table.add_row(label, text)
    return table
