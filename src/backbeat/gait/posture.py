"""How far the pelvis has tilted since the run's own start.

Over a whole stride the mean specific force points up, so its direction in the sensor's axes is the sensor's tilt,
whatever the runner does within the stride. One stride scatters by some degrees, because speed is never quite even;
forty of them settle it. Rotation about the vertical has no such reference, and the mean of side-to-side tilt is that of
the belt and the road's camber: of drop and rotation it is their size in a stride (`strides`) that is followed from the
run's start (`backbeat.strain.drift`).
"""

from __future__ import annotations

import math

from backbeat.samples import FloatArray

MEMORY = 40
"""Strides that the mean tilt remembers (about 30 s)."""
START = 100
"""Strides after which the run's own start is known (about 70 s)."""


class Posture:
    """Mean tilt of the sensor, forward positive, against that of the first strides."""

    __slots__ = ("_axes", "_count", "_mean", "_reference")

    def __init__(self) -> None:
        self._axes: FloatArray | None = None
        self._count = 0
        self._mean = 0.0
        self._reference: float | None = None

    def add(self, pull: FloatArray, axes: FloatArray) -> float | None:
        """Tilt drift in degrees, None until the start is known.

        Args:
            pull: mean specific force of a stride in sensor axes, g, shape (3,).
            axes: body axes in sensor axes; those of the first stride serve throughout.
        """
        if self._axes is None:
            self._axes = axes
        forward, up = float(self._axes[0] @ pull), float(self._axes[2] @ pull)
        tilt = math.degrees(math.atan2(-forward, up))
        self._count += 1
        self._mean += (tilt - self._mean) / min(self._count, MEMORY)
        if self._count == START:
            self._reference = self._mean
        return None if self._reference is None else self._mean - self._reference
