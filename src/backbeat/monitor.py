"""The whole analysis as one object: readings and context in, events out.

A live run, a replay and a test drive this same object.
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from backbeat.events import Event, SessionChange, SignalQuality, Step
from backbeat.gait.analysis import GaitEvent
from backbeat.gait.engine import Engine, GaitSettings
from backbeat.samples import Context, Samples, SourceInfo
from backbeat.sessions import SessionNames, SessionRule, SessionSettings
from backbeat.strain.engine import Known, Strain
from backbeat.strain.settings import StrainSettings


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """All that the analysis can be told beforehand."""

    gait: GaitSettings = field(default_factory=GaitSettings)
    session: SessionSettings = field(default_factory=SessionSettings)
    strain: StrainSettings = field(default_factory=StrainSettings)


MOST_WAITING = 1000
"""Contexts ahead of the readings beyond which the earliest takes effect at once: none is lost, and a sensor that tells
much and measures nothing does not fill the memory."""

_SHORT_GAP_S = 0.1
_KEPT_GAPS = 999
_STEP_LATEST_S = 60.0
"""No step becomes known so long after it: older speeds are dropped even where nobody runs."""


class Monitor:
    """Readings and context in, events out; pure, so that equal input gives equal events however it is cut.

    Context takes effect at its own time: fed ahead it waits for the readings of its time, fed late it counts at once.
    """

    __slots__ = (
        "_engine",
        "_gaps",
        "_grade",
        "_known",
        "_names",
        "_now",
        "_rule",
        "_session",
        "_settings",
        "_speed",
        "_strain",
        "_waiting",
    )

    def __init__(
        self, info: SourceInfo, settings: MonitorSettings | None = None, *, session: str | None = None
    ) -> None:
        self._settings = settings or MonitorSettings()
        self._engine = Engine(info, self._settings.gait)
        self._rule = SessionRule(self._settings.session)
        self._names = SessionNames(session, info.utc_offset_s)
        self._known = Known(info.position)
        self._strain = Strain(self._settings.strain, self._known)
        self._session: str | None = None
        self._waiting: list[Context] = []
        self._speed: list[tuple[float, float | None]] = []
        self._grade: list[tuple[float, float | None]] = []
        self._gaps: list[tuple[float, float]] = []
        self._now = -math.inf

    @property
    def session(self) -> str | None:
        """Id of the session under way."""
        return self._session

    def feed(self, block: Samples | Context) -> Sequence[Event]:
        """The events that this block settles, in the order in which they became known."""
        events: list[Event] = []
        if isinstance(block, Context):
            if block.time <= self._now:
                self._apply(block, events)
            else:
                insort(self._waiting, block, key=lambda waiting: waiting.time)
                if len(self._waiting) > MOST_WAITING:
                    self._apply(self._waiting.pop(0), events)
            return events
        while len(block) and self._waiting and self._waiting[0].time <= block.time[-1]:
            cut = int(np.searchsorted(block.time, self._waiting[0].time))
            self._readings(block[:cut], events)
            self._apply(self._waiting.pop(0), events)
            block = block[cut:]
        self._readings(block, events)
        return events

    def end(self) -> Sequence[Event]:
        """The source has ended: the events that were still open."""
        events: list[Event] = []
        for event in self._engine.end():
            self._take(event, events)
        for context in self._waiting:
            self._now = max(self._now, context.time)
            self._apply(context, events)
        self._waiting.clear()
        self._close(self._now, events)
        return events

    def _readings(self, block: Samples, events: list[Event]) -> None:
        if not len(block):
            return
        self._names.see(block)
        self._note_gaps(block)
        for event in self._engine.feed(block):
            self._until(event.known_at, block, events)
            self._take(event, events)
        self._now = float(block.time[-1])
        self._until(math.inf, block, events)

    def _until(self, known_at: float, block: Samples, events: list[Event]) -> None:
        """Let time pass up to, not including, the reading at `known_at`: what is due is due at a reading."""
        while True:
            due = min(self._rule.due, self._strain.due)
            if due > block.time[-1]:
                return
            first = int(np.searchsorted(block.time, due))
            if first == len(block) or block.time[first] >= known_at:
                return
            now = float(block.time[first])
            if self._strain.due <= due:
                events += self._strain.at(due, now)
            else:
                self._close(now, events)

    def _note_gaps(self, block: Samples) -> None:
        """Remember where readings were missing, for the summary; short ones are bridged and do not count."""
        for i in block.gap_before.nonzero()[0].tolist():
            since = self._now if i == 0 else float(block.time[i - 1])
            if float(block.time[i]) - since > _SHORT_GAP_S and since > -math.inf:
                self._gaps = [*self._gaps[-_KEPT_GAPS:], (since, float(block.time[i]))]

    def _take(self, event: GaitEvent, events: list[Event]) -> None:
        if isinstance(event, Step):
            step = self._under_way(event)
            events.append(step)
            self._step(step, events)
            return
        events.append(event)
        if isinstance(event, SignalQuality):
            events += self._strain.signal(event)

    def _step(self, step: Step, events: list[Event]) -> None:
        began = step.activity == "running" and self._rule.step(step.time)
        if self._rule.first is None or step.time < self._rule.first:
            return
        if began:
            self._begin(step.known_at, events)
        events += self._strain.step(step)

    def _under_way(self, step: Step) -> Step:
        """The step with the speed and slope that were in force at its contact."""
        if not self._speed and not self._grade:
            return step
        return replace(step, speed_m_s=_in_force(self._speed, step.time), grade_pct=_in_force(self._grade, step.time))

    def _apply(self, context: Context, events: list[Event]) -> None:
        now = max(context.time, self._now)
        if context.kind == "speed_m_s":
            self._speed.append((now, _number(context)))
            _in_force(self._speed, self._now - _STEP_LATEST_S)
        elif context.kind == "grade_pct":
            self._grade.append((now, _number(context)))
            _in_force(self._grade, self._now - _STEP_LATEST_S)
        elif context.kind == "command" and context.value == "start_session" and not self._rule.active:
            self._rule.start(now)
            self._begin(now, events)
        elif context.kind == "command" and context.value == "stop_session" and self._rule.active:
            self._close(now, events, held=True)
        else:
            events += self._strain.context(context, now)

    def _begin(self, known_at: float, events: list[Event]) -> None:
        start = known_at if self._rule.first is None else self._rule.first
        self._session = self._names.name(start)
        events.append(SessionChange(time=start, known_at=known_at, session=self._session, state="started"))

    def _close(self, known_at: float, events: list[Event], *, held: bool = False) -> None:
        """End the session, or forget what might have become one."""
        last = self._rule.last if self._rule.first is not None else known_at
        if self._session is None:
            events += self._strain.abandon(known_at, known_at)
        else:
            first = self._rule.first if self._rule.first is not None else last
            gaps_s = sum((to - since for since, to in self._gaps if first <= since and to <= last), 0.0)
            events += self._strain.finish(self._session, last, known_at, gaps_s)
            events.append(SessionChange(time=last, known_at=known_at, session=self._session, state="ended"))
        self._session = None
        self._rule.reset(held=held)
        self._strain = Strain(self._settings.strain, self._known)


def _number(context: Context) -> float | None:
    value = context.value
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


def _in_force(trail: list[tuple[float, float | None]], time: float) -> float | None:
    """The value set last at or before this time; what no later step can need is dropped."""
    while len(trail) > 1 and trail[1][0] <= time:
        del trail[0]
    return trail[0][1] if trail and trail[0][0] <= time else None
