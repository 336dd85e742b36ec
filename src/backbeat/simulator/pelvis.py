"""How the pelvis turns: its attitude and angular rate as functions of time.

Body axes: x forward, y left, z up. The attitude is yaw about z, then pitch about y (forward lean positive), then roll
about x (left side up positive). Pitch goes twice a stride, roll and yaw once with a third harmonic. Amplitudes come
from the runner; the phases are those of the mean stride of the marker recordings with true sides (Fukuchi et al. 2017,
doi:10.7717/peerj.3298; 2.5 and 4.5 m/s), so the free side sinks in stance (roll negative in right stance). Walking
turns the other way about the vertical, as walkers with checked sides do (doi:10.5201/ipol.2023.497).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backbeat.samples import FloatArray
from backbeat.simulator.plan import Contact

ROLL_PHASE, ROLL_THIRD, ROLL_THIRD_PHASE = np.radians(170.0), 0.3, np.radians(10.0)
YAW_PHASE, YAW_THIRD, YAW_THIRD_PHASE = np.radians(150.0), 0.5, np.radians(5.0)
PITCH_PHASE = np.radians(110.0)
SWAY_PHASE = np.radians(125.0)
_STEP_S = 5e-4
"""Half the interval of the central differences that give rates."""


@dataclass(frozen=True, slots=True)
class Stride:
    """The stride phase and the slowly changing amplitudes, known at contacts and smooth between them."""

    time: FloatArray
    phase: FloatArray
    slope: FloatArray
    amplitudes: FloatArray
    """Shape (5, n): tilt, drop, rotation, lean in radians, sway in g."""

    @classmethod
    def of(cls, contacts: Sequence[Contact]) -> Stride:
        """Phase by monotone cubic interpolation (Fritsch & Butland 1984, doi:10.1137/0905021)."""
        time = np.array([c.time for c in contacts])
        phase = np.array([c.phase for c in contacts])
        width, rate = np.diff(time), np.diff(phase) / np.diff(time)
        slope = np.zeros_like(time)
        first, second = 2.0 * width[1:] + width[:-1], width[1:] + 2.0 * width[:-1]
        moving = (rate[:-1] > 0.0) & (rate[1:] > 0.0)
        safe = np.where(moving, rate[:-1], 1.0), np.where(moving, rate[1:], 1.0)
        slope[1:-1] = np.where(moving, (first + second) / (first / safe[0] + second / safe[1]), 0.0)
        amplitudes = np.array([(c.tilt, c.drop, c.rotation, c.lean, c.sway) for c in contacts]).T
        return cls(time, phase, slope, amplitudes)

    def at(self, time: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Phase of shape (n,) and amplitudes of shape (5, n) at these times; two contacts must lie beyond them."""
        k = np.clip(np.searchsorted(self.time, time, side="right") - 1, 0, len(self.time) - 2)
        width = self.time[k + 1] - self.time[k]
        u = (time - self.time[k]) / width
        rest = 1.0 - u
        phase = (
            rest * rest * (1.0 + 2.0 * u) * self.phase[k]
            + u * u * (3.0 - 2.0 * u) * self.phase[k + 1]
            + width * u * rest * (rest * self.slope[k] - u * self.slope[k + 1])
        )
        ease = u * u * (3.0 - 2.0 * u)
        return phase, self.amplitudes[:, k] + ease * (self.amplitudes[:, k + 1] - self.amplitudes[:, k])

    def angles(self, time: FloatArray) -> FloatArray:
        """Roll, pitch and yaw in radians, shape (3, n)."""
        phase, (tilt, drop, rotation, lean, _) = self.at(time)
        return np.stack(
            (
                drop * (np.cos(phase + ROLL_PHASE) + ROLL_THIRD * np.cos(3.0 * phase + ROLL_THIRD_PHASE)),
                lean + tilt * np.cos(2.0 * phase + PITCH_PHASE),
                rotation * (np.cos(phase + YAW_PHASE) + YAW_THIRD * np.cos(3.0 * phase + YAW_THIRD_PHASE)),
            )
        )

    def sway(self, time: FloatArray) -> FloatArray:
        """Sideways specific force at stride frequency in g."""
        phase, amplitudes = self.at(time)
        return np.asarray(amplitudes[4] * np.cos(phase + SWAY_PHASE))

    def rates(self, time: FloatArray, turn: FloatArray | float = 0.0) -> FloatArray:
        """Angular rate in the pelvis's own axes, rad/s, shape (3, n); `turn` is the heading's rate."""
        roll, pitch, _ = self.angles(time)
        droll, dpitch, dyaw = (self.angles(time + _STEP_S) - self.angles(time - _STEP_S)) / (2.0 * _STEP_S)
        dyaw = dyaw + turn
        sr, cr, sp, cp = np.sin(roll), np.cos(roll), np.sin(pitch), np.cos(pitch)
        return np.stack((droll - dyaw * sp, dpitch * cr + dyaw * sr * cp, dyaw * cr * cp - dpitch * sr))


def into_pelvis(vector: FloatArray, angles: FloatArray) -> FloatArray:
    """A vector of shape (3, n) in world axes (x along the heading) in the axes of the pelvis."""
    (sr, sp, sy), (cr, cp, cy) = np.sin(angles), np.cos(angles)
    x, y = cy * vector[0] + sy * vector[1], cy * vector[1] - sy * vector[0]
    x, z = cp * x - sp * vector[2], sp * x + cp * vector[2]
    return np.stack((x, cr * y + sr * z, cr * z - sr * y))


def lever(place: tuple[float, float, float], rate: FloatArray, change: FloatArray) -> FloatArray:
    """Acceleration α×r + ω×(ω×r) in m/s² at `place` (m, pelvis axes) beside the reference point, shape (3, n)."""
    r = np.array(place)[:, None] * np.ones_like(rate)
    inner = np.cross(rate, r, axis=0)
    return np.asarray(np.cross(change, r, axis=0) + np.cross(rate, inner, axis=0))
