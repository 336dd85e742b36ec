"""What is watched, and what is known of it before the runner has been seen: population priors.

Sources of the priors: the share of impact that slope explains is measured on public force-plate trials (2.6, 3.1, 4.1
and 4.7 g at +17.6, 0, -8.7 and -17.6 % at one speed); the dependence on speed is physics (contact time falls, force and
impact rise) with a wide uncertainty; spreads within and between sessions are working values, replaced by the runner's
own as soon as there are sessions (`backbeat.strain.baseline`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import cast

import numpy as np

from backbeat.samples import FloatArray

REFERENCE_SPEED_M_S = 3.0
REFERENCE_CADENCE_SPM = 170.0
COVARIATES = ("level", "pace", "uphill", "downhill")
"""Terms of the model of usual: level; log of speed (or cadence) over the reference; % uphill; % downhill."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known of one measure beforehand.

    Attributes:
        name: field of `Step`, or "impact_pct", the symmetry index of the impact.
        unit: for people.
        logarithmic: modelled on the log scale (everything that is positive), so that spreads are shares.
        typical: a middling value, only to have a scale while nothing is known.
        within: SD of one-minute means in a session, as a share (log) or in the unit.
        between: SD of the level from session to session, likewise.
        pace: exponent of speed (log) or change per unit of log speed, with its SD.
        uphill: change per per cent of slope upwards, with its SD.
        downhill: change per per cent of slope downwards, with its SD.
        tires: direction in which it moves when runners tire; 0 where the studies do not agree.
    """

    name: str
    unit: str
    logarithmic: bool
    typical: float
    within: float
    between: float
    pace: tuple[float, float]
    uphill: tuple[float, float]
    downhill: tuple[float, float]
    tires: int = 0


PRIORS: tuple[Prior, ...] = (
    Prior("impact_peak_g", "g", True, 3.1, 0.02, 0.06, (0.7, 0.3), (-0.010, 0.006), (0.028, 0.010), 1),
    Prior("impact_rate_g_s", "g/s", True, 120.0, 0.03, 0.09, (0.9, 0.4), (-0.020, 0.012), (0.030, 0.012), 1),
    Prior("contact_time_ms", "ms", True, 250.0, 0.01, 0.025, (-0.55, 0.15), (0.001, 0.003), (-0.001, 0.004), 1),
    Prior("flight_time_ms", "ms", True, 110.0, 0.02, 0.06, (0.4, 0.4), (-0.004, 0.006), (0.004, 0.006)),
    Prior("cadence_spm", "steps/min", True, 170.0, 0.007, 0.015, (0.13, 0.08), (0.001, 0.002), (0.001, 0.002), -1),
    Prior("duty_factor_pct", "%", True, 35.0, 0.01, 0.025, (-0.40, 0.15), (0.002, 0.003), (-0.001, 0.004), 1),
    Prior("peak_force_bw", "body weights", True, 2.5, 0.01, 0.03, (0.25, 0.12), (-0.003, 0.003), (0.005, 0.005)),
    Prior("vertical_oscillation_cm", "cm", True, 8.5, 0.02, 0.05, (-0.1, 0.3), (-0.004, 0.006), (0.003, 0.006), 1),
    Prior("braking_m_s", "m/s", True, 0.20, 0.04, 0.12, (0.5, 0.5), (-0.03, 0.02), (0.03, 0.02), 1),
    Prior("vertical_stiffness_bw_m", "BW/m", True, 35.0, 0.02, 0.06, (0.3, 0.3), (0.002, 0.006), (-0.002, 0.006), -1),
    Prior("pelvic_drop_deg", "°", False, 4.0, 0.4, 1.0, (0.5, 1.0), (0.02, 0.05), (0.02, 0.05), 1),
    Prior("pelvic_rotation_range_deg", "°", False, 12.0, 0.5, 1.5, (3.0, 3.0), (0.05, 0.10), (0.05, 0.10), 1),
    Prior("pelvic_tilt_range_deg", "°", False, 8.0, 0.4, 1.2, (1.0, 2.0), (0.02, 0.08), (0.05, 0.08)),
    Prior("pelvic_tilt_drift_deg", "°", False, 0.0, 0.6, 0.8, (1.0, 2.0), (0.15, 0.15), (-0.10, 0.15)),
    Prior("medio_lateral_sway_cm", "cm", True, 3.0, 0.03, 0.10, (-0.2, 0.4), (0.0, 0.006), (0.0, 0.006), 1),
    Prior("impact_pct", "%", False, 0.0, 1.0, 2.0, (0.0, 1.5), (0.0, 0.05), (0.0, 0.10)),
)
NAMES = tuple(prior.name for prior in PRIORS)
STEP_NAMES = NAMES[:-1]
POSITION = {name: i for i, name in enumerate(NAMES)}
LOGARITHMIC = np.array([prior.logarithmic for prior in PRIORS])
TIRES = np.array([float(prior.tires) for prior in PRIORS])

step_values = attrgetter(*STEP_NAMES)
"""The watched measures of a step as a tuple, None where it has none."""


def covariates(speed_m_s: float | None, cadence_spm: float | None, grade_pct: float | None) -> FloatArray:
    """The row of the model for these conditions, shape (4,): what is not known counts as the reference."""
    if speed_m_s is not None and speed_m_s > 0.3:
        pace = math.log(speed_m_s / REFERENCE_SPEED_M_S)
    elif cadence_spm is not None and cadence_spm > 30:
        pace = math.log(cadence_spm / REFERENCE_CADENCE_SPM)
    else:
        pace = 0.0
    grade = grade_pct or 0.0
    return np.array([1.0, pace, max(grade, 0.0), max(-grade, 0.0)])


def to_model(values: FloatArray) -> FloatArray:
    """Onto the model's scale: the logarithm where the measure is positive; what cannot be is NaN."""
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.where(values > 0, np.log(np.where(values > 0, values, 1.0)), np.nan)
    return np.where(LOGARITHMIC, logs, values)


def trimmed_means(rows: Sequence[tuple[float | None, ...]]) -> FloatArray:
    """The mean of each measure over steps without its lowest and highest tenth; NaN where half the steps lack it.

    Trimming keeps a stumble or a kerb from moving a block, and costs little where there is none.
    """
    table = np.sort(np.array(rows, dtype=np.float64), axis=0)  # None becomes NaN, and NaN sorts last
    counts = np.count_nonzero(~np.isnan(table), axis=0)
    n = len(table)
    trim = n // 10
    means = table[trim : n - trim].mean(axis=0)
    for column in np.flatnonzero(counts < n):
        count = int(counts[column])
        if count < max(n // 2, 1):
            means[column] = np.nan
        else:
            means[column] = table[count // 10 : count - count // 10, column].mean()
    return cast("FloatArray", means)
