"""Where the sensor sits: how far beside the midline, from the pelvis's own rotation.

A sensor ``r`` metres to the left of the midline is moved by every rotation of the pelvis: angular acceleration
``a`` adds ``-a_yaw * r`` to its forward and ``+a_roll * r`` to its upward acceleration (rigid body). Of a
symmetric gait the midline itself moves forward and up alike on both legs, so in what *differs* from step to step
the lever arm stands alone; its length is the slope of a regression through the origin. It needs a gyroscope. Own
method; the lever arm itself is plain mechanics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Position = Literal["sacrum", "left_hip", "right_hip", "unknown"]

RATE_HZ = 100
GRAVITY = 9.80665


@dataclass(frozen=True, slots=True)
class LeverArm:
    """Sums of a regression: ``xy`` and ``xx``, ``yy`` of step-to-step differences, over ``windows`` windows."""

    xy: float = 0.0
    xx: float = 0.0
    yy: float = 0.0
    windows: int = 0

    @property
    def offset_m(self) -> float:
        """Distance to the left of the midline in metres (negative: to the right)."""
        return self.xy / self.xx if self.xx > 0 else 0.0

    @property
    def correlation(self) -> float:
        """How much of the difference the lever arm explains, -1 to 1."""
        return self.xy / math.sqrt(self.xx * self.yy) if self.xx > 0 and self.yy > 0 else 0.0

    @property
    def position(self) -> Position:
        """Position, once ten windows agree.

        A hip is 0.10-0.17 m from the midline (half the width between the iliac crests is about 0.14 m); a belt
        pouch 0.05 m off the sacrum still counts as sacrum, and between the two nothing is claimed.
        """
        if self.windows < 10:
            return "unknown"
        if abs(self.offset_m) <= 0.06:
            return "sacrum"
        if abs(self.offset_m) >= 0.08 and abs(self.correlation) >= 0.5:
            return "left_hip" if self.offset_m > 0 else "right_hip"
        return "unknown"


def update(arm: LeverArm, body_acc: Array, body_gyr: Array, step_hz: float) -> LeverArm:
    """Add one window.

    ``body_acc`` (n, 3) g and ``body_gyr`` (n, 3) rad/s in forward, left, up, low-passed at 10 Hz, n about 250,
    of steady motion.
    """
    lag = round(RATE_HZ / step_hz)
    turning = (body_gyr[2:] - body_gyr[:-2]) * (0.5 * RATE_HZ / GRAVITY)
    acc = body_acc[1:-1]
    odd_acc, odd_turning = acc[lag:] - acc[:-lag], turning[lag:] - turning[:-lag]
    x = np.concatenate([-odd_turning[:, 2], odd_turning[:, 0]])
    y = np.concatenate([odd_acc[:, 0] - odd_acc[:, 0].mean(), odd_acc[:, 2] - odd_acc[:, 2].mean()])
    return LeverArm(arm.xy + float(x @ y), arm.xx + float(x @ x), arm.yy + float(y @ y), arm.windows + 1)
