import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.events import Index, Summary
from backbeat.samples import Context
from backbeat.strain.baseline import Baseline, Exposure, population
from backbeat.strain.index import WEIGHTS, Deviation, from_z, index_of_session
from backbeat.strain.measures import NAMES, POSITION, covariates
from backbeat.strain.totals import Totals
from rigs.kept import session_events
from rigs.steps import Runner, steps

FULL = Exposure(
    longest_distance_m=8000.0,
    longest_running_s=3000.0,
    easy_speed_m_s=3.1,
    fast_speed_m_s=3.8,
    week_distance_m=30_000.0,
    run_free_days=3,
)


def known_runner(exposure: Exposure = FULL, surer: float = 1.0) -> Baseline:
    base = population(exposure)
    for i in range(len(NAMES)):
        base.cov[i] = np.diag([base.between[i] ** 2, *(surer * np.array([0.01, 0.001, 0.001]) ** 2)])
    return Baseline("established", 20, base.mean, base.cov, surer * base.within, base.between, exposure)


def totals(distance_m: float = 6000.0, first: float = 2.9) -> Totals:
    out = Totals(start=0.0, running_s=2000.0, distance_m=distance_m, speed_known_s=2000.0, grade_known=True)
    out.first_minutes_speed = first
    return out


def deviation(z: dict[str, float], baseline: Baseline, seconds: float = 2000.0) -> Deviation:
    out = Deviation()
    row = covariates(3.0, None, 0.0)
    values = baseline.mean @ row
    for name, size in z.items():
        values[POSITION[name]] += size * baseline.between[POSITION[name]]
    out.add(baseline, row, values, seconds)
    out.form_s, out.form_sum, out.form_error_sum = seconds, 0.5 * seconds, 0.3 * seconds
    return out


def index(z: dict[str, float], exposure: Exposure = FULL, *, surer: float = 1.0, distance_m: float = 6000.0) -> Index:
    baseline = known_runner(exposure, surer)
    return index_of_session(baseline, deviation(z, baseline), totals(distance_m))


def test_weights_follow_the_evidence_and_mileage_has_none() -> None:
    assert sum(weight.weight_pct for weight in WEIGHTS) == 100
    assert {w.name: w.weight_pct for w in WEIGHTS}["weekly_distance"] == 0
    assert max(WEIGHTS, key=lambda w: w.weight_pct).name == "longest_run"


def test_as_usual_is_nought_and_change_counts() -> None:
    assert index({}).index_pct == 0
    harder = index({"impact_peak_g": 3.0})
    assert harder.index_pct == pytest.approx(15.0)
    assert harder.form_change_pct == pytest.approx(100 * 15 / 55)
    assert harder.load_today_pct == 0
    longer = index({}, distance_m=8800.0)
    assert longer.index_pct == pytest.approx(15.0)
    assert longer.form_change_pct == 0


def test_more_miles_in_the_week_change_nothing() -> None:
    few, many = (index({"cadence_spm": -2.0}, Exposure(8000.0, 3000.0, 3.1, 3.8, week, 3)) for week in (0.0, 200_000.0))
    assert (few.index_pct, few.low_pct, few.high_pct) == (many.index_pct, many.low_pct, many.high_pct)


def test_no_figure_while_learning_and_the_reason_instead() -> None:
    found = index_of_session(population(), Deviation(), Totals())
    assert found.index_pct is None
    assert found.low_pct is None
    assert found.reason is not None
    assert "five sessions" in found.reason
    assert len(found.components) == len(WEIGHTS)


def test_every_component_has_both_sides_of_the_evidence() -> None:
    for component in index({}).components:
        assert component.evidence
        assert component.contrary_evidence
        assert component.evidence_grade in "BCD"


def test_little_measured_is_little_confidence() -> None:
    blind = index_of_session(known_runner(Exposure()), Deviation(), Totals(start=0.0))
    assert blind.confidence == "low"
    assert blind.high_pct == pytest.approx(100.0)
    assert index({}).confidence in ("medium", "high")


@settings(deadline=None, max_examples=200, derandomize=True)
@given(st.floats(-6, 6), st.floats(0, 3), st.floats(0, 1))
def test_smaller_error_never_widens_a_score(z: float, error: float, better: float) -> None:
    _, low, high = from_z(z, error)
    score, inner_low, inner_high = from_z(z, error * better)
    assert low <= inner_low <= score <= inner_high <= high


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    st.dictionaries(st.sampled_from(NAMES), st.floats(-4, 4), max_size=6),
    st.floats(0.05, 1.0),
    st.floats(1.0, 10.0),
)
def test_better_data_never_widens_the_interval(z: dict[str, float], surer: float, longer: float) -> None:
    baseline, better = known_runner(), known_runner(surer=surer)
    for a, b in (
        (deviation(z, baseline, 600.0), deviation(z, baseline, 600.0 * longer)),  # more minutes
        (deviation(z, baseline, 600.0), deviation(z, better, 600.0)),  # less noise, slopes known better
    ):
        worse = index_of_session(baseline, a, totals())
        found = index_of_session(better if a.seconds[0] == b.seconds[0] else baseline, b, totals())
        assert found.low_pct is not None
        assert found.high_pct is not None
        assert worse.low_pct is not None
        assert worse.high_pct is not None
        assert found.low_pct >= worse.low_pct - 1e-9
        assert found.high_pct <= worse.high_pct + 1e-9


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.sets(st.sampled_from(["longest", "easy", "rest"])), st.floats(-4, 4))
def test_knowing_more_never_widens_the_interval(missing: set[str], z: float) -> None:
    less = Exposure(
        longest_distance_m=None if "longest" in missing else 8000.0,
        easy_speed_m_s=None if "easy" in missing else 3.1,
        run_free_days=None if "rest" in missing else 3,
        week_distance_m=30_000.0,
    )
    wide, narrow = index({"impact_peak_g": z}, less), index({"impact_peak_g": z})
    assert wide.low_pct is not None
    assert wide.high_pct is not None
    assert narrow.low_pct is not None
    assert narrow.high_pct is not None
    assert narrow.high_pct - narrow.low_pct <= wide.high_pct - wide.low_pct + 1e-9


def test_index_of_a_run_comes_with_its_summary() -> None:
    told = Context(0.0, "baseline", known_runner().as_json())
    run = steps(Runner(seconds=1500, speed=lambda _: 3.0, change={"impact_peak_g": lambda _: 0.25}))
    summary = next(e for e in session_events("one", run, told) if isinstance(e, Summary))
    assert summary.index is not None
    impact = next(c for c in summary.index.components if c.component == "impact")
    assert impact.score_pct == 100
    assert impact.value is not None
    assert impact.usual is not None
    assert impact.value / impact.usual == pytest.approx(math.exp(0.25), rel=0.03)
