"""What belongs to a whole stride: pelvis rotation and sideways sway over this step and the one before it.

A stride begins and ends in the same posture, so an angle is the integral of the rate less the stride's mean rate: no
drift, no filter to settle, and the gyroscope's bias drops out. What is lost with the mean is the absolute angle, which
one sensor cannot know without a reference posture anyway. A research Kalman filter at the sacrum has a bias of about
0.3° (Asgari & Heller 2025, doi:10.3390/s25020315); over one stride of steady running the integral needs none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from backbeat.gait.grid import RATE_HZ
from backbeat.gait.track import Track
from backbeat.samples import STANDARD_GRAVITY, FloatArray

LENGTH = 130
"""Longest stride, grid samples; 140 steps/min is 86."""

_ONES = np.ones(LENGTH)
_DEGREES = 180.0 / math.pi / RATE_HZ


@dataclass(frozen=True, slots=True)
class Stride:
    """One stride; angles in degrees, None where there is no gyroscope.

    Attributes:
        tilt: range of forward-backward rotation.
        drop: range of side-to-side rotation (obliquity).
        rotation: range of rotation about the vertical.
        sink_left: how far the right side sank below its height at contact, if this is a left stance; None in walking.
        sink_right: how far the left side sank, if this is a right stance; None in walking.
        sway: side-to-side path of the sensor, peak to peak, m.
        pull: mean specific force in sensor axes, g, shape (3,).
    """

    tilt: float | None
    drop: float | None
    rotation: float | None
    sink_left: float | None
    sink_right: float | None
    sway: float
    pull: FloatArray


def stride(
    low: Track, begin: int, end: int, matrix: FloatArray, initial_contact: float, toe_off: float | None
) -> Stride | None:
    """Measure a stride; None where it is too long to be one, or no longer at hand.

    Args:
        low: signals in sensor axes: from row 3 on specific force and, with a gyroscope, angular rate at 10 Hz.
        begin: grid index of the valley before the step before.
        end: grid index of the valley after the step.
        matrix: body axes in force for the step.
        initial_contact: grid index, of the step.
        toe_off: grid index, of the step; None in walking.
    """
    length = end - begin
    if begin < max(low.start, 0) or not 0 < length < LENGTH:
        return None
    sensor = low.view(begin, end)[3:]
    mean = sensor @ (_ONES[:length] / length)
    moving = sensor - mean[:, None]
    path = np.empty((len(sensor) - 2, length))  # sideways, and with a gyroscope about the three axes
    np.matmul(matrix[1], moving[:3], out=path[0])
    if len(path) > 1:
        np.matmul(matrix, moving[3:], out=path[1:])
    path = path.cumsum(axis=1)
    path[0] = (path[0] - np.add.reduce(path[0]) / length).cumsum()
    sway, *angles = (np.maximum.reduce(path, axis=1) - np.minimum.reduce(path, axis=1)).tolist()
    sway *= STANDARD_GRAVITY / RATE_HZ**2
    if not angles:
        return Stride(None, None, None, None, None, sway, mean)
    drop, tilt, rotation = (angle * _DEGREES for angle in angles)
    left = right = None
    if toe_off is not None:
        left, right = _sinks(path[1], initial_contact - begin, toe_off - begin)
    return Stride(tilt, drop, rotation, left, right, sway, mean[:3])


def _sinks(roll: FloatArray, contact: float, toe_off: float) -> tuple[float | None, float | None]:
    """How far the right, and how far the left side sinks in a stance, degrees."""
    stance = roll[max(math.ceil(contact), 0) : math.floor(toe_off) + 1].tolist()
    if not stance:
        return None, None
    return (max(stance) - stance[0]) * _DEGREES, (stance[0] - min(stance)) * _DEGREES
