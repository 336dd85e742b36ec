"""A seeded runner who gives steps with known truth: what `strain` needs, without readings and gait analysis."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.signal import lfilter

from backbeat.events import Step
from backbeat.strain.measures import PRIORS, covariates

STEP_SPREAD = {
    "impact_peak_g": 0.06,
    "impact_rate_g_s": 0.09,
    "contact_time_ms": 0.03,
    "flight_time_ms": 0.06,
    "cadence_spm": 0.012,
    "duty_factor_pct": 0.03,
    "peak_force_bw": 0.03,
    "vertical_oscillation_cm": 0.06,
    "braking_m_s": 0.12,
    "vertical_stiffness_bw_m": 0.06,
    "pelvic_drop_deg": 1.2,
    "pelvic_rotation_range_deg": 1.5,
    "pelvic_tilt_range_deg": 1.2,
    "pelvic_tilt_drift_deg": 1.0,
    "medio_lateral_sway_cm": 0.10,
}
"""SD from step to step: a share where the measure is positive, else its unit."""


@dataclass(frozen=True)
class Runner:
    """One runner on one day.

    Attributes:
        seconds: how long the run lasts.
        seed: of everything random.
        speed: m/s at a time, None for no speed.
        grade: % at a time.
        asymmetry: measure to its true index in %.
        wander: SD of the slow wander, in shares of the population's SD of minute means.
        wander_s: its time constant.
        correlation: of the step-to-step noise from one step to the next.
        day: measure to the offset of this day, on the model's scale.
        person: measure to this person's own (level, pace, uphill, downhill), on top of the population's.
        change: measure to what is added at a time, on the model's scale.
        without: fields that this sensor cannot give.
    """

    seconds: float = 600.0
    seed: int = 1
    speed: Callable[[float], float] | None = None
    grade: Callable[[float], float] | None = None
    asymmetry: Mapping[str, Callable[[float], float]] = field(default_factory=dict)
    wander: float = 0.6
    wander_s: float = 240.0
    correlation: float = 0.3
    day: Mapping[str, float] = field(default_factory=dict)
    person: Mapping[str, tuple[float, float, float, float]] = field(default_factory=dict)
    change: Mapping[str, Callable[[float], float]] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    start: float = 0.0
    noise: float = 1.0


def _autoregressive(rng: np.random.Generator, n: int, phi: float) -> np.ndarray:
    white = rng.standard_normal(n) * math.sqrt(1 - phi * phi)
    out, _ = lfilter([1.0], [1.0, -phi], white, zi=[phi * rng.standard_normal()])
    return out


def steps(runner: Runner) -> list[Step]:
    """All steps of the run, left first."""
    rng = np.random.default_rng(runner.seed)
    interval = 60.0 / 170.0
    n = int(runner.seconds / interval)
    t = np.arange(n) * interval
    speeds = None if runner.speed is None else np.array([runner.speed(x) for x in t])
    grades = None if runner.grade is None else np.array([runner.grade(x) for x in t])
    rows = np.array(
        [
            covariates(None if speeds is None else speeds[i], None, None if grades is None else grades[i])
            for i in range(n)
        ]
    )
    slow = math.exp(-interval / runner.wander_s)
    sign = np.where(np.arange(n) % 2 == 0, -1.0, 1.0)
    columns: dict[str, np.ndarray] = {}
    for prior in PRIORS[:-1]:
        level = math.log(prior.typical) if prior.logarithmic else prior.typical
        terms = np.array([level, prior.pace[0], prior.uphill[0], prior.downhill[0]])
        model = rows @ (terms + np.array(runner.person.get(prior.name, (0.0, 0.0, 0.0, 0.0))))
        model += runner.day.get(prior.name, 0.0)
        model += runner.wander * runner.noise * prior.within * _autoregressive(rng, n, slow)
        model += runner.noise * STEP_SPREAD[prior.name] * _autoregressive(rng, n, runner.correlation)
        if prior.name in runner.change:
            model += np.array([runner.change[prior.name](x) for x in t])
        values = np.exp(model) if prior.logarithmic else model
        if prior.name in runner.asymmetry:
            values = values * (1 + sign * np.array([runner.asymmetry[prior.name](x) for x in t]) / 200)
        columns[prior.name] = values
    step_times = 60000.0 / columns["cadence_spm"]
    if "step_time_ms" in runner.asymmetry:
        step_times = step_times * (1 + sign * np.array([runner.asymmetry["step_time_ms"](x) for x in t]) / 200)
    times = (runner.start + np.cumsum(step_times) / 1000).tolist()
    columns["step_time_ms"] = step_times
    lists = {name: column.tolist() for name, column in columns.items() if name not in runner.without}
    names = list(lists)
    return [
        Step(
            time=times[i],
            toe_off=times[i] + 0.25,
            known_at=times[i] + 0.5,
            side="left" if i % 2 == 0 else "right",
            side_confidence=0.99,
            activity="running",
            speed_m_s=None if speeds is None else float(speeds[i]),
            grade_pct=None if grades is None else float(grades[i]),
            **dict(zip(names, values, strict=True)),
        )
        for i, values in enumerate(zip(*lists.values(), strict=True))
    ]


def person(seed: int) -> dict[str, tuple[float, float, float, float]]:
    """Someone drawn from the population: an own level, and own effects of pace and slope."""
    rng = np.random.default_rng(seed)
    out = {}
    for prior in PRIORS[:-1]:
        level = 0.15 if prior.logarithmic else prior.between
        spread = (level, prior.pace[1], prior.uphill[1], prior.downhill[1])
        out[prior.name] = tuple(float(v) for v in rng.standard_normal(4) * spread)
    return out


def day(seed: int, share: float = 1.0) -> dict[str, float]:
    """Today's level of each measure: sessions differ by the population's spread between sessions."""
    rng = np.random.default_rng(seed + 1_000_000)
    return {prior.name: share * prior.between * float(rng.standard_normal()) for prior in PRIORS[:-1]}


def varied_speed(seed: int) -> Callable[[float], float]:
    """An everyday run: easy pace that wanders, with quicker stretches."""
    rng = np.random.default_rng(seed + 2_000_000)
    base, phase = rng.uniform(2.5, 3.2), rng.uniform(0, 600)
    bursts = rng.uniform(300, 3500, 3)
    return lambda t: base * (1 + 0.06 * math.sin((t + phase) / 130)) + (0.5 if np.any(abs(t - bursts) < 60) else 0.0)


def varied_grade(seed: int) -> Callable[[float], float]:
    """Rolling hills up to 6 %."""
    rng = np.random.default_rng(seed + 3_000_000)
    height, length, phase = rng.uniform(1, 6), rng.uniform(120, 400), rng.uniform(0, 600)
    return lambda t: float(height * math.sin((t + phase) / length * 2 * math.pi))
