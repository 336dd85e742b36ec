"""A session as a FIT file with the standard running-dynamics fields, which training sites show as charts.

Field numbers and scales are those of the public FIT profile: record messages once a second with cadence (strides a
minute), stance time, its share of the stride and its balance, vertical oscillation and ratio, step length and speed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backbeat.errors import UserError
from backbeat.events import Event, Step, Summary
from backbeat.logbook.exports import whole_file

WINDOW_S = 4.0
"""A record shows the mean over the running steps of the last seconds: as many left as right ones."""


@dataclass(frozen=True, slots=True)
class Dynamics:
    """Running dynamics over some steps, in FIT's units; None where unknown."""

    cadence_rpm: float | None
    stance_time_ms: float | None
    stance_time_pct: float | None
    left_pct: float | None
    oscillation_mm: float | None
    ratio_pct: float | None
    step_length_mm: float | None
    speed_m_s: float | None

    @classmethod
    def of(cls, steps: Sequence[Step]) -> Dynamics:
        """Means over steps."""
        stance = _mean(step.contact_time_ms for step in steps)
        left, right = (_mean(step.contact_time_ms for step in steps if step.side == side) for side in ("left", "right"))
        step_time, speed = _mean(step.step_time_ms for step in steps), _mean(step.speed_m_s for step in steps)
        cadence = 60_000.0 / step_time / 2.0 if step_time else None
        oscillation = _mean(step.vertical_oscillation_cm for step in steps)
        length = speed * step_time if speed is not None and step_time else None
        return cls(
            cadence_rpm=cadence,
            stance_time_ms=stance,
            stance_time_pct=_mean(step.duty_factor_pct for step in steps),
            left_pct=100.0 * left / (left + right) if left and right else None,
            oscillation_mm=10.0 * oscillation if oscillation is not None else None,
            ratio_pct=1000.0 * oscillation / length if oscillation is not None and length else None,
            step_length_mm=length,
            speed_m_s=speed,
        )


def write_fit(events: Sequence[Event], utc_offset_s: float, path: Path) -> int:
    """Write the sessions among a run's events as a FIT activity; returns the records written.

    Args:
        events: of the whole run.
        utc_offset_s: Unix time minus the events' time.
        path: the file to make.

    Raises:
        UserError: there is no session, fit-tool is not installed, or the file cannot be written.
    """
    try:
        from fit_tool.fit_file_builder import FitFileBuilder
    except ImportError:
        raise UserError("FIT needs fit-tool; install it with: pip install 'backbeat[fit]'") from None
    summaries = [event for event in events if isinstance(event, Summary)]
    if not summaries:
        raise UserError(f"{path}: there is no session in this recording (30 s of running make one).")
    steps = [event for event in events if isinstance(event, Step) and event.activity == "running"]
    builder = FitFileBuilder(auto_define=True)
    count = 0
    for message in _messages(summaries, steps, utc_offset_s):
        builder.add(message)
        count += type(message).__name__ == "RecordMessage"
    with whole_file(path) as part:
        builder.build().to_file(str(part))
    return count


def _messages(summaries: Sequence[Summary], steps: Sequence[Step], offset: float) -> Iterable[Any]:
    from fit_tool.profile.messages.activity_message import ActivityMessage
    from fit_tool.profile.messages.event_message import EventMessage
    from fit_tool.profile.messages.file_id_message import FileIdMessage
    from fit_tool.profile.messages.lap_message import LapMessage
    from fit_tool.profile.messages.record_message import RecordMessage
    from fit_tool.profile.messages.session_message import SessionMessage
    from fit_tool.profile.profile_type import Activity, EventType, FileType, Manufacturer, Sport
    from fit_tool.profile.profile_type import Event as FitEvent

    def at(time: float) -> int:
        return round((time + offset) * 1000.0)

    yield _filled(
        FileIdMessage(),
        {"type": FileType.ACTIVITY, "manufacturer": Manufacturer.DEVELOPMENT, "time_created": at(summaries[0].start)},
    )
    for index, summary in enumerate(summaries):
        start, end = summary.start, summary.end
        timer = {"event": FitEvent.TIMER, "timestamp": at(start), "event_type": EventType.START}
        yield _filled(EventMessage(), timer)
        distance = 0.0
        inside = [step for step in steps if start <= step.time <= end]
        times = [step.time for step in inside]
        for second in range(int(end - start) + 1):
            now = start + second
            recent = Dynamics.of(inside[bisect_right(times, now - WINDOW_S) : bisect_right(times, now)])
            distance += recent.speed_m_s or 0.0
            fields = {**_dynamics(recent, ""), "timestamp": at(now), "enhanced_speed": recent.speed_m_s}
            yield _filled(RecordMessage(), {**fields, "distance": distance or None})
        yield _filled(EventMessage(), {**timer, "timestamp": at(end), "event_type": EventType.STOP_ALL})
        over = Dynamics.of(inside)
        whole = {
            **_dynamics(over, "avg_"),
            "timestamp": at(end),
            "start_time": at(start),
            "total_elapsed_time": end - start,
            "total_timer_time": end - start,
            "total_distance": distance or None,
            "total_strides": len(inside) // 2,
            "enhanced_avg_speed": over.speed_m_s,
            "sport": Sport.RUNNING,
        }
        yield _filled(LapMessage(), {**whole, "message_index": index})
        yield _filled(SessionMessage(), {**whole, "message_index": index, "first_lap_index": index, "num_laps": 1})
    yield _filled(
        ActivityMessage(),
        {
            "timestamp": at(summaries[-1].end),
            "total_timer_time": sum(summary.end - summary.start for summary in summaries),
            "num_sessions": len(summaries),
            "type": Activity.MANUAL,
        },
    )


def _dynamics(found: Dynamics, prefix: str) -> dict[str, float | None]:
    """The profile's field names; cadence is whole strides and a fraction."""
    cadence = found.cadence_rpm
    return {
        f"{prefix}cadence": None if cadence is None else int(cadence),
        f"{prefix}fractional_cadence": None if cadence is None else cadence - int(cadence),
        f"{prefix}stance_time": found.stance_time_ms,
        f"{prefix}stance_time_percent": found.stance_time_pct,
        f"{prefix}stance_time_balance": found.left_pct,
        f"{prefix}vertical_oscillation": found.oscillation_mm,
        f"{prefix}vertical_ratio": found.ratio_pct,
        f"{prefix}step_length": found.step_length_mm,
    }


def _filled(message: Any, fields: Mapping[str, Any]) -> Any:
    for name, value in fields.items():
        if value is not None:
            setattr(message, name, value)
    return message


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
