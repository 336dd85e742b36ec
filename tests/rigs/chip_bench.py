"""A workbench for chips: an injected clock, a motion that tells which reading is which, and the account of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from backbeat.samples import Context, Samples, joined
from firmware_host.bus import Host
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.i2c import EmulatedChipSource
from firmware_host.uri import SourceUri


class HandClock:
    """Time goes by when somebody sleeps."""

    def __init__(self, start: float = 1000.0) -> None:
        self.time = start

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += max(seconds, 0.0)

    @property
    def host(self) -> Host:
        return Host(self.now, self.sleep)


class Numbered:
    """Every reading that is taken carries its number in its values: base 200 on three axes of acceleration.

    The units are steps of 0.05 m/s² around the middle, wide apart for every chip's counts at ±16 g and ±32 g.
    """

    STEP = 0.05
    BASE = 200

    def __init__(self, seconds: float | None = None) -> None:
        self.taken: list[np.ndarray] = []
        self._count = 0
        self.ended_at = seconds

    def at(self, times):
        n = np.arange(self._count, self._count + len(times))
        self._count += len(times)
        self.taken.append(np.asarray(times))
        digits = np.stack([n // self.BASE**axis % self.BASE for axis in range(3)], axis=1)
        acc = (digits - self.BASE / 2 + 0.5) * self.STEP
        return acc, np.deg2rad(acc * 10)

    @classmethod
    def number(cls, acc) -> np.ndarray:
        digits = np.round(acc / cls.STEP - 0.5 + cls.BASE / 2).astype(np.int64)
        return sum(digits[:, axis] * cls.BASE**axis for axis in range(3))


class Wave:
    """A smooth, lively motion with a little noise."""

    def __init__(self, seconds: float | None = None, *, noise: float = 0.02, seed: int = 0) -> None:
        self.ended_at, self._noise, self._random = seconds, noise, np.random.default_rng(seed)

    @staticmethod
    def smooth(times):
        t = np.asarray(times)
        acc = np.stack([4 * np.sin(7 * t), 5 * np.cos(9 * t), 9.8 + 12 * np.sin(17 * t)], axis=1)
        gyr = np.stack([np.sin(5 * t), 2 * np.cos(6 * t), 3 * np.sin(8 * t)], axis=1)
        return acc, gyr

    def at(self, times):
        acc, gyr = self.smooth(times)
        return (
            acc + self._noise * self._random.standard_normal(acc.shape),
            gyr + 0.05 * self._noise * self._random.standard_normal(gyr.shape),
        )


@dataclass
class Run:
    """What came out of a source."""

    blocks: list[Samples] = field(default_factory=list)
    contexts: list[Context] = field(default_factory=list)

    @property
    def readings(self) -> Samples:
        return joined([b for b in self.blocks if len(b)])

    def states(self) -> list[str]:
        return [c.value["state"] for c in self.contexts if c.kind == "sensor"]


def emulated(name, motion, faults=None, clock=None, query=""):
    """An emulated chip behind the whole transport, on an injected clock."""
    clock = clock or HandClock()
    uri = SourceUri(f"emulate:{name}?{query}")
    return EmulatedChipSource(name, uri, motion, faults or Faults(), host=clock.host)


def run(source, *, seconds=None, clock=None, between=None) -> Run:
    """Read a source to its end, or for so long."""
    result = Run()
    with source:
        start = clock.now() if clock else 0.0
        for block in source:
            (result.blocks if isinstance(block, Samples) else result.contexts).append(block)
            if between is not None:
                between(block)
            if seconds is not None and clock.now() - start > seconds:
                source.stop()
    return result


def account(readings: Samples, motion: Numbered, start: float):
    """Hold a run's readings against what the chip measured.

    Returns:
        errors: time of each delivered reading minus when it was measured, s.
        unmarked: readings that vanished without a mark at the next one.
        needless: marks where nothing is missing.
    """
    taken = np.concatenate(motion.taken) + start
    number = motion.number(readings.acc)
    steps = np.diff(number)
    assert (steps > 0).all(), "a reading was delivered twice or out of order"
    marked = readings.gap_before[1:]
    unmarked = int((steps[~marked] - 1).sum())
    return readings.time - taken[number], unmarked, int((marked & (steps == 1)).sum())
