"""What a page is made of: a session's summary, minutes and alerts, from the history or straight from a run."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backbeat.event_json import as_json
from backbeat.events import Alert, Event, SessionChange, Step, Summary
from backbeat.history.notes import Note, note_of
from backbeat.history.store import History
from backbeat.pain import QUESTIONS, RedFlag
from backbeat.samples import Context, Samples, SourceInfo
from backbeat.strain.blocks import Block, BlockBuilder
from backbeat.strain.measures import NAMES

MINUTE_S = 60.0
_STEPS_BEFORE_START = 2000


@dataclass(slots=True)
class Material:
    """One session.

    Attributes:
        name: the session's id.
        origin: live, replay or simulated.
        start_utc: Unix time of its first step, None where the wall clock is not known.
        position: where the sensor sat.
        source: what it was measured with, for people.
        summary: as JSON.
        minutes: one-minute means, each with `start`, `running_s`, `steps`, `speed_m_s`, `grade_pct`, `measures`.
        alerts: as JSON, raised and cleared.
        notes: what the runner entered, as sentences.
        earlier: summaries of earlier sessions, oldest first, each with its `start_utc`.
        shoe: which pair was worn.
        surface: what was run on.
        red_flag: which questions about warning signs had a yes.
    """

    name: str
    origin: str
    start_utc: float | None
    position: str
    source: str
    summary: Mapping[str, Any]
    minutes: Sequence[Mapping[str, Any]]
    alerts: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()
    earlier: Sequence[tuple[float | None, Mapping[str, Any]]] = ()
    shoe: str | None = None
    surface: str | None = None
    red_flag: RedFlag | None = None


def from_history(history: History, session: str) -> Material:
    """A session that was kept.

    Raises:
        UserError: there is none of that name.
    """
    found = history.session(session)
    known = history.sessions()
    before = known[: [s.id for s in known].index(found.id)]
    notes = history.notes(found.id)
    return Material(
        name=found.id,
        origin=found.origin,
        start_utc=found.start_utc,
        position=found.position,
        source="",
        summary=found.summary or {},
        minutes=history.minutes(found.id),
        alerts=history.alerts(found.id),
        notes=[str(note) for note in notes],
        red_flag=worst_red_flag(notes),
        earlier=[(s.start_utc, s.summary) for s in before if s.summary],
        shoe=found.shoe,
        surface=found.surface,
    )


@dataclass(slots=True)
class Collector:
    """A consumer that gathers a page's material for every session of a run.

    Attributes:
        info: of the source.
        sessions: finished ones.
    """

    info: SourceInfo
    sessions: list[Material] = field(default_factory=list)
    _minutes: list[Mapping[str, Any]] = field(default_factory=list)
    _alerts: list[Mapping[str, Any]] = field(default_factory=list)
    _early: deque[Step] = field(default_factory=lambda: deque(maxlen=_STEPS_BEFORE_START))
    _builder: BlockBuilder = field(default_factory=lambda: BlockBuilder(MINUTE_S))
    _started: float | None = None
    _notes: list[Note] = field(default_factory=list)
    _surface: str | None = None
    _shoe: str | None = None

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """A block as it came, and the events that it settled."""
        if isinstance(block, Context):
            self._entered(block)
        for event in events:
            self._event(event)

    def finish(self, events: Sequence[Event]) -> None:
        """The run is over."""
        for event in events:
            self._event(event)

    def _entered(self, context: Context) -> None:
        note = note_of(context, None, None)
        if note is not None:
            self._notes.append(note)
        elif context.kind == "surface" and isinstance(context.value, str):
            self._surface = context.value
        elif context.kind == "shoe" and isinstance(context.value, str):
            self._shoe = context.value

    def _event(self, event: Event) -> None:
        if isinstance(event, Step):
            if event.activity == "running":
                self._early.append(event) if self._started is None else self._step(event)
        elif isinstance(event, Alert):
            self._alerts.append(as_json(event))
        elif isinstance(event, SessionChange) and event.state != "ended":
            self._started, self._builder, self._minutes = event.time, BlockBuilder(MINUTE_S), []
            for step in self._early:
                if step.time >= event.time:
                    self._step(step)
            self._early.clear()
        elif isinstance(event, Summary):
            self._summary(event)

    def _step(self, step: Step) -> None:
        minute = self._builder.add(step)
        if minute is not None:
            self._minutes.append(as_minute(minute))

    def _summary(self, summary: Summary) -> None:
        last = self._builder.close(summary.known_at)
        if last is not None and (last.running_s >= MINUTE_S / 2 or not self._minutes):
            self._minutes.append(as_minute(last))
        offset = self.info.utc_offset_s
        self.sessions.append(
            Material(
                name=summary.session,
                origin=self.info.origin,
                start_utc=None if offset is None else summary.start + offset,
                position=self.info.position,
                source=self.info.name,
                summary=as_json(summary),
                minutes=self._minutes,
                alerts=self._alerts,
                notes=[str(note) for note in self._notes],
                shoe=self._shoe,
                surface=self._surface,
                red_flag=worst_red_flag(self._notes),
            )
        )
        self._started, self._minutes, self._alerts, self._notes = None, [], [], []


def worst_red_flag(notes: Sequence[Note]) -> RedFlag | None:
    """The most urgent of the warning signs that were noted."""
    noted = {note.red_flag for note in notes}
    return next((kind for kind in QUESTIONS if kind in noted), None)


def as_minute(block: Block) -> dict[str, Any]:
    """A minute as the history keeps it."""
    return {
        "start": block.start,
        "running_s": block.running_s,
        "steps": block.steps,
        "speed_m_s": block.speed_m_s,
        "grade_pct": block.grade_pct,
        "measures": {n: float(v) for n, v in zip(NAMES, block.values, strict=True) if not math.isnan(v)},
    }
