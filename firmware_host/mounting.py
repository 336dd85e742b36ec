"""How a sensor is worn, from standing still and from bowing."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from backbeat.errors import UserError
from backbeat.samples import STANDARD_GRAVITY, FloatArray, Samples

Axis: TypeAlias = str
"""A sensor axis with its direction, "+x" to "-z"."""

STILL_S = 2.0
STILL_G = 0.05
"""Somebody who stands still sways by a hundredth of g; who does not, by a tenth."""
LEAST_BOW_DEG = 15.0
WITHIN_DEG = 35.0
"""An axis farther than this from where it should point is no answer."""


def held(readings: Samples) -> FloatArray:
    """The specific force in g, shape (3,), over the stillest two seconds.

    Raises:
        UserError: there are no two still seconds.
    """
    acc = readings.acc / STANDARD_GRAVITY
    if not len(readings) or readings.time[-1] - readings.time[0] < STILL_S:
        raise UserError("There were too few readings to see how the sensor is worn; see `backbeat doctor`.")
    n = int(np.searchsorted(readings.time, readings.time[0] + STILL_S))
    stretches = [acc[start : start + n] for start in range(0, len(acc) - n + 1, max(n // 4, 1))]
    stillest = min(stretches, key=lambda part: float(np.var(part, axis=0).sum()))
    if float(np.sqrt(np.var(stillest, axis=0).sum())) > STILL_G:
        raise UserError("You did not hold still for two seconds; please try again.")
    mean: FloatArray = stillest.mean(axis=0)
    return mean


def mounting(standing: FloatArray, bowed: FloatArray) -> tuple[Axis, Axis]:
    """The sensor axes that point up and forward, from the specific force (3,) standing and bowed.

    Who bows turns the sensor's front towards the ground, so "up" moves towards its back. The right and the left side
    follow from up and forward.

    Raises:
        UserError: hardly bowed, or no axis points up or forward.
    """
    up, tipped = standing / np.linalg.norm(standing), bowed / np.linalg.norm(bowed)
    back = tipped - (tipped @ up) * up
    bow = np.degrees(np.arctan2(np.linalg.norm(back), tipped @ up))
    if bow < LEAST_BOW_DEG:
        raise UserError(f"That was a bow of {bow:.0f}°; please try again and bow by 30° or more, from the hips.")
    return _nearest(up, "up"), _nearest(-back / np.linalg.norm(back), "forward")


def _nearest(direction: FloatArray, name: str) -> Axis:
    axis = int(np.argmax(np.abs(direction)))
    off = np.degrees(np.arccos(min(abs(direction[axis]), 1.0)))
    if off > WITHIN_DEG:
        raise UserError(f"No axis of the sensor points {name} (the nearest is {off:.0f}° off): turn it and try again.")
    return ("+" if direction[axis] > 0 else "-") + "xyz"[axis]
