"""Readings of emulated sensors on the host's clock: counted, placed in time, gaps marked."""

import numpy as np
import pytest

from firmware_host.emulators.air.link import AirFault, AirFaults, AirLink
from firmware_host.stream import SMALLEST_GAP_S
from rigs.ble_bench import SENSORS, Bench, sensor_and_radio

TIMED = [name for name in SENSORS if name != "witmotion"]


def bench(name, faults=AirFaults()):  # noqa: B008 - frozen
    motion, sensor, radio = sensor_and_radio(name, faults.clock)
    return Bench(AirLink(sensor, faults), radio, motion)


@pytest.mark.parametrize("name", SENSORS)
def test_a_wrong_clock_on_a_busy_air(name):
    """0.5 % fast, a third of the connection events without a packet: all readings, in order, at their times."""
    run = bench(name, AirFaults(clock=0.005, busy=0.3)).run(150)
    assert np.all(np.diff(run.numbers) == 1)
    assert not any(run.gaps)
    assert np.all(np.diff(run.times) > 0)
    errors = run.errors_ms()[len(run.times) // 3 :]  # the clock's rate is being learnt in the first minute
    assert errors.std() < 2
    assert abs(errors[-1000:].mean() - errors[:1000].mean()) < 3


@pytest.mark.parametrize("name", TIMED)
def test_every_reading_is_delivered_or_inside_a_marked_gap(name):
    """Sensors with a counter or a time stamp, and all that can happen to their packets."""
    planned = (AirFault("drop", 20, 3), AirFault("restart", 40, 1), AirFault("drop", 70, 30))
    run = bench(name, AirFaults(lost=0.02, doubled=0.02, late=0.02, busy=0.1, planned=planned)).run(120)
    assert np.all(np.diff(run.numbers) > 0)
    assert len(run.unmarked()) == 0
    assert run.stream.delivered == len(run.numbers)
    assert sum(run.gaps) == run.stream.gaps


@pytest.mark.parametrize("name", ["movesense", "polar"])
def test_lost_packets_are_counted(name):
    run = bench(name, AirFaults(lost=0.05)).run(120)
    assert run.stream.missing == run.numbers[-1] - run.numbers[0] + 1 - len(run.numbers)
    assert run.stream.missing > 0


def test_hipnode_loses_nothing_in_a_short_outage():
    run = bench("hipnode", AirFaults(planned=(AirFault("drop", 20, 6), AirFault("daemon", 40, 6)))).run(60)
    assert np.all(np.diff(run.numbers) == 1)
    assert not any(run.gaps)
    assert run.stream.missing == 0


def test_hipnode_counts_what_a_long_outage_costs():
    run = bench("hipnode", AirFaults(planned=(AirFault("drop", 20, 30),))).run(80)
    assert sum(run.gaps) == 1
    assert run.stream.missing == np.diff(run.numbers).max() - 1
    assert 15 * 208 < run.stream.missing < 25 * 208


def test_hipnode_that_lost_its_power_begins_anew():
    run = bench("hipnode", AirFaults(planned=(AirFault("restart", 20, 0.5),))).run(40)
    assert sum(run.gaps) == 1
    assert len(run.unmarked()) == 0


@pytest.mark.parametrize("lost_s", [0.08, 0.2, 1.0])
def test_readings_lost_by_a_sensor_without_a_count(lost_s):
    """WitMotion's short frames: a loss is noticed within seconds, and the times are right again afterwards."""
    run = bench("witmotion").run(60)
    sampler = run.link.sensor.sampler
    skipped = round(lost_s * 200)
    sampler.take(skipped)
    before = len(run.numbers)
    while run.now < 90:
        run.tick()
    gaps = np.flatnonzero(run.gaps)
    assert len(gaps) == 1
    assert run.times[gaps[0]] - run.times[before] < 5
    assert abs(run.stream.missing - skipped) <= 6  # one connection interval
    errors = run.errors_ms()
    assert abs(errors[-1000:].mean() - errors[:before][-1000:].mean()) < 30


def test_the_smallest_gap_that_is_noticed():
    """Half of what is promised passes unnoticed: the figure is honest in both directions."""
    run = bench("witmotion").run(60)
    run.link.sensor.sampler.take(round(SMALLEST_GAP_S / 2 * 200))
    while run.now < 90:
        run.tick()
    assert not any(run.gaps)


def test_readings_that_nobody_took_are_a_gap():
    run = bench("hipnode").run(5)
    run.stream.dropped(19)
    run.tick()
    while not run.gaps[-1] and run.now < 10:
        run.tick()
    assert run.stream.gaps == 1
    assert run.stream.missing == 19


@pytest.mark.parametrize("code", [0x0A, 0x0B])
def test_witmotion_s_documents_disagree_on_the_code_of_200_hz(monkeypatch, code):
    """A sensor knows one of the two; the rate is what comes, not what was written."""
    monkeypatch.setattr("firmware_host.emulators.air.witmotion.RATES", {0x09: 100.0, code: 200.0})
    run = bench("witmotion").run(10)
    assert run.radio.setting.rate_hz == 200
    assert len(run.numbers) > 190 * 5


def test_a_witmotion_that_ignores_the_rate_is_timed_by_what_it_does(monkeypatch):
    monkeypatch.setattr("firmware_host.emulators.air.witmotion.RATES", {})
    run = bench("witmotion").run(30)
    assert run.radio.setting.rate_hz == 10
    assert abs(run.errors_ms()).max() < 100
