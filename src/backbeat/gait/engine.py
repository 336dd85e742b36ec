"""The gait engine: readings in, steps, activities, stability and signal quality out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backbeat.events import ActivityChange, SignalQuality, Stability, Step
from backbeat.gait import axes as body_axes
from backbeat.gait import sides
from backbeat.gait.grid import LONGEST_HOLE_S
from backbeat.gait.queue import Change, Settled
from backbeat.gait.steps import StepMaker
from backbeat.gait.stretch import Stretch
from backbeat.samples import STANDARD_GRAVITY, FloatArray, Samples, SourceInfo

GaitEvent = Step | ActivityChange | SignalQuality | Stability

_RATE_FROM = 32
"""Readings from which the rate of a stretch is estimated."""
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class GaitSettings:
    """What the engine can be told beforehand.

    Attributes:
        up: the sensor axis that points up when standing ("+x" … "-z"), None to find it from the motion.
        forward: the sensor axis that points forward, likewise.
    """

    up: str | None = None
    forward: str | None = None


class Engine:
    """Streaming gait analysis; the events do not depend on how the readings are cut into blocks."""

    def __init__(self, info: SourceInfo, settings: GaitSettings) -> None:
        self._info, self._settings = info, settings
        self._stretch: Stretch | None = None
        self._steps: StepMaker | None = None
        self._early: list[Samples] = []
        self._last_time: float | None = None

    def feed(self, block: Samples) -> Sequence[GaitEvent]:
        """The events that this block settles."""
        events: list[GaitEvent] = []
        for first in range(0, len(block), _CHUNK):
            events += self._feed(block[first : first + _CHUNK])
        return events

    def _feed(self, block: Samples) -> list[GaitEvent]:
        before = block.time[:1] if self._last_time is None else np.array([self._last_time])
        steps = np.diff(block.time, prepend=before)
        self._last_time = float(block.time[-1])
        events: list[GaitEvent] = []
        start = 0
        for cut in [*np.flatnonzero(steps > LONGEST_HOLE_S).tolist(), len(block)]:
            events += self._extend(block[start:cut])
            if cut < len(block):
                events += self._finish()
            start = cut
        return events

    def _extend(self, part: Samples) -> list[GaitEvent]:
        if len(part) == 0:
            return []
        if self._stretch is None:
            self._early.append(part)
            if sum(len(p) for p in self._early) < _RATE_FROM:
                return []
            return self._begin()
        return self._analyse(part)

    def _begin(self) -> list[GaitEvent]:
        time = np.concatenate([p.time for p in self._early])[:_RATE_FROM]
        rate = float(1.0 / np.median(np.diff(time))) if len(time) > 1 else 100.0
        gyroscope = self._early[0].gyr is not None
        self._stretch = Stretch(6 if gyroscope else 3, rate, float(time[0]), body_axes.AxesState())
        self._steps = StepMaker(gyroscope=gyroscope, sides_state=sides.SidesState())
        early, self._early = self._early, []
        return [event for part in early for event in self._analyse(part)]

    def _analyse(self, part: Samples) -> list[GaitEvent]:
        assert self._stretch is not None
        return self._events(*self._stretch.extend(part.time, _channels(part)))

    def _finish(self) -> list[GaitEvent]:
        events: list[GaitEvent] = []
        if self._stretch is None and self._early:
            events += self._begin()
        if self._stretch is not None:
            events += self._events(*self._stretch.finish())
        self._stretch = None
        return events

    def _events(self, settled: list[Settled], changes: list[Change]) -> list[GaitEvent]:
        stretch, steps = self._stretch, self._steps
        assert stretch is not None
        assert steps is not None
        keyed: list[tuple[int, int, GaitEvent]] = [(at, 1, step) for at, step in steps.make(stretch, settled)]
        for c in changes:
            if c.end > c.start:
                event = ActivityChange(
                    start=stretch.time_of(c.start),
                    end=stretch.time_of(c.end),
                    known_at=stretch.known_at(c.at),
                    activity=c.activity,
                )
                keyed.append((c.at, 0, event))
        keyed.sort(key=lambda k: k[:2])
        return [event for _, _, event in keyed]

    def end(self) -> Sequence[GaitEvent]:
        """The events still open at the end of the readings."""
        return self._finish()


def _channels(part: Samples) -> FloatArray:
    """Specific force in g and angular rate in rad/s, shape (3 or 6, n); an absent axis is 0."""
    acc = np.nan_to_num(part.acc.T / STANDARD_GRAVITY)
    return acc if part.gyr is None else np.vstack([acc, np.nan_to_num(part.gyr.T)])
