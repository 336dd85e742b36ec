"""What the simulated sensor gets wrong, each fault by itself."""

import numpy as np
import pytest

from backbeat.samples import STANDARD_GRAVITY
from backbeat.simulator import Runner, Sensor, SimulatedRun, Stretch

RUN = (Stretch("run", 30.0, 3.3),)


def read(**faults: object):
    return SimulatedRun(programme=RUN, sensor=Sensor(**faults), seed=2).samples()


def test_readings_are_whole_counts_within_the_range() -> None:
    samples = read(range_acc_g=2.0)
    counts = samples.acc / (2.0 * STANDARD_GRAVITY / 32768)
    assert counts == pytest.approx(np.round(counts), abs=1e-6)
    assert np.abs(samples.acc).max() <= 2.0 * STANDARD_GRAVITY
    assert samples.saturated.any()
    assert not read().saturated.any()
    at_end = (np.abs(samples.acc) >= 2.0 * STANDARD_GRAVITY * (1 - 2 / 32768)).any(axis=1)
    assert np.array_equal(at_end, samples.saturated)


def test_lost_readings_are_marked_and_do_not_move_the_others() -> None:
    whole, holed = read(), read(dropped_pct=5.0, gaps=((10.0, 2.0),))
    kept = np.isin(whole.time, holed.time)
    assert np.array_equal(whole.acc[kept], holed.acc)
    assert not kept[(whole.time >= 10.0) & (whole.time < 12.0)].any()
    assert holed.gap_before[1:].sum() == (np.diff(holed.time) > 0.015).sum()
    assert 0.02 < 1.0 - kept.mean() - 2.0 / 30.0 < 0.08


def test_a_wrong_clock_stretches_readings_and_truth_alike() -> None:
    wrong = SimulatedRun(programme=RUN, sensor=Sensor(clock_error_pct=0.7))
    right = SimulatedRun(programme=RUN)
    for slow, true in zip(wrong.steps(), right.steps(), strict=True):
        assert slow.time == pytest.approx(1.007 * true.time)
        assert slow.contact_time_ms == true.contact_time_ms
    assert wrong.samples().time[-1] == pytest.approx(1.007 * 30.0, abs=0.02)
    assert np.diff(wrong.samples().time) == pytest.approx(0.01)


def test_jitter_moves_stamps_and_keeps_their_order() -> None:
    steps = np.diff(read(jitter_s=0.004).time)
    assert steps.min() > 0.0
    assert steps.std() > 0.003


def test_a_turned_sensor_sees_the_same_motion_in_its_own_axes() -> None:
    sensor = Sensor(roll_deg=20.0, pitch_deg=-35.0, yaw_deg=110.0, noise_acc=0.0, noise_gyr=0.0, quantised=False)
    plain = Sensor(noise_acc=0.0, noise_gyr=0.0, quantised=False)
    turned = SimulatedRun(programme=RUN, sensor=sensor).samples()
    straight = SimulatedRun(programme=RUN, sensor=plain).samples()
    matrix = sensor.mounting
    assert matrix @ matrix.T == pytest.approx(np.eye(3))
    assert np.linalg.det(matrix) == pytest.approx(1.0)
    bias = np.array(plain.bias_acc)
    assert turned.acc - bias == pytest.approx((straight.acc - bias) @ matrix.T, abs=1e-9)


def test_a_slipping_sensor_turns_about_the_vertical_once() -> None:
    sensor = Sensor(slip_at_s=10.0, slip_deg=90.0, noise_acc=0.0, noise_gyr=0.0, quantised=False)
    plain = Sensor(noise_acc=0.0, noise_gyr=0.0, quantised=False)
    slipped = SimulatedRun(programme=RUN, sensor=sensor).samples()
    firm = SimulatedRun(programme=RUN, sensor=plain).samples()
    bias = np.array(plain.bias_acc)
    before, after = firm.time < 10.0, firm.time > 12.0
    assert np.array_equal(slipped.acc[before], firm.acc[before])
    assert (slipped.acc - bias)[after, 0] == pytest.approx((firm.acc - bias)[after, 1], abs=1e-9)
    assert slipped.acc[after, 2] == pytest.approx(firm.acc[after, 2])


def test_no_gyroscope_is_none_with_a_reason() -> None:
    samples = read(gyroscope=False)
    assert samples.gyr is None
    assert set(samples.absent) == {"gyr_x", "gyr_y", "gyr_z"}


def test_taps_are_short_and_hard_while_the_runner_stands() -> None:
    samples = SimulatedRun(Runner(), (Stretch("tap", 20.0),)).samples()
    norm = np.linalg.norm(samples.acc, axis=1) / STANDARD_GRAVITY
    assert norm.max() > 3.0
    assert np.median(norm) == pytest.approx(1.0, abs=0.05)
    assert (norm > 2.0).mean() < 0.05
