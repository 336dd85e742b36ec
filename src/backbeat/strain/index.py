"""Back load and form change: one figure from 0 (as usual) to 100 with its 80 % interval, and everything it is made of.

It is a summary of change, not a probability, and has not been validated against back pain. Weights follow the grade of
the evidence: what rests on a study that followed runners weighs most, weekly mileage nothing, because the studies found
no relation. A component counts from one SD of the runner's own sessions on, and fully from three.

The interval adds the ends of the components' intervals (as if all errors went the same way, so it is never too narrow)
and lets a component that could not be measured be anything: better data can only narrow it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from backbeat.events import Index, IndexComponent, Symmetry
from backbeat.samples import FloatArray
from backbeat.strain.baseline import Baseline, Exposure
from backbeat.strain.causes import CAUSES
from backbeat.strain.drift import MINUTE_S, Change
from backbeat.strain.exposure import past_longest_pct
from backbeat.strain.measures import LOGARITHMIC, NAMES, POSITION, PRIORS
from backbeat.strain.statistics import NORMAL_90
from backbeat.strain.totals import Totals


@dataclass(frozen=True, slots=True)
class Weight:
    """A component's place in the index.

    Attributes:
        name: of the component.
        part: the bar it belongs to.
        weight_pct: its share of the whole; all together are 100.
        cause: key of `backbeat.strain.causes.CAUSES`.
    """

    name: str
    part: Literal["load_today", "form_change"]
    weight_pct: float
    cause: str


WEIGHTS: tuple[Weight, ...] = (
    Weight("longest_run", "load_today", 30.0, "too_much_too_soon"),
    Weight("downhill", "load_today", 5.0, "hills"),
    Weight("warm_up", "load_today", 5.0, "warm_up"),
    Weight("rest_days", "load_today", 5.0, "rest_days"),
    Weight("weekly_distance", "load_today", 0.0, "mileage"),
    Weight("impact", "form_change", 15.0, "pounding"),
    Weight("form_drift", "form_change", 15.0, "too_fast"),
    Weight("cadence", "form_change", 10.0, "long_steps"),
    Weight("pelvis", "form_change", 10.0, "core_and_hips"),
    Weight("asymmetry", "form_change", 5.0, "one_sided_landing"),
)
_PELVIS = (("pelvic_drop_deg", 1), ("pelvic_rotation_range_deg", 1))
WIDE_PCT = 30.0
NARROW_PCT = 12.0
LEAST_WEIGHT_PCT = 60.0


@dataclass(slots=True)
class Deviation:
    """How far a session was from usual: time-weighted means over its blocks.

    Attributes:
        seconds: of running with this measure known, shape (measures,).
        residual_s: value minus usual on the model's scale, times seconds, likewise.
        row_s: conditions times seconds, shape (measures, 4).
        form_s: seconds with a verdict on form.
        form_sum: verdict times seconds.
        form_error_sum: its standard error times seconds.
    """

    seconds: FloatArray = field(default_factory=lambda: np.zeros(len(NAMES)))
    residual_s: FloatArray = field(default_factory=lambda: np.zeros(len(NAMES)))
    row_s: FloatArray = field(default_factory=lambda: np.zeros((len(NAMES), 4)))
    form_s: float = 0.0
    form_sum: float = 0.0
    form_error_sum: float = 0.0

    def add(self, baseline: Baseline, row: FloatArray, values: FloatArray, seconds: float) -> None:
        """Take a block: its conditions and its values on the model's scale."""
        residual = values - baseline.mean @ row
        known = ~np.isnan(residual)
        self.seconds[known] += seconds
        self.residual_s[known] += residual[known] * seconds
        self.row_s[known] += row * seconds

    def add_form(self, change: Change, seconds: float) -> None:
        """Take the verdict on form at a block."""
        if change.form_score:
            self.form_s += seconds
            self.form_sum += change.form * seconds
            self.form_error_sum += abs(change.form / change.form_score) * seconds


@dataclass(frozen=True, slots=True)
class Scored:
    """A component with its score and the ends of its 80 % interval, 0 to 1; None where it is not known."""

    score: float | None = None
    low: float = 0.0
    high: float = 1.0
    value: float | None = None
    usual: float | None = None
    unit: str | None = None
    reason: str | None = None


def from_z(z: float, error: float) -> tuple[float, float, float]:
    """Score and the ends of its 80 % interval of a deviation in SD: 0 at 1, 1 at 3."""

    def score(x: float) -> float:
        return min(max((x - 1) / 2, 0.0), 1.0)

    return score(z), score(z - NORMAL_90 * error), score(z + NORMAL_90 * error)


def index_of_session(
    baseline: Baseline, deviation: Deviation, totals: Totals, symmetry: Symmetry | None = None
) -> Index:
    """The index of a session; without a figure while the baseline is still being learned.

    Values are those of the summary, so that a quantity has one figure wherever it is shown; what is usual is as far
    from them as the session was from usual at the same pace and slope.
    """
    exposure = baseline.exposure
    typical = {name: sketch.quantile(0.5) for name, sketch in totals.quantiles.items()}
    typical["impact_pct"] = None if symmetry is None else symmetry.impact_pct
    scored = {
        "longest_run": _longest_run(exposure, totals),
        "downhill": _downhill(totals),
        "warm_up": _warm_up(exposure, totals),
        "rest_days": _rest_days(exposure),
        "weekly_distance": Scored(
            0.0,
            0.0,
            0.0,
            None if exposure.week_distance_m is None else exposure.week_distance_m / 1000,
            unit="km",
            reason="shown only: it has no weight",
        ),
        "impact": _from_measures(baseline, deviation, typical, (("impact_peak_g", 1),)),
        "form_drift": _form_drift(deviation),
        "cadence": _from_measures(baseline, deviation, typical, (("cadence_spm", -1),)),
        "pelvis": _from_measures(baseline, deviation, typical, _PELVIS),
        "asymmetry": _from_measures(baseline, deviation, typical, (("impact_pct", 0),)),
    }
    components = tuple(_component(weight, scored[weight.name]) for weight in WEIGHTS)
    if baseline.state == "learning":
        reason = "Your usual is still being learned: an index needs at least five sessions and 3,000 steps."
        return Index(
            index_pct=None,
            low_pct=None,
            high_pct=None,
            load_today_pct=None,
            form_change_pct=None,
            confidence=None,
            baseline=baseline.state,
            components=components,
            reason=reason,
        )
    low, high = _ends(components)
    known = sum(c.weight_pct for c in components if c.score_pct is not None)
    width = high - low
    confidence: Literal["low", "medium", "high"] = "high" if width <= NARROW_PCT else "medium"
    if width > WIDE_PCT or known < LEAST_WEIGHT_PCT:
        confidence = "low"
    return Index(
        index_pct=_mean(components),
        low_pct=low,
        high_pct=high,
        load_today_pct=_mean([c for c in components if c.part == "load_today"]),
        form_change_pct=_mean([c for c in components if c.part == "form_change"]),
        confidence=confidence,
        baseline=baseline.state,
        components=components,
    )


def _mean(components: Sequence[IndexComponent]) -> float | None:
    known = [(c.weight_pct, c.score_pct) for c in components if c.score_pct is not None and c.weight_pct > 0]
    total = sum(weight for weight, _ in known)
    return sum(weight * score for weight, score in known) / total if total else None


def _ends(components: Sequence[IndexComponent]) -> tuple[float, float]:
    low = sum(c.weight_pct * c.low_pct for c in components) / 100
    high = sum(c.weight_pct * c.high_pct for c in components) / 100
    return low, high


def _component(weight: Weight, scored: Scored) -> IndexComponent:
    cause = CAUSES[weight.cause]
    return IndexComponent(
        component=weight.name,
        part=weight.part,
        value=scored.value,
        usual=scored.usual,
        unit=scored.unit,
        score_pct=None if scored.score is None else 100 * scored.score,
        low_pct=100 * scored.low,
        high_pct=100 * scored.high,
        weight_pct=weight.weight_pct,
        evidence_grade=cause.grade,
        cause=weight.cause,
        evidence=cause.evidence,
        contrary_evidence=cause.contrary,
        reason=scored.reason,
    )


def _from_measures(
    baseline: Baseline,
    deviation: Deviation,
    typical: Mapping[str, float | None],
    measures: Sequence[tuple[str, int]],
) -> Scored:
    """The one of these measures that deviates most, in SD between the runner's own sessions."""
    best: tuple[float, float, int] | None = None
    for name, direction in measures:
        i = POSITION[name]
        seconds = float(deviation.seconds[i])
        if seconds < MINUTE_S:
            continue
        residual, row = float(deviation.residual_s[i]) / seconds, deviation.row_s[i] / seconds
        between, within = float(baseline.between[i]), float(baseline.within[i])
        usual_variance = max(float(row @ baseline.cov[i] @ row) - between**2, 0.0)
        z = (direction * residual if direction else abs(residual)) / between
        error = float(np.sqrt(within**2 * MINUTE_S / seconds + usual_variance)) / between
        if best is None or z > best[0]:
            best = (z, error, i)
    if best is None:
        return Scored(reason="not measured in this session")
    z, error, i = best
    score, low, high = from_z(z, error)
    value, beyond = typical[NAMES[i]], float(deviation.residual_s[i] / deviation.seconds[i])
    usual = None if value is None else value * math.exp(-beyond) if LOGARITHMIC[i] else value - beyond
    return Scored(score, low, high, value, usual, PRIORS[i].unit)


def _form_drift(deviation: Deviation) -> Scored:
    if not deviation.form_s:
        return Scored(reason="the run was too short to tell")
    value, error = deviation.form_sum / deviation.form_s, deviation.form_error_sum / deviation.form_s
    score, low, high = from_z(value, error)
    return Scored(score, low, high, value, 0.0, "SD")


def _longest_run(exposure: Exposure, totals: Totals) -> Scored:
    past = past_longest_pct(exposure, totals)
    if past is None:
        return Scored(reason="no run in the last 30 days to compare with")
    score = float(np.interp(past, [0.0, 10.0, 30.0, 100.0], [0.0, 0.5, 0.75, 1.0]))
    return Scored(score, score, score, past, None, "%")


def _downhill(totals: Totals) -> Scored:
    if not totals.grade_known:
        return Scored(reason="the slope is not known")
    minutes = totals.downhill_s / MINUTE_S
    score = float(np.interp(minutes, [5.0, 30.0], [0.0, 1.0]))
    return Scored(score, score, score, minutes, None, "min")


def _warm_up(exposure: Exposure, totals: Totals) -> Scored:
    if exposure.easy_speed_m_s is None or totals.first_minutes_speed is None:
        return Scored(reason="the pace is not known")
    quick = 1.0 if totals.first_minutes_speed > exposure.easy_speed_m_s else 0.0
    return Scored(quick, quick, quick, totals.first_minutes_speed, exposure.easy_speed_m_s, "m/s")


def _rest_days(exposure: Exposure) -> Scored:
    if exposure.run_free_days is None:
        return Scored(reason="no history of the last seven days")
    score = float(np.interp(exposure.run_free_days, [0.0, 2.0], [1.0, 0.0]))
    return Scored(score, score, score, float(exposure.run_free_days), 2.0, "days")
