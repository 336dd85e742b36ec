"""A simulated run: runner, programme and sensor put together, as a stream of readings beside its truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from backbeat.samples import Context, Samples, joined
from backbeat.simulator.motion import Body
from backbeat.simulator.plan import Contact, plan
from backbeat.simulator.programme import Programme, Stretch, duration
from backbeat.simulator.runner import Runner
from backbeat.simulator.sensor import Recorder, Sensor, frames
from backbeat.simulator.truth import TrueStep, true_steps

FRAME = 1024
"""Readings that are computed at a time; fixed, so that the output does not depend on the size of the blocks."""


@dataclass(frozen=True, slots=True)
class SimulatedRun:
    """A run that can be read again and again and is always the same.

    Attributes:
        runner: who.
        programme: doing what.
        sensor: read by what.
        seed: of all randomness.
    """

    runner: Runner = field(default_factory=Runner)
    programme: Programme = (Stretch("stand", 3.0), Stretch("run", 60.0))
    sensor: Sensor = field(default_factory=Sensor)
    seed: int = 0

    @property
    def seconds(self) -> float:
        """How long it lasts, in true seconds."""
        return duration(self.programme)

    @property
    def readings(self) -> int:
        """How many readings the sensor takes, lost ones included."""
        return int(self.seconds * self.sensor.rate_hz * self.sensor.clock)

    def _contacts(self) -> Iterator[Contact]:
        return plan(self.runner, self.programme, np.random.default_rng([self.seed, 1]))

    def steps(self) -> Iterator[TrueStep]:
        """The truth, in the order of time."""
        return true_steps(self._contacts(), self.sensor, self.seconds)

    def blocks(self, size: int = FRAME) -> Iterator[Samples]:
        """The readings in blocks of `size` (the last may be shorter); memory does not grow with the run's length."""
        rest: Samples | None = None
        for frame in self._frames():
            rest = frame if rest is None else joined((rest, frame))
            whole = len(rest) // size * size
            for begin in range(0, whole, size):
                yield rest[begin : begin + size]
            rest = rest[whole:]
        if rest is not None and len(rest):
            yield rest

    def samples(self) -> Samples:
        """All readings in one block."""
        return joined(list(self._frames()))

    def contexts(self) -> Iterator[Context]:
        """Speed and slope, told at the begin of each stretch that changes them."""
        begin, speed, grade = 0.0, None, None
        for stretch in self.programme:
            time = float(self.sensor.stamp(begin))
            if stretch.speed != speed:
                yield Context(time, "speed_m_s", stretch.speed)
            if stretch.grade_pct != grade:
                yield Context(time, "grade_pct", stretch.grade_pct)
            speed, grade = stretch.speed, stretch.grade_pct
            begin += stretch.seconds

    def stream(self, size: int = FRAME) -> Iterator[Samples | Context]:
        """Readings and context in the order of their time; a context comes before the block that it falls into."""
        contexts = list(self.contexts())
        for block in self.blocks(size):
            while contexts and contexts[0].time <= block.time[-1]:
                yield contexts.pop(0)
            yield block

    def _frames(self) -> Iterator[Samples]:
        body = Body(self._contacts(), self.programme, self.sensor.position, self.sensor.hip_gain_pct)
        recorder = Recorder(self.sensor, np.random.default_rng([self.seed, 2]))
        for time in frames(self.sensor.rate_hz, self.sensor.clock, self.seconds, FRAME):
            yield recorder.record(time, *body.motion(time))
