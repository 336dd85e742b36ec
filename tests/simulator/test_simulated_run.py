"""The simulated run as a stream of readings: the same every time, however it is cut, and true to physics."""

import tracemalloc
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.samples import STANDARD_GRAVITY, Context, Samples, joined
from backbeat.simulator import Runner, Sensor, SimulatedRun, Stretch
from backbeat.simulator.plan import plan
from backbeat.simulator.programme import ACTIVITIES

PERFECT = Sensor(noise_acc=0.0, noise_gyr=0.0, bias_acc=(0.0, 0.0, 0.0), bias_gyr=(0.0, 0.0, 0.0), quantised=False)
UPRIGHT = Runner(lean_deg=0.0, tilt_deg=0.0, drop_deg=0.0, rotation_deg=0.0)
RUN = (Stretch("run", 40.0, 3.0),)


def equal(a: Samples, b: Samples) -> bool:
    return all(
        np.array_equal(getattr(a, name), getattr(b, name)) for name in ("time", "acc", "gyr", "gap_before", "saturated")
    )


def asymmetry(right: list[float], left: list[float]) -> float:
    r, m = float(np.mean(right)), float(np.mean(left))
    return 200.0 * (r - m) / (r + m)


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.integers(1, 3000), st.integers(0, 1000))
def test_any_block_size_gives_the_same_readings(size: int, seed: int) -> None:
    run = SimulatedRun(
        programme=(Stretch("stand", 2.0), Stretch("run", 10.0), Stretch("walk", 5.0)),
        sensor=Sensor(dropped_pct=2.0, jitter_s=0.001, gaps=((4.0, 1.0),), rate_hz=104.0),
        seed=seed,
    )
    blocks = list(run.blocks(size))
    assert all(len(block) == size for block in blocks[:-1])
    assert equal(joined(blocks), run.samples())


def test_the_same_seed_gives_the_same_run_and_another_one_another() -> None:
    assert equal(SimulatedRun(seed=4).samples(), SimulatedRun(seed=4).samples())
    assert not equal(SimulatedRun(seed=4).samples(), SimulatedRun(seed=5).samples())


@pytest.mark.parametrize("activity", ACTIVITIES)
@pytest.mark.parametrize("rate", [50.0, 208.0])
def test_every_activity_has_the_rate_and_the_length_asked_for(activity: str, rate: float) -> None:
    run = SimulatedRun(programme=(Stretch(activity, 12.0),), sensor=Sensor(rate_hz=rate))
    samples = run.samples()
    assert len(samples) == 12.0 * rate == run.readings
    assert np.diff(samples.time) == pytest.approx(1.0 / rate)
    assert np.isfinite(samples.acc).all()
    assert np.isfinite(samples.gyr).all()


@pytest.mark.parametrize("activity", ["run", "jog", "in_place", "walk", "stairs_up", "stairs_down", "skip", "jump"])
def test_the_mean_vertical_specific_force_over_whole_strides_is_one_g(activity: str) -> None:
    run = SimulatedRun(UPRIGHT, (Stretch(activity, 60.0),), PERFECT, seed=3)
    samples, contacts = run.samples(), [step.time for step in run.steps()]
    inside = (samples.time >= contacts[4]) & (samples.time < contacts[-5])
    assert samples.acc[inside, 2].mean() / STANDARD_GRAVITY == pytest.approx(1.0, abs=0.01)
    assert samples.acc[inside, 0].mean() / STANDARD_GRAVITY == pytest.approx(0.0, abs=0.01)


def test_flight_is_weightless_and_stance_carries_the_true_peak() -> None:
    run = SimulatedRun(UPRIGHT, RUN, Sensor(**{**_perfect(), "rate_hz": 1000.0}), seed=1)
    samples, steps = run.samples(), list(run.steps())
    for step, after in pairwise(steps[2:-2]):
        flight = (samples.time > step.toe_off) & (samples.time < after.time)
        stance = (samples.time > step.time) & (samples.time < step.toe_off)
        assert np.abs(samples.acc[flight, 2]).max() < 0.01 * STANDARD_GRAVITY
        assert samples.acc[stance, 2].max() / STANDARD_GRAVITY == pytest.approx(step.impact_peak_g, rel=0.02)
        assert step.impact_peak_g > step.peak_force_bw > 1.5


def test_truth_agrees_with_itself() -> None:
    steps = list(SimulatedRun(programme=RUN).steps())
    for before, step in pairwise(steps):
        assert step.step_time_ms == pytest.approx(1e3 * (step.time - before.time))
        assert step.flight_time_ms == pytest.approx(1e3 * (step.time - before.toe_off))
        assert step.side != before.side
    assert all(s.contact_time_ms == pytest.approx(1e3 * (s.toe_off - s.time)) for s in steps)


def test_asymmetries_are_true_values_of_the_index() -> None:
    runner = Runner(
        impact_asymmetry_pct=4.0,
        step_time_asymmetry_pct=-6.0,
        contact_time_asymmetry_pct=10.0,
        step_time_cv_pct=0.0,
        contact_time_cv_pct=0.0,
        impact_cv_pct=0.0,
    )
    steps = list(SimulatedRun(runner, RUN).steps())[4:-4]
    right, left = [s for s in steps if s.side == "right"], [s for s in steps if s.side == "left"]
    for field, true in (("impact_peak_g", 4.0), ("step_time_ms", -6.0), ("contact_time_ms", 10.0)):
        measured = asymmetry([getattr(s, field) for s in right], [getattr(s, field) for s in left])
        assert measured == pytest.approx(true, abs=0.05), field


def test_speed_and_slope_change_gait_as_they_do_in_runners() -> None:
    def mean(field: str, stretch: Stretch) -> float:
        return float(np.mean([getattr(s, field) for s in list(SimulatedRun(programme=(stretch,)).steps())[3:]]))

    slow, fast = Stretch("run", 60.0, 2.5), Stretch("run", 60.0, 4.5)
    level, downhill = Stretch("run", 60.0, 3.33), Stretch("run", 60.0, 3.33, -17.6)
    assert mean("step_time_ms", slow) > mean("step_time_ms", fast)
    assert mean("contact_time_ms", slow) > mean("contact_time_ms", fast) + 40.0
    assert mean("impact_peak_g", level) == pytest.approx(3.1, abs=0.2)
    assert mean("impact_peak_g", downhill) / mean("impact_peak_g", level) == pytest.approx(1.54, abs=0.1)
    assert mean("braking_m_s", downhill) > 1.3 * mean("braking_m_s", level)


def test_jogging_has_no_flight_and_skipping_lands_twice_on_each_foot() -> None:
    jog = list(SimulatedRun(programme=(Stretch("jog", 20.0),)).steps())
    assert np.mean([s.flight_time_ms for s in jog[1:]]) < 0.0
    skip = "".join(s.side[0] for s in SimulatedRun(programme=(Stretch("skip", 20.0),)).steps())
    assert "llrrllrr" in skip
    assert {s.side for s in SimulatedRun(programme=(Stretch("jump", 10.0),)).steps()} == {None}


def test_whoever_runs_on_from_skipping_turns_the_pelvis_with_the_foot_that_lands() -> None:
    for seconds in (5.0, 5.25, 5.5, 5.75):  # the last skip may lack its second landing
        skip, run = Stretch("skip", seconds), Stretch("run", 5.0)
        contacts = plan(Runner(), (Stretch("stand", 1.0), skip, run), np.random.default_rng(0))
        running = [c for c in contacts if c.activity == "run"]
        at = {"right": 1.0, "left": -1.0}
        assert [at[c.side or "right"] for c in running] == pytest.approx([np.cos(c.phase) for c in running])


def test_the_gyroscope_is_the_rate_at_which_the_attitude_turns() -> None:
    """Gravity fixed in the world, seen from a pelvis that turns at ω, changes by -ω×g."""
    still = Runner(sway_g=0.0)
    run = SimulatedRun(still, (Stretch("run", 12.0),), Sensor(**{**_perfect(), "rate_hz": 2000.0}))
    turned = _gravity_from_rates(run)
    level = np.degrees(np.arccos(np.clip(turned[:, 2], -1.0, 1.0)))
    assert level[4000:].max() < 20.0, "the attitude integrated from the rates stays that of a pelvis"


def _perfect() -> dict[str, object]:
    return {name: getattr(PERFECT, name) for name in PERFECT.__slots__}


def _gravity_from_rates(run: SimulatedRun) -> np.ndarray:
    samples = run.samples()
    gravity = np.zeros((len(samples), 3))
    now = np.array([-np.sin(np.radians(5.0)), 0.0, np.cos(np.radians(5.0))])
    for i, rate in enumerate(samples.gyr):
        now = now - np.cross(rate, now) / 2000.0
        now /= np.linalg.norm(now)
        gravity[i] = now
    return gravity


def test_the_free_side_sinks_in_stance() -> None:
    """Roll (left side up positive) rises through right stance from a minimum: the rate is positive late in it."""
    run = SimulatedRun(programme=RUN, sensor=PERFECT)
    samples = run.samples()
    late = {"right": [], "left": []}
    for step in list(run.steps())[6:-2]:
        part = (samples.time > step.time + 0.1) & (samples.time < step.toe_off)
        late[step.side].append(samples.gyr[part, 0].mean())
    assert min(late["right"]) > 0.0 > max(late["left"])


def test_a_hip_sees_its_own_leg_more() -> None:
    peaks = {"left": [], "right": []}
    run = SimulatedRun(UPRIGHT, RUN, Sensor(**{**_perfect(), "position": "left_hip"}))
    samples = run.samples()
    for step in list(run.steps())[6:-2]:
        stance = (samples.time > step.time) & (samples.time < step.toe_off)
        peaks[step.side].append(samples.acc[stance, 2].max())
    assert asymmetry(peaks["right"], peaks["left"]) == pytest.approx(-30.0, abs=5.0)


def test_fatigue_raises_impact_and_asymmetry_after_its_begin() -> None:
    runner = Runner(impact_drift_pct_min=5.0, impact_asymmetry_drift_pct_min=4.0, drift_from_s=60.0, impact_cv_pct=0.0)
    steps = list(SimulatedRun(runner, (Stretch("run", 240.0),)).steps())
    first, last = [s for s in steps if s.time < 60.0], [s for s in steps if s.time > 230.0]

    def peaks(some: list, side: str) -> list[float]:
        return [s.impact_peak_g for s in some if s.side == side]

    assert asymmetry(peaks(first, "right"), peaks(first, "left")) == pytest.approx(0.0, abs=0.5)
    assert asymmetry(peaks(last, "right"), peaks(last, "left")) == pytest.approx(12.0, abs=1.0)
    growth = np.mean([s.impact_peak_g for s in last]) / np.mean([s.impact_peak_g for s in first])
    assert growth == pytest.approx(1.145, abs=0.03)


def test_contexts_come_before_the_readings_they_apply_to() -> None:
    programme = (Stretch("run", 10.0, 3.0), Stretch("run", 10.0, 3.0, -5.0), Stretch("walk", 5.0, 1.4, -5.0))
    seen: list[tuple[float, str, object]] = []
    last = -1.0
    for part in SimulatedRun(programme=programme).stream(20):
        if isinstance(part, Context):
            assert part.time > last
            seen.append((part.time, part.kind, part.value))
        else:
            last = part.time[-1]
    assert seen == [
        (0.0, "speed_m_s", 3.0),
        (0.0, "grade_pct", 0.0),
        (10.0, "grade_pct", -5.0),
        (20.0, "speed_m_s", 1.4),
    ]


def test_ten_hours_stream_in_bounded_memory() -> None:
    run = SimulatedRun(programme=(Stretch("run", 36000.0),), sensor=Sensor(rate_hz=208.0))
    blocks = run.blocks()
    for _ in islice(blocks, 20):
        pass
    tracemalloc.start()
    for _ in islice(blocks, 300):
        pass
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 2_000_000
