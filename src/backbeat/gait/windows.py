"""Signals around stances in body axes: one row a stance, one column an offset from its peak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backbeat.gait.queue import Settled
from backbeat.gait.stretch import BAND_10, BAND_20, Stretch
from backbeat.samples import BoolArray, FloatArray

BEFORE, AFTER = 40, 44
"""Columns before and after the peak: the valley before, and the beginning of the next contact."""
COLUMN = np.arange(BEFORE + AFTER + 1)


@dataclass(frozen=True, slots=True)
class Windows:
    """Signals have the shape (stances, columns), specific force in g, angular rate in rad/s; columns are fractional.

    Attributes:
        start: grid index of column 0, shape (stances,).
        before: column of the valley before the stance, shape (stances,).
        after: column of the valley after it, shape (stances,).
        valley: the same between samples, from the 5 Hz vertical.
        body10: forward, left, up and, with a gyroscope, roll, pitch, yaw; shape (3 or 6, stances, columns), 10 Hz.
        forward20: 20 Hz.
        up20: 20 Hz.
    """

    start: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    valley: FloatArray
    body10: FloatArray
    forward20: FloatArray
    up20: FloatArray

    @property
    def step(self) -> BoolArray:
        """Columns from valley to valley."""
        return np.asarray((self.before[:, None] <= COLUMN) & (self.after[:, None] >= COLUMN))


def cut(stretch: Stretch, settled: Sequence[Settled]) -> Windows:
    """The windows around stances that have just settled, each in the body axes in force for it."""
    peak = np.array([s.stance.peak for s in settled])
    after = np.array([s.stance.after for s in settled])
    start = peak - BEFORE
    low = stretch.low
    first, last = max(int(start.min()), low.start), min(int(peak.max()) + AFTER + 1, low.end)
    at = np.clip(start[:, None] + COLUMN, first, last - 1) - first
    signals = low.view(first, last)
    channels = len(signals) // 2
    matrix = np.array([stretch.frames[s.frame] for s in settled])[:, :, :, None]

    def turned(band: int, row: int, sensor: int = 0) -> FloatArray:
        c = band * channels + sensor
        m = matrix[:, row]
        return np.asarray(m[:, 0] * signals[c][at] + m[:, 1] * signals[c + 1][at] + m[:, 2] * signals[c + 2][at])

    return Windows(
        start,
        np.clip(np.array([s.stance.before for s in settled]) - start, 0, BEFORE),
        np.minimum(after - start, BEFORE + AFTER - 1),
        _vertex_at(stretch, after) - start,
        np.stack([turned(BAND_10, row, sensor) for sensor in range(0, channels, 3) for row in range(3)]),
        turned(BAND_20, 0),
        turned(BAND_20, 2),
    )


def _vertex_at(stretch: Stretch, valley: NDArray[np.int64]) -> FloatArray:
    """Place of a minimum of the 5 Hz vertical between samples, by the parabola through three."""
    up5 = stretch.up5
    first = int(valley.min()) - 1
    signal = up5.view(max(first, up5.start), up5.end)[0]
    at = np.clip(valley - max(first, up5.start), 1, len(signal) - 2)
    left, middle, right = signal[at - 1], signal[at], signal[at + 1]
    bend = left - 2 * middle + right
    return np.asarray(
        valley + np.where(bend > 0, np.clip(0.5 * (left - right) / np.where(bend > 0, bend, 1), -0.5, 0.5), 0.0)
    )
