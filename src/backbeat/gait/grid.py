"""Readings of any rate onto one uniform time base.

Everything after this room counts in grid samples, 100 a second: the analysis uses nothing above 20 Hz, so more would
cost and not help. Faster sensors are decimated behind a linear-phase low-pass; between readings a cubic convolution
(Keys 1981, doi:10.1109/TASSP.1981.1163711) interpolates. Every output depends on a fixed neighbourhood of readings and
is computed element by element, so that it is the same to the bit however the readings were cut into blocks.
"""

from __future__ import annotations

import math

import numpy as np

from backbeat.gait.track import Track
from backbeat.samples import FloatArray

RATE_HZ = 100.0
LONGEST_HOLE_S = 0.045
"""A hole between readings up to this long (three in a row at 100 Hz) is interpolated; a longer one is a gap."""

_KEYS = np.array([[0.0, -0.5, 1.0, -0.5], [1.0, 0.0, -2.5, 1.5], [0.0, 0.5, 2.0, -1.5], [0.0, 0.0, -0.5, 0.5]])

_NEIGHBOURS = np.array([[-1], [0], [1], [2]])


def _low_pass(decimation: int) -> FloatArray:
    """Half (centre first) of a Hann-windowed sinc, cut-off 45 Hz of a 100 Hz output, 4·decimation+1 taps."""
    k = np.arange(2 * decimation + 1)
    taps = np.sinc(0.9 * k / decimation) * (0.5 + 0.5 * np.cos(np.pi * k / (2 * decimation + 1)))
    return np.asarray(taps / (taps[0] + 2 * taps[1:].sum()))


class Grid:
    """One unbroken stretch of readings, as it grows.

    Attributes:
        start_time: time of grid sample 0, s.
    """

    def __init__(self, channels: int, rate_hz: float, start_time: float) -> None:
        self._decimation = max(1, int(rate_hz / RATE_HZ + 0.25))
        half = _low_pass(self._decimation)
        self._taps = np.concatenate([half[:0:-1], half])
        self._margin = len(half) - 1 if self._decimation > 1 else 0
        self._raw = Track(channels + 1)
        self._knots = Track(channels + 2)
        self._next = 0
        self.start_time = start_time

    def extend(self, time: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Add readings: time (n,), values (channels, n).

        Returns:
            New grid samples (channels, m), and for each the time of the reading that made it computable (m,).
        """
        if self._decimation == 1:
            self._knots.append(np.concatenate((time[None], time[None], values)))
        else:
            if self._raw.end == 0:
                early = time[0] - np.arange(self._margin, 0, -1) * 1e-6
                self._raw.append(np.vstack([early, np.repeat(values[:, :1], self._margin, axis=1)]))
            self._raw.append(np.concatenate((time[None], values)))
            self._decimate()
        return self._interpolate()

    def _decimate(self) -> None:
        """Low-pass around every `decimation`-th reading: rows of `_knots` are time, time known, channels."""
        raw, m, h = self._raw, self._decimation, self._margin
        first = self._knots.end * m
        count = (raw.end - 2 * h - 1 - first) // m + 1
        if count <= 0:
            return
        around = raw.blocks(first, count, m, 2 * h + 1)
        knots = np.empty((len(around[0]) + 1, count))
        knots[0], knots[1] = around[:, 0, h], around[:, 0, 2 * h]
        knots[2:] = np.matmul(around[:, 1:], self._taps).T
        self._knots.append(knots)
        raw.forget_before(self._knots.end * m)

    def _interpolate(self) -> tuple[FloatArray, FloatArray]:
        """Grid samples that have two knots on either side (the first knot stands in for what lies before it)."""
        knots = self._knots
        block = knots.view(knots.start, knots.end)
        times = block[0]
        reach = float(times[-2]) if len(times) > 1 else self.start_time
        after = math.ceil((reach - self.start_time) * RATE_HZ) + 1
        at = np.arange(self._next, max(self._next, after)) / RATE_HZ + self.start_time
        at = at[at < reach]
        if not len(at):
            return np.empty((len(block) - 2, 0)), np.empty(0)
        before = np.maximum(times.searchsorted(at, side="right") - 1, 0)
        from_knot = times[before]
        u = (at - from_knot) / (times[before + 1] - from_knot)
        np.minimum(np.maximum(u, 0.0, out=u), 1.0, out=u)
        weights = _KEYS[:, :1] + u * (_KEYS[:, 1:2] + u * (_KEYS[:, 2:3] + u * _KEYS[:, 3:]))
        neighbours = np.maximum(before + _NEIGHBOURS, 0)
        parts = block[2:, neighbours] * weights
        values = parts[:, 0] + parts[:, 1] + parts[:, 2] + parts[:, 3]
        self._next += len(at)
        knots.forget_before(knots.start + max(0, int(before[-1]) - 2))
        return values, block[1, neighbours[3]]
