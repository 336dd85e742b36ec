"""How the sensor is worn, where a setting says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backbeat.samples import FloatArray


@dataclass(frozen=True, slots=True)
class Mount:
    """Body directions in sensor axes; None is to be found from the motion.

    Attributes:
        up: unit vector (3,).
        matrix: forward, left, up as rows (3, 3), where forward is set too.
    """

    up: FloatArray | None = None
    matrix: FloatArray | None = None

    @classmethod
    def of(cls, up: str | None, forward: str | None) -> Mount:
        """From axis names such as "+z" and "-x".

        Raises:
            ValueError: not an axis name, forward without up, or both along one axis.
        """
        if up is None:
            if forward is not None:
                raise ValueError(f"forward is set to {forward!r} but up is not; set both, or none")
            return cls()
        above = _direction(up)
        if forward is None:
            return cls(above)
        ahead = _direction(forward)
        if ahead @ above != 0:
            raise ValueError(f"up {up!r} and forward {forward!r} lie along one axis; set two different axes")
        return cls(above, np.stack([ahead, np.cross(above, ahead), above]))


def _direction(name: str) -> FloatArray:
    if len(name) != 2 or name[0] not in "+-" or name[1] not in "xyz":
        raise ValueError(f"{name!r} is not a sensor axis; write one of +x -x +y -y +z -z")
    direction = np.zeros(3)
    direction["xyz".index(name[1])] = 1.0 if name[0] == "+" else -1.0
    return direction
