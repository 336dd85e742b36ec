"""Readings of any rate onto one uniform time base.

Everything after this room counts in grid samples, 100 a second: the analysis uses nothing above 20 Hz, so more would
cost and not help. Faster sensors are decimated behind a linear-phase low-pass; between readings a cubic convolution
(Keys 1981, doi:10.1109/TASSP.1981.1163711) interpolates. Every output depends on a fixed neighbourhood of readings and
is computed element by element, so that it is the same to the bit however the readings were cut into blocks.
"""

from __future__ import annotations

import numpy as np

from backbeat.gait.track import Track
from backbeat.samples import FloatArray

RATE_HZ = 100.0
LONGEST_HOLE_S = 0.045
"""A hole between readings up to this long (three in a row at 100 Hz) is interpolated; a longer one is a gap."""

_KEYS = np.array([[0.0, -0.5, 1.0, -0.5], [1.0, 0.0, -2.5, 1.5], [0.0, 0.5, 2.0, -1.5], [0.0, 0.0, -0.5, 0.5]])


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
        self._taps = _low_pass(self._decimation)
        self._margin = len(self._taps) - 1 if self._decimation > 1 else 0
        self._raw = Track(channels + 1)
        self._knots = Track(channels + 2)
        self._next = 0
        self.start_time = start_time

    def extend(self, time: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Add readings: time (n,), values (channels, n).

        Returns:
            New grid samples (channels, m), and for each the time of the reading that made it computable (m,).
        """
        if self._raw.end == 0 and self._margin and len(time):
            lead = np.repeat(values[:, :1], self._margin, axis=1)
            self._raw.append(np.vstack([time[:1] - np.arange(self._margin, 0, -1)[None, :] * 1e-6, lead]))
        self._raw.append(np.vstack([time, values]))
        self._decimate()
        return self._interpolate()

    def _decimate(self) -> None:
        """Low-pass around every `decimation`-th reading: rows of `_knots` are time, time known, channels."""
        raw, m, h = self._raw, self._decimation, self._margin
        if m == 1:
            fresh = raw.view(self._knots.end, raw.end)
            self._knots.append(np.vstack([fresh[:1], fresh]))
            raw.forget_before(raw.end)
            return
        first = self._knots.end * m
        count = (raw.end - 2 * h - 1 - first) // m + 1
        if count <= 0:
            return
        span = (count - 1) * m + 1
        block = raw.view(first, first + span + 2 * h)

        def shifted(by: int) -> FloatArray:
            return block[1:, h + by : h + by + span : m]

        smooth = self._taps[0] * shifted(0)
        for k in range(1, h + 1):
            smooth += self._taps[k] * (shifted(k) + shifted(-k))
        self._knots.append(np.vstack([block[0, h : h + span : m], block[0, 2 * h : 2 * h + span : m], smooth]))
        raw.forget_before(self._knots.end * m)

    def _interpolate(self) -> tuple[FloatArray, FloatArray]:
        """Grid samples that have two knots on either side (the first knot stands in for what lies before it)."""
        knots = self._knots
        if knots.end == 0:
            return np.empty((len(knots.view(0, 0)) - 2, 0)), np.empty(0)
        block = knots.view(knots.start, knots.end)
        times = block[0]
        last = int(np.floor((times[-3] - self.start_time) * RATE_HZ)) if len(times) > 2 else -1
        if last < self._next:
            return np.empty((len(block) - 2, 0)), np.empty(0)
        at = self.start_time + np.arange(self._next, last + 1) / RATE_HZ
        before = np.maximum(np.searchsorted(times, at, side="right") - 1, 0)
        u = np.clip((at - times[before]) / (times[before + 1] - times[before]), 0.0, 1.0)
        weights = _KEYS[:, :1] + u * (_KEYS[:, 1:2] + u * (_KEYS[:, 2:3] + u * _KEYS[:, 3:]))
        neighbours = [np.maximum(before - 1, 0), before, before + 1, before + 2]
        values = weights[0] * block[2:, neighbours[0]]
        for weight, neighbour in zip(weights[1:], neighbours[1:], strict=True):
            values += weight * block[2:, neighbour]
        self._next = last + 1
        knots.forget_before(knots.start + max(0, int(before[-1]) - 2))
        return values, block[1, neighbours[3]]
