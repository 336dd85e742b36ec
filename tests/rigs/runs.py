"""Hand-made events of a run, for what only passes events on."""

from __future__ import annotations

import numpy as np

from backbeat.events import Alert, Event, SessionChange, Step, Summary
from backbeat.samples import Samples, SourceInfo

INFO = SourceInfo("simulated runner", "simulated", rate_hz=100.0, utc_offset_s=1_750_000_000.0)


def readings(start: float, seconds: float, rate: float = 100.0) -> Samples:
    time = start + np.arange(round(seconds * rate)) / rate
    return Samples.of(time, np.tile([0.0, 0.0, 9.81], (len(time), 1)))


def step(time: float, side: str = "left", impact: float = 3.0, **more: object) -> Step:
    values = {"cadence_spm": 170.0, "contact_time_ms": 240.0, "impact_peak_g": impact, "side_confidence": 0.9, **more}
    return Step(time=time, toe_off=time + 0.24, known_at=time + 0.4, side=side, activity="running", **values)  # type: ignore[arg-type]


def started(time: float, session: str = "20250615-151000") -> SessionChange:
    return SessionChange(time=time, known_at=time + 30.0, session=session, state="started")


def ended(time: float, session: str = "20250615-151000") -> SessionChange:
    return SessionChange(time=time, known_at=time, session=session, state="ended")


def alert(time: float, name: str = "impact_high", state: str = "raised", **more: object) -> Alert:
    values = {"side": "right", "measure": "impact_peak_g", "value": 3.9, "usual": 3.1, "unit": "g", **more}
    return Alert(time=time - 90.0, known_at=time, alert=name, state=state, message="Land softer.", **values)  # type: ignore[arg-type]


def summary(end: float, session: str = "20250615-151000") -> Summary:
    return Summary(
        session=session, start=0.0, end=end, known_at=end, running_s=end, walking_s=0.0, steps=int(end * 2.8)
    )


def a_run(session: str = "20250615-151000", alerts: int = 1) -> list[list[Event]]:
    """The events of each second of two minutes."""
    seconds: list[list[Event]] = []
    for second in range(120):
        events: list[Event] = [step(second - 0.4 + i / 3, "left" if i % 2 else "right") for i in range(3) if second]
        if second == 31:
            events.append(started(0.5, session))
        if 60 <= second < 60 + alerts:
            events.append(alert(second + 0.5))
        seconds.append(events)
    return seconds
