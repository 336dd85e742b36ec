"""Standing and hopping on the right foot: up, forward, and how the right foot shows itself."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from backbeat.gait.calibration import CalibrationError, Standing, hops, standing, worn
from backbeat.gait.engine import Engine, GaitSettings
from backbeat.samples import STANDARD_GRAVITY, Samples
from backbeat.simulator import Runner, Sensor, SimulatedRun, Stretch
from backbeat.simulator.source import SimulatedSource
from simulated_gait import steps_of

PROGRAMME = (Stretch("stand", 5.0), Stretch("hop", 4.0), Stretch("stand", 1.0))
REVERSED = Runner(drop_deg=-6.0)


def parts(run: SimulatedRun) -> tuple[Samples, Samples]:
    samples = run.samples()
    cut = int(np.searchsorted(samples.time, 5.0))
    return samples[:cut], samples[cut:]


def apart_deg(found: tuple[float, float, float], true: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(np.array(found) @ true, -1.0, 1.0))))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "sensor",
    [
        Sensor(),
        Sensor(rate_hz=208.0, roll_deg=90.0),
        Sensor(yaw_deg=130.0, pitch_deg=20.0),
        Sensor(gyroscope=False),
        Sensor(rate_hz=52.0),
    ],
)
def test_hops_on_the_right_foot_tell_how_it_is_worn(sensor: Sensor, seed: int) -> None:
    still, hopping = parts(SimulatedRun(Runner(), PROGRAMME, sensor, seed))
    found = worn(standing(still), hopping)
    assert apart_deg(found.up, sensor.mounting @ [0.0, 0.0, 1.0]) < 8.0  # the pelvis leans by 5 degrees
    assert apart_deg(found.forward, sensor.mounting @ [1.0, 0.0, 0.0]) < 25.0  # enough to tell the front
    assert found.legs == "usual" or (sensor.rate_hz < 100.0 and found.legs is None)
    assert np.dot(found.up, found.forward) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("position", ["left_hip", "right_hip"])
def test_beside_the_midline_front_and_back_are_still_told_apart(position: str) -> None:
    for seed in range(4):
        still, hopping = parts(SimulatedRun(Runner(), PROGRAMME, Sensor(position=position), seed))
        assert apart_deg(worn(standing(still), hopping).forward, np.array([1.0, 0.0, 0.0])) < 45.0


def test_a_runner_whose_pelvis_rises_where_others_drop_gets_the_right_sides() -> None:
    still, hopping = parts(SimulatedRun(REVERSED, PROGRAMME, Sensor(rate_hz=208.0), 1))
    found = worn(standing(still), hopping)
    assert found.legs == "reversed"
    run = SimulatedRun(REVERSED, (Stretch("stand", 3.0), Stretch("run", 20.0)), seed=2)
    right = {}
    for settings in (GaitSettings(), GaitSettings(worn=found)):
        engine = Engine(SimulatedSource(run).info, settings)
        steps = steps_of([*engine.feed(run.samples()), *engine.end()])
        truth = {round(step.time, 1): step.side for step in run.steps()}
        agree = [truth.get(round(step.time, 1)) == step.side for step in steps if round(step.time, 1) in truth]
        right[settings.worn is not None] = np.mean(agree)
        assert len(agree) > 20
    assert right[True] > 0.9
    assert right[False] < 0.1  # what this runner gets without a calibration


def test_each_stance_between_two_flights_is_a_hop() -> None:
    run = SimulatedRun(Runner(), PROGRAMME, Sensor(rate_hz=208.0), 3)
    _, hopping = parts(run)
    found = hops(hopping.acc[:, 2] / STANDARD_GRAVITY, hopping.time)
    true = list(run.steps())
    assert len(found) in (len(true) - 1, len(true))
    for begin, end in found:
        assert min(abs(float(hopping.time[begin]) - step.time) for step in true) < 0.06
        assert 0.15 < hopping.time[end] - hopping.time[begin] < 0.5
    assert all(a[1] < b[0] for a, b in pairwise(found))


@pytest.mark.parametrize(("activity", "told"), [("stand", "Too few hops"), ("walk", "Too few hops"), ("jump", "hop")])
def test_something_else_than_hops_is_said(activity: str, told: str) -> None:
    run = SimulatedRun(Runner(), (Stretch("stand", 5.0), Stretch(activity, 6.0)), Sensor(), 0)
    still, other = parts(run)
    with pytest.raises(CalibrationError, match=told):
        worn(standing(still), other)


def test_hops_straight_up_and_down_have_no_front() -> None:
    time = np.arange(0.0, 5.0, 0.01)
    part = time % 0.5
    vertical = np.where(part < 0.3, np.pi / 2 * 5 / 3 * np.sin(np.pi * part / 0.3), 0.0)
    acc = np.random.default_rng(0).normal(0.0, 0.01, (len(time), 3)) + vertical[:, None] * [0.0, 0.0, 1.0]
    with pytest.raises(CalibrationError, match="hop forward"):
        worn(Standing(np.array([0.0, 0.0, 1.0]), None), Samples.of(time, acc * STANDARD_GRAVITY))


def test_who_does_not_stand_still_tries_again() -> None:
    run = SimulatedRun(Runner(), (Stretch("walk", 6.0),), Sensor(), 0)
    with pytest.raises(CalibrationError, match="stand still"):
        standing(run.samples())
    with pytest.raises(CalibrationError, match="too few"):
        standing(run.samples()[:50])
