import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.events import Step, Symmetry
from backbeat.strain.settings import SymmetrySettings
from backbeat.strain.statistics import Quantiles, student_t_975
from backbeat.strain.symmetry import SymmetryWatch, index_with_interval
from rigs.steps import Runner, steps


def last_index(run: list[Step], **changes: object) -> Symmetry:
    watch = SymmetryWatch(SymmetrySettings(**changes))  # type: ignore[arg-type]
    told = [found for step in run if (found := watch.step(step)) is not None]
    return told[-1]


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.6])
def test_interval_covers_the_truth_in_95_of_100(correlation: float) -> None:
    inside, runs, errors = 0, 600, []
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        noise = np.empty(260)
        value = rng.standard_normal()
        for i in range(260):
            value = correlation * value + math.sqrt(1 - correlation**2) * rng.standard_normal()
            noise[i] = value
        left, right = 0.98 * (1 + 0.06 * noise[60::2]), 1.02 * (1 + 0.06 * noise[61::2])
        found = index_with_interval(left, right)
        assert found is not None
        inside += abs(found[0] - 4.0) <= found[1]
        errors.append(found[0] - 4.0)
    assert 0.93 <= inside / runs <= 0.975
    assert abs(np.mean(errors)) < 4 * np.std(errors) / math.sqrt(runs)


@pytest.mark.parametrize("measure", ["impact_peak_g", "contact_time_ms", "flight_time_ms", "step_time_ms"])
def test_true_four_per_cent_reads_four(measure: str) -> None:
    name = {"impact_peak_g": "impact_pct"}.get(measure, measure.replace("_ms", "_pct"))
    found = [
        getattr(last_index(steps(Runner(seconds=90, seed=seed, asymmetry={measure: lambda _: 4.0}))), name)
        for seed in range(60)
    ]
    assert np.mean(found) == pytest.approx(4.0, abs=0.35)


def test_pace_that_changes_makes_no_asymmetry() -> None:
    run = steps(Runner(seconds=120, speed=lambda t: 2.0 + t / 60, wander=0.0, noise=1e-6))
    found = last_index(run)
    assert found.impact_pct == pytest.approx(0.0, abs=0.5)
    assert found.contact_time_pct == pytest.approx(0.0, abs=0.4)


def test_a_missing_step_costs_a_pair_and_moves_nothing() -> None:
    run = steps(Runner(seconds=120, noise=0.01, asymmetry={"step_time_ms": lambda _: 6.0}))
    holed = [step for i, step in enumerate(run) if i % 7]
    assert last_index(holed).step_time_pct == pytest.approx(6.0, abs=0.2)


def test_worn_on_the_hip_only_change_is_told() -> None:
    run = steps(Runner(seconds=400, asymmetry={"impact_peak_g": lambda t: 43.0 if t < 250 else 50.0}))
    watch = SymmetryWatch(SymmetrySettings(), ("impact_pct",))
    told = [found for step in run if (found := watch.step(step)) is not None][-1]
    assert told.impact_pct is None
    assert told.impact_low_pct is None
    assert told.impact_change_pct == pytest.approx(7.0, abs=2.5)
    assert told.contact_time_pct is not None


def test_uncertain_sides_and_saturated_impacts_are_left_out() -> None:
    from dataclasses import replace

    run = steps(Runner(seconds=60))
    watch = SymmetryWatch(SymmetrySettings())
    assert all(watch.step(replace(step, side_confidence=0.55)) is None for step in run)
    clipped = last_index([replace(step, saturated=True) for step in run])
    assert clipped.impact_pct is None
    assert clipped.contact_time_pct is not None


@settings(deadline=None, max_examples=40, derandomize=True)
@given(st.integers(0, 10_000), st.floats(0.05, 0.95))
def test_less_noise_never_widens_the_interval(seed: int, quieter: float) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((2, 100)) * 0.06
    wide = index_with_interval(0.98 + noise[0], 1.02 + noise[1])
    narrow = index_with_interval(0.98 + quieter * noise[0], 1.02 + quieter * noise[1])
    assert wide is not None
    assert narrow is not None
    assert narrow[1] <= wide[1]


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.integers(0, 10_000), st.floats(-10, 10), st.floats(0.01, 100))
def test_mirror_and_units(seed: int, true: float, unit: float) -> None:
    rng = np.random.default_rng(seed)
    left, right = rng.normal(1 - true / 200, 0.06, 80), rng.normal(1 + true / 200, 0.06, 80)
    plain, mirrored = index_with_interval(left, right), index_with_interval(right, left)
    scaled = index_with_interval(unit * left, unit * right)
    assert plain is not None
    assert mirrored is not None
    assert scaled is not None
    assert mirrored[0] == pytest.approx(-plain[0], abs=1e-9)
    assert mirrored[1] == pytest.approx(plain[1], rel=1e-9)
    assert scaled == pytest.approx(plain, rel=1e-9)


def test_whole_run_stays_in_bounded_memory() -> None:
    watch = SymmetryWatch(SymmetrySettings())
    for step in steps(Runner(seconds=1800, asymmetry={"impact_peak_g": lambda _: 5.0})):
        watch.step(step)
    assert len(watch.whole_run.values) == 256
    assert len(watch.times) == 100
    whole = watch.of_session(0.0)
    assert whole is not None
    assert whole.steps_left == pytest.approx(2550, abs=3)
    assert whole.impact_low_pct is not None
    assert whole.impact_high_pct is not None
    assert whole.impact_low_pct < 5.0 < whole.impact_high_pct


@pytest.mark.parametrize(("freedom", "quantile"), [(3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)])
def test_student(freedom: float, quantile: float) -> None:
    assert student_t_975(freedom) == pytest.approx(quantile, rel=0.01)


def test_quantiles_of_a_long_stream() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(10, 2, 40_000)
    sketch = Quantiles()
    for part in np.array_split(values, 700):
        sketch.extend(part.tolist())
    assert sum(len(level) for level in sketch.levels) < 512 * 8
    for share in (0.05, 0.5, 0.95):
        rank = float(np.mean(values < (sketch.quantile(share) or 0)))
        assert rank == pytest.approx(share, abs=0.01)
