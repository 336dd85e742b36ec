"""Times that a chip wrote beside its readings, in ticks of its own counter."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from backbeat.samples import BoolArray, FloatArray
from firmware_host.clock import Counter

Ticks = NDArray[np.int64]


class Stamps:
    """One start's times: checked against each other, unwrapped, in seconds; missing readings show in them."""

    def __init__(self, bits: int, tick_s: float, rate_hz: float) -> None:
        self._counter = Counter(bits)
        self._round = 1 << bits
        self._tick_s = tick_s
        self._period = round(1 / rate_hz / tick_s)
        self._last: int | None = None

    def plausible(self, raw: Ticks) -> BoolArray:
        """Which times are one period from a neighbour's, shape (n,): a bit that flipped on the bus is found so.

        If the newest is not, its next one can still tell: keep the reading until then.
        """
        last = raw[0] if self._last is None else self._last
        near = np.abs(_steps(raw, int(last)) % self._round - self._period) <= self._period // 10
        good: BoolArray = near.copy()
        good[:-1] |= near[1:]
        return good

    def steady(self, raw: Ticks) -> FloatArray | None:
        """The times in seconds, (n,), where each is one period after the one before; None, and no change, elsewhere."""
        if self._last is None:
            return None
        first = self._last + (int(raw[0]) - self._last) % self._round
        ticks = raw + (first - int(raw[0]))
        off = _steps(ticks, self._last) - self._period
        if int(off.max()) > self._period // 10 or int(off.min()) < -(self._period // 10):
            return None
        self._last = int(ticks[-1])
        self._counter.follow(self._last)
        return np.multiply(ticks, self._tick_s, dtype=np.float64)

    def take(self, raw: Ticks) -> tuple[FloatArray, BoolArray]:
        """The times in seconds, and before which of them readings are missing; each (n,)."""
        ticks = self._counter.unwrap(raw)
        before = ticks[0] - self._period if self._last is None else self._last
        gaps = _steps(ticks, int(before)) > 1.5 * self._period
        self._last = int(ticks[-1])
        return ticks.astype(np.float64) * self._tick_s, gaps


def _steps(ticks: Ticks, before: int) -> Ticks:
    """From each to the next, (n,), the first from `before`; np.diff with its prepend takes three times as long."""
    steps = ticks.copy()
    steps[0] -= before
    steps[1:] -= ticks[:-1]
    return steps
