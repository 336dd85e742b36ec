"""What the analysis finds in a recording: the events of a replay, at the precision in which they are published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from backbeat.event_json import as_json
from backbeat.events import Activity, ActivityChange, Event, Side, Step
from backbeat.monitor import Monitor
from backbeat.samples import Context, Samples
from backbeat.sources import open_source


@dataclass(frozen=True, slots=True)
class FoundStep:
    """The parts of a step that are scored; times in s."""

    time: float
    toe_off: float | None
    known_at: float | None
    side: Side | None
    activity: Activity
    peak_force_bw: float | None


@dataclass(frozen=True, slots=True)
class FoundActivity:
    """A stretch of one activity, s."""

    start: float
    end: float
    activity: Activity


@dataclass(frozen=True, slots=True)
class Found:
    """Steps in the order of time, activities, and the time of the last reading."""

    steps: list[FoundStep]
    activities: list[FoundActivity]
    last: float


def analysed(file: Path, *, accelerometer_only: bool = False) -> Found:
    """Replay a recording through the monitor.

    Raises:
        SourceError: it cannot be read.
    """
    steps: list[FoundStep] = []
    activities: list[FoundActivity] = []
    last = 0.0
    with open_source(f"file:{file}") as source:
        info = source.info
        monitor = Monitor(replace(info, gyr_scale=None, gyr_range_dps=None) if accelerometer_only else info)

        def take(events: Sequence[Event]) -> None:
            for event in events:
                if isinstance(event, Step):
                    steps.append(_step(event))
                elif isinstance(event, ActivityChange):
                    activities.append(_activity(event))

        for block in source:
            if isinstance(block, Samples) and len(block):
                last = float(block.time[-1])
            take(monitor.feed(_without_gyroscope(block) if accelerometer_only else block))
        take(monitor.end())
    steps.sort(key=lambda step: step.time)
    return Found(steps, activities, last)


def _without_gyroscope(block: Samples | Context) -> Samples | Context:
    if isinstance(block, Context):
        return block
    absent = {**block.absent, **dict.fromkeys(("gyr_x", "gyr_y", "gyr_z"), "taken away for this evaluation")}
    return Samples(block.time, block.acc, None, block.gap_before, block.saturated, absent)


def _step(event: Step) -> FoundStep:
    plain = as_json(event)
    return FoundStep(
        plain["time"], plain["toe_off"], plain["known_at"], event.side, event.activity, plain["peak_force_bw"]
    )


def _activity(event: ActivityChange) -> FoundActivity:
    plain = as_json(event)
    return FoundActivity(plain["start"], plain["end"], event.activity)
