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
from backbeat.samples import STANDARD_GRAVITY, FloatArray, Samples

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
        channels: 3 of specific force in g and, with a gyroscope, 3 of angular rate in rad/s; an absent axis is 0.
        start_time: time of grid sample 0, s.
    """

    def __init__(self, first: Samples, rate_hz: float) -> None:
        self.channels = 3 if first.gyr is None else 6
        self.start_time = float(first.time[0])
        self._absent = [row for row, axis in enumerate("xyz", start=1) if f"acc_{axis}" in first.absent]
        self._decimation = max(1, int(rate_hz / RATE_HZ + 0.25))
        half = _low_pass(self._decimation)
        self._taps = np.concatenate([half[:0:-1], half])
        self._next = 0
        # rows: time, channels, time known; the first reading, and the first knot, stand in for what lies before
        self._margin = len(half) - 1 if self._decimation > 1 else 1
        self._raw = Track(2 + self.channels, -self._margin)
        self._knots = self._raw if self._decimation == 1 else Track(2 + self.channels, -1)

    def add(self, block: Samples) -> None:
        """Keep readings until `advance`."""
        raw = self._raw
        if raw.end < 0:
            self._write(raw.room(self._margin), block[:1])
        self._write(raw.room(len(block)), block)

    def _write(self, room: FloatArray, block: Samples) -> None:
        room[0] = room[-1] = block.time
        np.multiply(block.acc.T, 1.0 / STANDARD_GRAVITY, out=room[1:4])
        if block.gyr is not None:
            room[4:-1] = block.gyr.T
        if self._absent:
            room[self._absent] = 0.0

    @property
    def reach(self) -> float:
        """Grid samples before this time are settled, s."""
        raw, m = self._raw, self._decimation
        last = raw.end - 1 if m == 1 else (raw.end - self._margin - 1) // m * m
        return raw.value(last - m) if last > 0 else -math.inf

    def advance(self) -> FloatArray:
        """New grid samples, shape (channels + 1, n); the last row is the time of the reading that settled them."""
        if self._decimation > 1:
            self._decimate()
        return self._interpolate()

    def _decimate(self) -> None:
        """Low-pass around every `decimation`-th reading."""
        raw, knots, m, h = self._raw, self._knots, self._decimation, self._margin
        first = max(knots.end, 0) * m
        count = (raw.end - h - 1 - first) // m + 1
        if count <= 0:
            return
        around = raw.blocks(first - h, count, m, 2 * h + 1)
        filtered = np.matmul(around[:, 1:-1], self._taps).T
        if knots.end < 0:
            _knot(knots.room(1), around[:1], filtered[:, :1], h)
        _knot(knots.room(count), around, filtered, h)
        raw.forget_before(first + count * m - h)

    def _interpolate(self) -> FloatArray:
        """Grid samples that have two knots on either side."""
        knots = self._knots
        block = knots.view(knots.start, knots.end)
        times = block[0]
        reach = float(times[-2]) if len(times) > 1 else self.start_time
        after = math.ceil((reach - self.start_time) * RATE_HZ) + 1
        at = np.arange(self._next, max(self._next, after)) / RATE_HZ + self.start_time
        at = at[: at.searchsorted(reach)]
        if not len(at):
            return np.empty((self.channels + 1, 0))
        before = times.searchsorted(at, side="right") - 1
        from_knot = times[before]
        u = (at - from_knot) / (times[before + 1] - from_knot)
        weights = _KEYS[:, :1] + u * (_KEYS[:, 1:2] + u * (_KEYS[:, 2:3] + u * _KEYS[:, 3:]))
        neighbours = before + _NEIGHBOURS
        samples = np.empty((self.channels + 1, len(at)))
        parts = block[1:-1].take(neighbours, axis=1, mode="clip")  # they are all there; "raise" buffers the output
        parts *= weights
        np.add(parts[:, 0], parts[:, 1], out=samples[:-1])
        samples[:-1] += parts[:, 2]
        samples[:-1] += parts[:, 3]
        samples[-1] = block[-1][neighbours[3]]
        self._next += len(at)
        knots.forget_before(knots.start + int(before[-1]) - 1)
        return samples


def _knot(room: FloatArray, around: FloatArray, filtered: FloatArray, middle: int) -> None:
    """One knot a column: the time of the reading in the middle, what was filtered, when its last one came."""
    room[0], room[1:-1], room[-1] = around[:, 0, middle], filtered, around[:, 0, -1]
