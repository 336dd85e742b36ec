"""How the sensor is worn, where a setting or a calibration says so."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from backbeat.samples import FloatArray

Legs: TypeAlias = Literal["usual", "reversed"]
"""Whether a runner's right foot shows itself as most people's does (`backbeat.gait.legs`) or the other way round."""

NEAR = math.cos(math.radians(45.0))
"""A sensor that is turned by more than this since it was calibrated is worn another way."""


@dataclass(frozen=True, slots=True)
class Worn:
    """How a sensor was worn by a runner when it was calibrated (`backbeat.gait.calibration`).

    Attributes:
        up: unit vector (3,) in sensor axes.
        forward: likewise, at a right angle to it.
        legs: how the right foot shows itself, None where that could not be seen.
    """

    up: tuple[float, float, float]
    forward: tuple[float, float, float]
    legs: Legs | None = None


@dataclass(frozen=True, slots=True)
class Mount:
    """Body directions in sensor axes; None is to be found from the motion.

    Attributes:
        up: unit vector (3,).
        matrix: forward, left, up as rows (3, 3), where forward is set too.
        worn: how it was worn at calibration: which end of the forward axis is the front. The direction itself comes
            from the motion all the same, since nobody puts a belt on twice alike.
    """

    up: FloatArray | None = None
    matrix: FloatArray | None = None
    worn: Worn | None = None

    def facing(self, matrix: FloatArray) -> FloatArray:
        """Axes found from the motion, forward, left, up as rows (3, 3), with their front where calibration saw it."""
        if self.worn is None or self.turned(matrix) or matrix[0] @ self.worn.forward > -NEAR:
            return matrix
        return np.asarray(matrix * np.array([[-1.0], [-1.0], [1.0]]))

    def turned(self, matrix: FloatArray) -> bool:
        """Whether the sensor is worn another way up than at its calibration, which then says nothing."""
        return self.worn is not None and bool(matrix[2] @ self.worn.up < NEAR)

    @classmethod
    def of(cls, up: str | None, forward: str | None, worn: Worn | None = None) -> Mount:
        """From axis names such as "+z" and "-x", and from a calibration.

        Raises:
            ValueError: not an axis name, forward without up, or both along one axis.
        """
        if up is None:
            if forward is not None:
                raise ValueError(f"forward is set to {forward!r} but up is not; set both, or none")
            return cls(worn=worn)
        above = _direction(up)
        if forward is None:
            return cls(above, worn=worn)
        ahead = _direction(forward)
        if ahead @ above != 0:
            raise ValueError(f"up {up!r} and forward {forward!r} lie along one axis; set two different axes")
        return cls(above, np.stack([ahead, np.cross(above, ahead), above]), worn)


def _direction(name: str) -> FloatArray:
    if len(name) != 2 or name[0] not in "+-" or name[1] not in "xyz":
        raise ValueError(f"{name!r} is not a sensor axis; write one of +x -x +y -y +z -z")
    direction = np.zeros(3)
    direction["xyz".index(name[1])] = 1.0 if name[0] == "+" else -1.0
    return direction
