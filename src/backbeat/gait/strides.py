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
from backbeat.gait.stretch import Stretch
from backbeat.samples import STANDARD_GRAVITY, FloatArray

LENGTH = 130
"""Longest stride, grid samples; 140 steps/min is 86."""
_COLUMN = np.arange(LENGTH)


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
    at = start[:, None] + _COLUMN
    inside = at < ends[:, None]
    mask = inside.astype(float)
    length = (ends - start)[:, None].astype(float)
    sensor = low.at(stretch.measured[3:], np.minimum(at, ends[:, None]))
    channels = sensor.shape[1]
    mean = rows.total(sensor, mask) / length
    moving = (sensor - mean[:, :, None]).reshape(len(ends), -1, 3, LENGTH)
    matrices = stretch.frames.matrices(np.array([s.frame for s in settled]))
    body = np.matmul(matrices[:, None], moving).reshape(len(ends), channels, LENGTH)
    path = _integrated(body, mask, length)
    lost = np.where(whole, 1.0, np.nan)
    sway = _range(_integrated(path[:, 1:2], mask, length))[:, 0] * (lost * STANDARD_GRAVITY / RATE_HZ**2)
    pull = mean[:, :3] * lost[:, None]
    if channels == 3:
        nothing = np.full(len(start), np.nan)
        return Strides(nothing, nothing, nothing, nothing, nothing, sway, pull)
    degrees = lost * (180.0 / np.pi / RATE_HZ)
    drop, tilt, rotation = _range(path[:, 3:]).T * degrees
    roll = path[:, 3]
    stance = (initial_contact[:, None] <= at) & (toe_off[:, None] >= at) & inside
    at_contact = roll[np.arange(len(roll)), stance.argmax(axis=1)]
    sink_right = (at_contact - np.where(stance, roll, np.inf).min(axis=1)) * degrees
    sink_left = (np.where(stance, roll, -np.inf).max(axis=1) - at_contact) * degrees
    return Strides(tilt, drop, rotation, sink_left, sink_right, sway, pull)


def _integrated(rate: FloatArray, mask: FloatArray, length: FloatArray) -> FloatArray:
    """Integral over the mask of the rate less its mean there, itself with zero mean; outside it is 0.

    Args:
        rate: shape (strides, signals, LENGTH), per grid sample.
        mask: 1.0 inside the stride, else 0.0, shape (strides, LENGTH).
        length: grid samples of the stride, shape (strides, 1).
    """
    inside = mask[:, None]
    path = ((rate - (rows.total(rate, mask) / length)[:, :, None]) * inside).cumsum(axis=2)
    path -= (rows.total(path, mask) / length)[:, :, None]
    path *= inside
    return np.asarray(path)


def _range(path: FloatArray) -> FloatArray:
    """Highest minus lowest of signals that are 0 outside their stride and have zero mean in it."""
    return np.asarray(path.max(axis=2) - path.min(axis=2))
