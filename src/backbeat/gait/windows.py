"""Signals around stances, turned into body axes: one row a stance, one column an offset from its peak."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backbeat.gait.stretch import BAND_5, BAND_10, BAND_20, Settled, Stretch
from backbeat.samples import FloatArray

BEFORE, AFTER = 100, 44
"""Columns before and after the peak: the stride that ended, and the next contact."""


@dataclass(frozen=True, slots=True)
class Windows:
    """All arrays have the shape (stances, BEFORE + AFTER + 1); specific force in g, angular rate in rad/s.

    Attributes:
        peak: grid index of column BEFORE.
        before: column of the valley before the stance.
        after: column of the valley after it.
    """

    peak: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    up5: FloatArray
    up10: FloatArray
    up20: FloatArray
    forward10: FloatArray
    forward20: FloatArray
    left10: FloatArray
    roll: FloatArray | None
    pitch: FloatArray | None
    yaw: FloatArray | None


def windows(stretch: Stretch, settled: list[Settled], axes: list[FloatArray]) -> Windows:
    """Cut the signals around stances out of a stretch, in the body axes given for each."""
    peak = np.array([s.stance.peak for s in settled])
    at = np.clip(peak[:, None] + np.arange(-BEFORE, AFTER + 1), stretch.low.start, stretch.low.end - 1)
    first = int(at.min())
    signals = stretch.low.view(first, int(at.max()) + 1)
    at = at - first
    matrix = np.array(axes)[:, :, :, None]
    channels = len(signals) // 3

    def turned(band: int, row: int, sensor: int = 0) -> FloatArray:
        c = band * channels + sensor
        return np.asarray(
            matrix[:, row, 0] * signals[c][at]
            + matrix[:, row, 1] * signals[c + 1][at]
            + matrix[:, row, 2] * signals[c + 2][at]
        )

    gyroscope = channels == 6
    return Windows(
        peak,
        np.array([s.stance.before for s in settled]) - peak + BEFORE,
        np.array([s.stance.after for s in settled]) - peak + BEFORE,
        up5=turned(BAND_5, 2),
        up10=turned(BAND_10, 2),
        up20=turned(BAND_20, 2),
        forward10=turned(BAND_10, 0),
        forward20=turned(BAND_20, 0),
        left10=turned(BAND_10, 1),
        roll=turned(BAND_10, 0, 3) if gyroscope else None,
        pitch=turned(BAND_10, 1, 3) if gyroscope else None,
        yaw=turned(BAND_10, 2, 3) if gyroscope else None,
    )
