"""Where the sensor sits: how far beside the midline, from the pelvis's own rotation.

A sensor r metres to the left of the midline is moved by every rotation of the pelvis: angular acceleration a adds
-a_yaw · r to its forward and +a_roll · r to its upward acceleration (rigid body). Of a symmetric gait the midline
itself moves forward and up alike on both legs, so in what *differs* from step to step the lever arm stands alone; its
length is the slope of a regression through the origin. It needs a gyroscope. Own method; the lever arm itself is plain
mechanics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from backbeat.gait.grid import RATE_HZ
from backbeat.samples import STANDARD_GRAVITY, FloatArray, Position

ON_MIDLINE_M = 0.06
"""A belt pouch 0.05 m off the sacrum still counts as sacrum."""
ON_HIP_M = 0.08
"""A hip is 0.10-0.17 m from the midline (half the width between the iliac crests is about 0.14 m)."""
EXPLAINED = 0.5
"""Correlation from which the lever arm explains enough to tell a hip."""
ARM_WINDOW = 250
"""Grid samples of one window."""
ARM_WINDOWS = 20
"""Windows of running (each half a second on) from which the position is told: once, and once more after each slip."""

HIPS: tuple[Position, ...] = ("left_hip", "right_hip")


@dataclass(frozen=True, slots=True)
class LeverArm:
    """Sums of a regression of step-to-step differences.

    Attributes:
        xy: of acceleration times angular acceleration.
        xx: of angular acceleration squared.
        yy: of acceleration squared.
        windows: added so far.
    """

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
        """Position, once there are enough windows; between sacrum and hip nothing is claimed."""
        if self.windows < ARM_WINDOWS:
            return "unknown"
        if abs(self.offset_m) <= ON_MIDLINE_M:
            return "sacrum"
        if abs(self.offset_m) >= ON_HIP_M and abs(self.correlation) >= EXPLAINED:
            return "left_hip" if self.offset_m > 0 else "right_hip"
        return "unknown"


def update(arm: LeverArm, acc: FloatArray, gyr: FloatArray, step_hz: float) -> LeverArm:
    """Add one window of steady motion.

    Args:
        arm: so far.
        acc: forward, left, up in g, 10 Hz, shape (3, n), n about `ARM_WINDOW`.
        gyr: roll, pitch, yaw in rad/s, likewise.
        step_hz: step frequency.
    """
    lag = round(RATE_HZ / step_hz)
    turning = (gyr[:, 2:] - gyr[:, :-2]) * (0.5 * RATE_HZ / STANDARD_GRAVITY)
    acc = acc[:, 1:-1]
    odd_acc, odd_turning = acc[:, lag:] - acc[:, :-lag], turning[:, lag:] - turning[:, :-lag]
    x = np.concatenate((-odd_turning[2], odd_turning[0]))
    y = np.concatenate((odd_acc[0] - odd_acc[0].mean(), odd_acc[2] - odd_acc[2].mean()))
    return LeverArm(arm.xy + float(x @ y), arm.xx + float(x @ x), arm.yy + float(y @ y), arm.windows + 1)
