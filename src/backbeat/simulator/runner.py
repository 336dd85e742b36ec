"""Who runs: every property of the simulated runner, in physical units."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, sqrt


@dataclass(frozen=True, slots=True)
class Runner:
    """A runner's usual gait and how it changes with speed, slope and time.

    Where a value is None it follows from speed and slope (`cadence`, `contact_time`, `impact` below). Asymmetries
    are true values of the index 100·(R−L)/(½(R+L)): positive when the right is larger. A right step time is the
    one that ends with the right foot's contact.

    Attributes:
        cadence_spm: steps a minute on the level, None to follow speed.
        contact_time_ms: ground contact time on the level, None to follow speed.
        impact_g: peak vertical specific force at the sacrum in early stance on the level, None to follow speed.
        impact_asymmetry_pct: of that peak.
        step_time_asymmetry_pct: of the time from one initial contact to the next.
        contact_time_asymmetry_pct: of the ground contact time.
        step_time_cv_pct: step-to-step variation, coefficient of variation.
        contact_time_cv_pct: likewise.
        impact_cv_pct: likewise.
        braking_g: peak backward specific force just after landing at 3.3 m/s on the level.
        sway_g: amplitude of the sideways specific force at stride frequency.
        lean_deg: mean forward tilt of the pelvis.
        tilt_deg: amplitude of forward-backward rotation, twice a stride, at 3.3 m/s.
        drop_deg: amplitude of side-to-side rotation (obliquity), once a stride, at 3.3 m/s.
        rotation_deg: amplitude of rotation about the vertical, once a stride, at 3.3 m/s.
        first_side_left: whether the first step is a left one.
        impact_drift_pct_min: fatigue: growth of the impact a minute of running, % of its first value.
        cadence_drift_pct_min: likewise of the cadence.
        contact_time_drift_pct_min: likewise of the contact time.
        impact_asymmetry_drift_pct_min: points added to `impact_asymmetry_pct` a minute of running.
        drop_drift_deg_min: degrees added to `drop_deg` a minute of running.
        drift_from_s: seconds of running before these begin.
    """

    cadence_spm: float | None = None
    contact_time_ms: float | None = None
    impact_g: float | None = None
    impact_asymmetry_pct: float = 0.0
    step_time_asymmetry_pct: float = 0.0
    contact_time_asymmetry_pct: float = 0.0
    step_time_cv_pct: float = 1.5
    contact_time_cv_pct: float = 2.5
    impact_cv_pct: float = 7.0
    braking_g: float = 0.5
    sway_g: float = 0.1
    lean_deg: float = 5.0
    tilt_deg: float = 3.0
    drop_deg: float = 6.0
    rotation_deg: float = 3.0
    first_side_left: bool = True
    impact_drift_pct_min: float = 0.0
    cadence_drift_pct_min: float = 0.0
    contact_time_drift_pct_min: float = 0.0
    impact_asymmetry_drift_pct_min: float = 0.0
    drop_drift_deg_min: float = 0.0
    drift_from_s: float = 0.0

    def cadence(self, speed_m_s: float, grade_pct: float) -> float:
        """Steps a minute: slowly more with speed (about 165 at 2.5, 176 at 4.5 m/s) and uphill."""
        level = 151.0 + 5.6 * speed_m_s if self.cadence_spm is None else self.cadence_spm
        return level * (1.0 + 0.002 * grade_pct)

    def contact_time(self, speed_m_s: float) -> float:
        """Seconds on the ground: falls with the root of speed, 230 ms at 3.33 m/s (the force-plate runners' range)."""
        if self.contact_time_ms is not None:
            return self.contact_time_ms / 1e3
        return 0.23 * sqrt(3.33 / max(speed_m_s, 1.2))

    def impact(self, speed_m_s: float, grade_pct: float) -> float:
        """Early vertical peak in g: 3.1 at 3.33 m/s, with the root of speed, more downhill and less uphill.

        The slope's effect is the one of one runner's sacral accelerometer at 3.33 m/s: 2.6 g at +10°, 4.7 g at −10°.
        """
        level = 3.1 * sqrt(max(speed_m_s, 1.0) / 3.33) if self.impact_g is None else self.impact_g
        return level * exp(-(0.010 if grade_pct > 0.0 else 0.024) * grade_pct)

    def asymmetry(self, running_s: float) -> float:
        """The true impact asymmetry in %, after so many seconds of running."""
        return self.impact_asymmetry_pct + self.impact_asymmetry_drift_pct_min * self.tired_min(running_s)

    def tired_min(self, running_s: float) -> float:
        """Minutes for which the drifts have been going on."""
        return max(0.0, running_s - self.drift_from_s) / 60.0
