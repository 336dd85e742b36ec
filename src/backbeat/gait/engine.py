"""The gait engine: readings in; steps, activities, stability and signal quality out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backbeat.events import ActivityChange, SignalQuality, Stability, Step
from backbeat.gait.analysis import Analysis, Memory
from backbeat.gait.grid import LONGEST_HOLE_S
from backbeat.gait.mount import Mount
from backbeat.samples import STANDARD_GRAVITY, BoolArray, FloatArray, Samples, SourceInfo

GaitEvent = Step | ActivityChange | SignalQuality | Stability

_RATE_FROM = 32
"""Readings from which the rate of a stretch is estimated."""
_CHUNK = 4096
"""Readings worked on at a time: what bounds the memory of a long block."""


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
        self._mount = Mount.of(settings.up, settings.forward)
        self._analysis: Analysis | None = None
        self._early: list[Samples] = []
        self._last_time: float | None = None
        self._memory = Memory(position=info.position)

    def feed(self, block: Samples) -> Sequence[GaitEvent]:
        """The events that this block settles."""
        events: list[GaitEvent] = []
        for first in range(0, len(block), _CHUNK):
            events += self._feed(block[first : first + _CHUNK])
        return events

    def end(self) -> Sequence[GaitEvent]:
        """The events still open at the end of the readings."""
        return self._finish()

    def _feed(self, block: Samples) -> list[GaitEvent]:
        block = _usable(block)
        if len(block) == 0:
            return []
        before = block.time[0] if self._last_time is None else self._last_time
        holes = np.flatnonzero(block.time - np.concatenate([[before], block.time[:-1]]) > LONGEST_HOLE_S)
        self._last_time = float(block.time[-1])
        events: list[GaitEvent] = []
        start = 0
        for cut in holes.tolist():
            events += self._extend(block[start:cut])
            events += self._finish()
            self._memory.quality.saw("gap", float(block.time[cut]))
            start = cut
        return events + self._extend(block[start:])

    def _extend(self, part: Samples) -> list[GaitEvent]:
        if len(part) == 0:
            return []
        if self._analysis is not None:
            return self._analysis.extend(part.time, _channels(part), part.time[part.saturated])
        self._early.append(part)
        return [] if sum(len(p) for p in self._early) < _RATE_FROM else self._begin()

    def _begin(self) -> list[GaitEvent]:
        early, self._early = self._early, []
        time = np.concatenate([p.time for p in early])[:_RATE_FROM]
        rate = float(1.0 / np.median(np.diff(time))) if len(time) > 1 else 100.0
        self._analysis = Analysis(early[0], rate, self._mount, self._memory)
        return [event for part in early for event in self._extend(part)]

    def _finish(self) -> list[GaitEvent]:
        events = self._begin() if self._early else []
        if self._analysis is not None:
            events += self._analysis.finish()
            self._analysis = None
        return events


def _usable(block: Samples) -> Samples:
    """Without readings that are no numbers in an axis that the source has; what they leave is a hole."""
    present = np.array([f"acc_{axis}" not in block.absent for axis in "xyz"])
    good: BoolArray = np.isfinite(block.acc[:, present]).all(axis=1)
    if block.gyr is not None:
        good &= np.isfinite(block.gyr).all(axis=1)
    return block if good.all() else block.where(good)


def _channels(part: Samples) -> FloatArray:
    """Specific force in g and angular rate in rad/s, shape (3 or 6, n); an absent axis is 0."""
    acc = part.acc.T / STANDARD_GRAVITY
    for column, axis in enumerate("xyz"):
        if f"acc_{axis}" in part.absent:
            acc[column] = 0.0
    return acc if part.gyr is None else np.concatenate([acc, part.gyr.T])
