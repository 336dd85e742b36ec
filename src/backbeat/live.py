"""What is going on right now, once a second: the state that a coach, a dashboard or a cue looks at.

Pure: readings, context and events in, one `Live` for each second of readings out. Like the events it does not depend
on how the readings are cut into blocks.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, cast

import numpy as np

from backbeat.events import (
    Activity,
    Alert,
    Event,
    SessionChange,
    Side,
    SignalQuality,
    Step,
    Symmetry,
)
from backbeat.samples import Context, Samples

STEPS_SHOWN = 8
"""Figures are means over this many last steps: as many left as right ones, and about three seconds of running."""

IMPACTS_A_SIDE = 100
"""Landings of each foot whose mean is shown. The symmetry looks back as far by default, so the two figures and the
index beside them fit; a few landings of a foot scatter by more than most runners' feet differ."""

STEP_STALE_S = 2.0
"""Without a step for so long nobody is running or walking (the slowest walk has one every 1.2 s)."""

STEPS_REMEMBERED = 1000
"""A session is told some 30 s after its first step; the steps since then belong to it."""

MOST_WAITING = 1000
"""Contexts ahead of the readings (from a sensor that tells its battery and measures nothing, say) beyond which the
earliest takes effect at once, so that none is lost and memory stays small."""

SYMMETRY_STALE_S = 60.0
"""A symmetry older than this is no longer shown as the present one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """One second of a run, flat, so that a dashboard needs no more than a field's name.

    Attributes:
        time: s on the readings' time axis; None before the first reading.
        session: the session's id; None outside one.
        state: what the runner is doing; "unknown" before the first reading and while the sensor is lost.
        sensor: whether readings come.
        cadence_spm: steps a minute.
        contact_time_ms: mean over the last steps, like all that follow and do not say otherwise.
        flight_time_ms: of the flight before each contact.
        impact_peak_g: of both feet.
        impact_left_g: mean of the left foot's last hundred landings, as far as the symmetry looks back.
        impact_right_g: of the right foot's, likewise.
        peak_force_bw: estimated peak vertical ground reaction force, body weights.
        vertical_oscillation_cm: highest minus lowest point of the sensor.
        impact_symmetry_pct: 100·(R−L)/(½(R+L)), positive when the right is larger.
        contact_time_symmetry_pct: likewise.
        step_time_symmetry_pct: likewise.
        impact_symmetry_change_pct: against this run's own start.
        contact_time_symmetry_change_pct: likewise.
        step_time_symmetry_change_pct: likewise.
        alerts_active: how many alerts are raised and not cleared.
        alerts: their names, with a comma and a space between; the side follows after a colon.
        alert_message: what the newest of them says.
        signal_quality: 0 (useless) to 1.
        signal_problems: short names, with a comma and a space between.
        battery_pct: the sensor's.
        temperature_c: the sensor's.
        heart_rate_bpm: from a chest belt, where there is one.
        speed_m_s: speed in force.
        grade_pct: slope in force, positive uphill.
        steps: running and walking steps of this session; outside one since its end.
        session_s: since the session's first step.
    """

    kind: ClassVar[str] = "live"
    time: float | None = None
    session: str | None = None
    state: Activity | Literal["unknown"] = "unknown"
    sensor: Literal["ok", "lost", "fault"] = "ok"
    cadence_spm: float | None = None
    contact_time_ms: float | None = None
    flight_time_ms: float | None = None
    impact_peak_g: float | None = None
    impact_left_g: float | None = None
    impact_right_g: float | None = None
    peak_force_bw: float | None = None
    vertical_oscillation_cm: float | None = None
    impact_symmetry_pct: float | None = None
    contact_time_symmetry_pct: float | None = None
    step_time_symmetry_pct: float | None = None
    impact_symmetry_change_pct: float | None = None
    contact_time_symmetry_change_pct: float | None = None
    step_time_symmetry_change_pct: float | None = None
    alerts_active: int = 0
    alerts: str = ""
    alert_message: str = ""
    signal_quality: float | None = None
    signal_problems: str = ""
    battery_pct: float | None = None
    temperature_c: float | None = None
    heart_rate_bpm: float | None = None
    speed_m_s: float | None = None
    grade_pct: float | None = None
    steps: int = 0
    session_s: float | None = None


NO_SYMMETRY = Symmetry(start=0.0, end=0.0, known_at=0.0, steps_left=0, steps_right=0)

_NUMBERS = ("battery_pct", "temperature_c", "heart_rate_bpm", "speed_m_s", "grade_pct")


class LiveState:
    """Follows a run; feed it what a consumer gets."""

    def __init__(self) -> None:
        self._time: float | None = None
        self._waiting_events: deque[Event] = deque()
        self._waiting_contexts: list[Context] = []
        self._steps: deque[Step] = deque(maxlen=STEPS_SHOWN)
        self._impacts: dict[Side, deque[float]] = {
            "left": deque(maxlen=IMPACTS_A_SIDE),
            "right": deque(maxlen=IMPACTS_A_SIDE),
        }
        self._step_count = 0
        self._step_times: deque[float] = deque(maxlen=STEPS_REMEMBERED)
        self._session: str | None = None
        self._session_start = 0.0
        self._symmetry: Symmetry | None = None
        self._alerts: dict[tuple[str, Side | None], Alert] = {}
        self._signal: SignalQuality | None = None
        self._sensor: Literal["ok", "lost", "fault"] = "ok"
        self._numbers: dict[str, float | None] = {}

    def take(self, block: Samples | Context, events: Sequence[Event]) -> list[Live]:
        """One `Live` for each second that begins in this block, at the first reading in it."""
        self._waiting_events.extend(events)
        if isinstance(block, Context):
            insort(self._waiting_contexts, block, key=lambda context: context.time)  # equal times stay in order
            if len(self._waiting_contexts) > MOST_WAITING:
                self._apply_context(self._waiting_contexts.pop(0))
            if self._time is not None:
                self._advance(self._time)
            return []
        if not len(block):
            return []
        told = []
        last = float(block.time[-1])
        begins = -math.inf if self._time is None else math.floor(self._time) + 1.0  # the next second
        while begins <= last:
            self._advance(float(block.time[np.searchsorted(block.time, begins)]))
            told.append(self.now())
            begins = math.floor(self._time or 0.0) + 1.0
        self._advance(last)
        return told

    def finish(self, events: Sequence[Event]) -> Live:
        """The state after the last events of a run."""
        for event in (*self._waiting_events, *events):
            self._apply(event)
        self._waiting_events.clear()
        return self.now()

    def now(self) -> Live:
        """The state as it is."""
        lost = self._sensor != "ok"
        time = self._time
        steps = self._steps if not lost and self._stepping() else ()
        symmetry = self._symmetry
        if symmetry is None or time is None or time - symmetry.known_at > SYMMETRY_STALE_S:
            symmetry = NO_SYMMETRY
        newest = next(reversed(self._alerts.values()), None)
        signal = self._signal
        return Live(
            time=time,
            session=self._session,
            state="unknown" if time is None or lost else steps[-1].activity if steps else "other",
            sensor=self._sensor,
            cadence_spm=steps[-1].cadence_spm if steps else None,
            contact_time_ms=_mean(steps, "contact_time_ms"),
            flight_time_ms=_mean(steps, "flight_time_ms"),
            impact_peak_g=_mean(steps, "impact_peak_g"),
            impact_left_g=self._impact_of("left") if steps else None,
            impact_right_g=self._impact_of("right") if steps else None,
            peak_force_bw=_mean(steps, "peak_force_bw"),
            vertical_oscillation_cm=_mean(steps, "vertical_oscillation_cm"),
            impact_symmetry_pct=symmetry.impact_pct,
            contact_time_symmetry_pct=symmetry.contact_time_pct,
            step_time_symmetry_pct=symmetry.step_time_pct,
            impact_symmetry_change_pct=symmetry.impact_change_pct,
            contact_time_symmetry_change_pct=symmetry.contact_time_change_pct,
            step_time_symmetry_change_pct=symmetry.step_time_change_pct,
            alerts_active=len(self._alerts),
            alerts=", ".join(name if side is None else f"{name}:{side}" for name, side in self._alerts),
            alert_message=newest.message if newest else "",
            signal_quality=signal.quality if signal else None,
            signal_problems=", ".join(signal.problems) if signal else "",
            battery_pct=self._numbers.get("battery_pct"),
            temperature_c=self._numbers.get("temperature_c"),
            heart_rate_bpm=self._numbers.get("heart_rate_bpm"),
            speed_m_s=self._numbers.get("speed_m_s"),
            grade_pct=self._numbers.get("grade_pct"),
            steps=self._step_count,
            session_s=time - self._session_start if self._session is not None and time is not None else None,
        )

    def _impact_of(self, side: Side) -> float | None:
        impacts = self._impacts[side]
        return sum(impacts) / len(impacts) if impacts else None

    def _stepping(self) -> bool:
        return bool(self._steps) and self._time is not None and self._time - self._steps[-1].time <= STEP_STALE_S

    def _advance(self, time: float) -> None:
        """What is known and in force at `time` becomes the present."""
        self._time = time
        while self._waiting_events and self._waiting_events[0].known_at <= time:
            self._apply(self._waiting_events.popleft())
        while self._waiting_contexts and self._waiting_contexts[0].time <= time:
            self._apply_context(self._waiting_contexts.pop(0))

    def _apply(self, event: Event) -> None:
        match event:
            case Step():
                if self._steps and self._steps[-1].activity != event.activity:
                    self._steps.clear()
                self._steps.append(event)
                if event.side is not None and event.impact_peak_g is not None:
                    self._impacts[event.side].append(event.impact_peak_g)
                self._step_times.append(event.time)
                self._step_count += 1
            case Symmetry():
                self._symmetry = event
            case SignalQuality():
                self._signal = event
            case Alert():
                self._alerts.pop((event.alert, event.side), None)
                if event.state == "raised":
                    self._alerts[event.alert, event.side] = event
            case SessionChange():
                self._apply_session(event)
            case _:
                pass

    def _apply_session(self, change: SessionChange) -> None:
        if change.state == "ended":
            self._session = None
            self._alerts.clear()
            self._symmetry = None
            self._step_count = 0
            for impacts in self._impacts.values():
                impacts.clear()
            return
        self._session = change.session
        self._session_start = change.time
        if change.state == "started":
            self._step_count = sum(time >= change.time for time in self._step_times)

    def _apply_context(self, context: Context) -> None:
        if context.kind in _NUMBERS:
            value = context.value
            self._numbers[context.kind] = float(value) if isinstance(value, int | float) else None
        elif context.kind == "sensor" and isinstance(context.value, dict):
            state = context.value.get("state")
            self._sensor = cast("Literal['lost', 'fault']", state) if state in ("lost", "fault") else "ok"


def _mean(steps: Sequence[Step] | deque[Step], measure: str) -> float | None:
    values = [value for step in steps if (value := getattr(step, measure)) is not None]
    return sum(values) / len(values) if values else None
