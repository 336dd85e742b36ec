"""The gait engine: readings in; steps, activities, stability and signal quality out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backbeat.events import SignalQuality
from backbeat.gait.analysis import Analysis, GaitEvent, Memory
from backbeat.gait.grid import LONGEST_HOLE_S
from backbeat.gait.idle import Idle
from backbeat.gait.mount import Mount, Worn
from backbeat.gait.position import LeverArm
from backbeat.gait.sides import SidesState
from backbeat.samples import (
    IMPOSSIBLE_ACC_M_S2,
    IMPOSSIBLE_GYR_RAD_S,
    BoolArray,
    Samples,
    SourceInfo,
    joined,
)

_RATE_FROM = 32
"""Readings from which the rate of a stretch is estimated."""
_CHUNK = 3000
"""Readings worked on at a time: bounds the memory of a long block. BLAS wakes threads for sums of 10 000 products."""


@dataclass(frozen=True, slots=True)
class GaitSettings:
    """What the engine can be told beforehand.

    Attributes:
        up: the sensor axis that points up when standing ("+x" … "-z"), None to find it from the motion.
        forward: the sensor axis that points forward, likewise.
        worn: how this sensor was worn by this runner at calibration, None where nobody has looked.
    """

    up: str | None = None
    forward: str | None = None
    worn: Worn | None = None


class Engine:
    """Streaming gait analysis; the events do not depend on how the readings are cut into blocks."""

    def __init__(self, info: SourceInfo, settings: GaitSettings) -> None:
        self._mount = Mount.of(settings.up, settings.forward, settings.worn)
        self._analysis: Analysis | None = None
        self._held: list[Samples] = []
        self._last_time: float | None = None
        sides = SidesState(legs=None if settings.worn is None else settings.worn.legs)
        arm = LeverArm() if info.position == "unknown" else None
        self._memory = Memory(position=info.position, sides=sides, arm=arm)
        self._idle = Idle()

    def feed(self, block: Samples) -> Sequence[GaitEvent]:
        """The events that this block settles."""
        events: list[GaitEvent] = []
        while len(block):
            quiet = int(block.time.searchsorted(self._idle.quiet_until(block.time.item(0)), side="right"))
            part = min(quiet + 1, _CHUNK)  # nothing after the reading that shows a fault may be known when it is told
            if part >= len(block):
                return [*events, *self._feed(block)]
            events += self._feed(block[:part])
            block = block[part:]
        return events

    def end(self) -> Sequence[GaitEvent]:
        """The events still open at the end of the readings."""
        return () if self._last_time is None else self._finish(self._last_time)

    def _feed(self, block: Samples) -> Sequence[GaitEvent]:
        usable = _usable(block)
        events = self._analysed(usable) if len(usable) else ()
        looks, self._memory.looks = self._memory.looks, []
        faults = self._idle.faults(block.time, usable.time, looks)
        if not faults:
            return events
        return sorted((*events, *map(self._fault, *zip(*faults, strict=True))), key=_known_at)

    def _fault(self, time: float, problem: str) -> SignalQuality:
        memory = self._memory
        memory.quality.saw(problem, time)
        memory.quality.changed(time)
        return memory.signal(time, time)

    def _analysed(self, block: Samples) -> Sequence[GaitEvent]:
        time = block.time
        before, self._last_time = self._last_time, time.item(-1)
        holes = time[1:] - time[:-1] > LONGEST_HOLE_S
        begins = before is not None and time.item(0) - before > LONGEST_HOLE_S
        if not begins and not np.count_nonzero(holes):
            return self._extend(block)
        cuts = [0] if begins else []
        cuts += (np.flatnonzero(holes) + 1).tolist()
        events: list[GaitEvent] = []
        start = 0
        for cut in cuts:
            if cut > start:
                events += self._extend(block[start:cut])
            events += self._finish(float(time[cut]))
            self._memory.quality.saw("gap", float(time[cut]))
            start = cut
        events += self._extend(block[start:])
        return events

    def _extend(self, part: Samples) -> Sequence[GaitEvent]:
        if self._analysis is not None:
            return self._analysis.extend(part)
        self._held.append(part)
        return () if sum(map(len, self._held)) < _RATE_FROM else self._begin()

    def _begin(self) -> Sequence[GaitEvent]:
        """Enough readings to tell their rate, or all that there are."""
        held, self._held = joined(self._held), []
        time = held.time[:_RATE_FROM]
        rate = float(1.0 / np.median(np.diff(time))) if len(time) > 1 else 100.0
        self._analysis = Analysis(held, rate, self._mount, self._memory)
        return self._analysis.extend(held)

    def _finish(self, seen: float) -> list[GaitEvent]:
        events: list[GaitEvent] = []
        if self._held:
            events += self._begin()
        if self._analysis is not None:
            events += self._analysis.finish(seen)
            self._analysis = None
        return events


def _known_at(event: GaitEvent) -> float:
    return event.known_at


def _usable(block: Samples) -> Samples:
    """Without readings that are no numbers, or impossible ones, in an axis that the source has: they leave a hole.

    One of them would stay in all sums that are carried on, and no step be found after it.
    """
    acc, gyr = block.acc, block.gyr
    if np.vdot(acc, acc) <= IMPOSSIBLE_ACC_M_S2**2 and (
        gyr is None or np.vdot(gyr, gyr) <= IMPOSSIBLE_GYR_RAD_S**2
    ):  # then no single one is larger; far cheaper than a look at each
        return block
    present = [column for column, axis in enumerate("xyz") if f"acc_{axis}" not in block.absent]
    good: BoolArray = np.asarray((np.abs(acc[:, present]) <= IMPOSSIBLE_ACC_M_S2).all(axis=1))
    if gyr is not None:
        good &= (np.abs(gyr) <= IMPOSSIBLE_GYR_RAD_S).all(axis=1)
    return block if good.all() else block.where(good)
