"""What belongs to a whole stride: pelvis rotation and sideways sway over this step and the one before it.

A stride begins and ends in the same posture, so an angle is the integral of the rate less the stride's mean rate: no
drift, no filter to settle, and the gyroscope's bias drops out. What is lost with the mean is the absolute angle, which
one sensor cannot know without a reference posture anyway. A research Kalman filter at the sacrum has a bias of about
0.3° (Asgari & Heller 2025, doi:10.3390/s25020315); over one stride of steady running the integral needs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backbeat.gait import rows
from backbeat.gait.grid import RATE_HZ
from backbeat.gait.queue import Settled
from backbeat.gait.stretch import BAND_10, Stretch
from backbeat.samples import STANDARD_GRAVITY, BoolArray, FloatArray

LENGTH = 130
"""Longest stride, grid samples; 140 steps/min is 86."""


@dataclass(frozen=True, slots=True)
class Strides:
    """One row a step; NaN where the step before is not at hand, or there is no gyroscope.

    Attributes:
        tilt: range of forward-backward rotation, degrees.
        drop: range of side-to-side rotation (obliquity), degrees.
        rotation: range of rotation about the vertical, degrees.
        sink_left: how far the right side sank below its height at contact, if this is a left stance, degrees.
        sink_right: how far the left side sank, if this is a right stance, degrees.
        sway: side-to-side path of the sensor, peak to peak, m.
        pull: mean specific force in sensor axes, g, shape (steps, 3).
    """

    tilt: FloatArray
    drop: FloatArray
    rotation: FloatArray
    sink_left: FloatArray
    sink_right: FloatArray
    sway: FloatArray
    pull: FloatArray


def strides(
    stretch: Stretch,
    settled: Sequence[Settled],
    begins: NDArray[np.int64],
    initial_contact: FloatArray,
    toe_off: FloatArray,
) -> Strides:
    """Measure strides.

    Args:
        stretch: the signals.
        settled: the steps that end the strides.
        begins: grid index of the valley at which each stride begins, -1 where the step before is not at hand.
        initial_contact: grid index, of the step.
        toe_off: grid index, of the step.
    """
    low = stretch.low
    ends = np.array([s.stance.after for s in settled])
    whole = (begins >= low.start) & (ends - begins < LENGTH)
    start = np.where(whole, begins, ends - 1)
    column = np.arange(LENGTH)
    mask: BoolArray = (start[:, None] + column) < ends[:, None]
    at = np.minimum(start[:, None] + column, ends[:, None]) - low.start
    signals = low.view(low.start, low.end)
    channels = len(signals) // 2
    base = BAND_10 * channels
    matrix = np.array([stretch.frames[s.frame] for s in settled])[:, :, :, None]
    sensor = [signals[base + c][at] for c in range(channels)]

    def turned(row: int, first: int) -> FloatArray:
        m = matrix[:, row]
        return np.asarray(m[:, 0] * sensor[first] + m[:, 1] * sensor[first + 1] + m[:, 2] * sensor[first + 2])

    def valid(values: FloatArray) -> FloatArray:
        return np.where(whole, values, np.nan)

    sway = valid(_spread(_integrated(_integrated(turned(1, 0) * STANDARD_GRAVITY, mask), mask), mask))
    pull = np.stack([rows.mean(sensor[c], mask)[:, 0] for c in range(3)], axis=1)
    pull[~whole] = np.nan
    if channels == 3:
        nothing = np.full(len(start), np.nan)
        return Strides(nothing, nothing, nothing, nothing, nothing, sway, pull)
    roll, pitch, yaw = (np.degrees(_integrated(turned(row, 3), mask)) for row in range(3))
    stance = (initial_contact[:, None] <= start[:, None] + column) & (toe_off[:, None] >= start[:, None] + column)
    at_contact = np.take_along_axis(roll, rows.highest(stance.astype(float), mask)[:, None], axis=1)[:, 0]
    sink_right = at_contact - np.where(stance, roll, np.inf).min(axis=1)
    sink_left = np.where(stance, roll, -np.inf).max(axis=1) - at_contact
    return Strides(
        valid(_spread(pitch, mask)),
        valid(_spread(roll, mask)),
        valid(_spread(yaw, mask)),
        valid(sink_left),
        valid(sink_right),
        sway,
        pull,
    )


def _integrated(rate: FloatArray, mask: BoolArray) -> FloatArray:
    """Integral over the mask of the rate less its mean there, itself with zero mean."""
    total = np.cumsum(np.where(mask, rate - rows.mean(rate, mask), 0.0), axis=1) / RATE_HZ
    return np.where(mask, total - rows.mean(total, mask), 0.0)


def _spread(values: FloatArray, mask: BoolArray) -> FloatArray:
    return np.asarray(np.where(mask, values, -np.inf).max(axis=1) - np.where(mask, values, np.inf).min(axis=1))
