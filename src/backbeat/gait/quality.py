"""How far the signal can be trusted, and what it cannot give."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping

from backbeat.gait.activity import LEAST_MEAN_G
from backbeat.samples import FloatArray, Position

MEMORY_S = 9.75
"""A problem counts for this long after it was last seen; a quarter beside the half-second looks, so that rounding of
the time cannot decide."""
SCALE_TOLERANCE_G = 0.12
"""Largest believable deviation of the mean specific force from 1 g while moving."""
LOST_LOOKS = 6
"""Looks at a gait (one each half second) after which body axes would have been found."""
UNLIKE_LOOKS = 6
"""Looks in a row at a strong bounce of another kind: who jumps a few times needs no word about it."""
LOWEST_RATE_HZ = 80.0
"""Readings a second below which the 20 Hz band is not there to measure in."""

PROBLEMS = {
    "unusable": "The readings are no numbers, or larger than any a runner makes: look at the sensor and the units.",
    "slow": "Readings come more than 45 ms apart again and again: no step can be found. 25 even ones a second do.",
    "holes": "Readings are missing again and again: no step can be found between the holes. Look at the connection.",
    "vertical": "The accelerometer's axis that points up is missing: no step can be found.",
    "forward": "Forward cannot be told, as an axis of the accelerometer is missing: no step can be found.",
    "front": "Forward cannot be told from this motion: no step can be found. Say in [mount] how the sensor is worn.",
    "rhythm": "A strong bounce that is neither running nor walking: skipping, hopping, jumping, fewer than 120 or more "
    "than 230 steps a minute, or legs that look too different from here. It has no steps.",
    "gap": "Readings are missing.",
    "saturated": "Readings reach the end of the sensor's range: choose a wider range.",
    "scale": "The mean specific force of the motion is not 1 g: wrong units or range, or a filtered signal.",
    "slipped": "The sensor has turned on the body: fasten it.",
    "turned": "Worn another way up than at its calibration, which no longer tells front from back: calibrate again.",
}
PENALTY = {
    "unusable": 1.0,
    "slow": 1.0,
    "holes": 1.0,
    "vertical": 1.0,
    "forward": 1.0,
    "front": 1.0,
    "rhythm": 0.0,
    "gap": 0.3,
    "saturated": 0.2,
    "scale": 0.4,
    "slipped": 0.5,
    "turned": 0.1,
}

_PELVIS = (
    *("pelvic_tilt_range_deg", "pelvic_drop_range_deg", "pelvic_rotation_range_deg"),
    *("pelvic_drop_deg", "pelvic_tilt_drift_deg"),
)
_INDICES = tuple(
    f"{measure}{which}_pct"
    for measure in ("impact", "contact_time", "flight_time", "step_time")
    for which in ("", "_low", "_high")
)
_IMPACT = ("impact_peak_g", "impact_rate_g_s", "impact_pct", "impact_low_pct", "impact_high_pct", "impact_change_pct")
_BY_BODY_AXIS = (("braking_m_s",), ("medio_lateral_sway_cm", "harmonic_ratio_lateral", "rms_ratio_lateral"), ())


class Quality:
    """Problems seen lately, and what else explains that there are no steps. Times are seconds on the readings' axis."""

    def __init__(self) -> None:
        self._seen: dict[str, float] = {}
        self._told: tuple[str, ...] | None = None
        self._scale: deque[bool] = deque(maxlen=20)
        self._lost = self._unlike = 0

    def saw(self, problem: str, time: float) -> None:
        """A problem was there at this time."""
        self._seen[problem] = time

    def moved(self, mean_g: float, time: float) -> None:
        """Length of the mean specific force of half a second of motion."""
        self._scale.append(abs(mean_g - 1.0) > SCALE_TOLERANCE_G)
        if sum(self._scale) > len(self._scale) // 2:
            self.saw("scale", time)

    def looked(self, mean_g: float, time: float, *, moving: bool, axes: FloatArray | None, whole: bool) -> None:
        """Half a second: does it show up and forward?

        Args:
            mean_g: length of the mean specific force.
            time: of the look.
            moving: a gait is seen.
            axes: body axes in sensor axes, None where not found.
            whole: the accelerometer has all its axes.
        """
        if not whole and mean_g < LEAST_MEAN_G:
            self.saw("vertical", time)
        self._lost = self._lost + 1 if moving and axes is None else 0
        if self._lost > LOST_LOOKS:
            self.saw("front" if whole else "forward", time)

    def bounced(self, time: float, *, unlike: bool) -> None:
        """Half a second: is there a strong bounce that is neither running nor walking?"""
        self._unlike = self._unlike + 1 if unlike else 0
        if self._unlike > UNLIKE_LOOKS:
            self.saw("rhythm", time)

    def changed(self, time: float) -> bool:
        """Whether the problems are others than when this was last asked."""
        _, problems = self.now(time)
        told, self._told = self._told, tuple(problems)
        return told != self._told

    def now(self, time: float) -> tuple[float, dict[str, str]]:
        """Quality (0 to 1) and the problems of the last ten seconds."""
        seen = {
            name: text for name, text in PROBLEMS.items() if name in self._seen and time - self._seen[name] < MEMORY_S
        }
        return math.prod(1.0 - PENALTY[name] for name in seen), seen


def absences(
    rate_hz: float, *, gyroscope: bool, absent: Mapping[str, str], axes: FloatArray | None, position: Position
) -> dict[str, str]:
    """Fields of `Step`, `Stability` and `Symmetry` that the signal cannot give, each with the reason.

    Args:
        rate_hz: readings a second.
        gyroscope: whether there is one.
        absent: missing sensor axes with their reasons.
        axes: body axes in sensor axes, None where not found yet.
        position: where the sensor sits, as set or found.
    """
    reasons: dict[str, str] = {}
    if not gyroscope:
        reasons |= dict.fromkeys(_PELVIS, "no gyroscope")
    if rate_hz < LOWEST_RATE_HZ:
        reason = f"{rate_hz:.0f} readings a second are too few for the 20 Hz band"
        reasons |= dict.fromkeys(_IMPACT, reason)
    if position in ("left_hip", "right_hip"):
        reason = f"worn on the {position.replace('_', ' ')}, where the sides of any runner look different"
        reasons |= dict.fromkeys(_INDICES, reason)
    for name, reason in absent.items():
        if axes is not None and name.startswith("acc_"):
            sensor = "xyz".index(name[-1])
            for row, lost in enumerate(_BY_BODY_AXIS):
                if abs(axes[row, sensor]) > 0.3:
                    reasons |= dict.fromkeys(lost, f"{name} is missing: {reason}")
    return reasons
