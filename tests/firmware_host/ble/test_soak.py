"""An hour of every sensor with faults on, in injected time; and ten minutes through the real bleak, ten times as fast.

Prints its figures: `pytest -m slow -s tests/firmware_host/ble/test_soak.py`.
"""

import time

import numpy as np
import pytest

from firmware_host.emulators.air.link import AirFaults, AirLink
from rigs.ble_bench import SENSORS, Bench, sensor_and_radio
from rigs.soak import outages, through_bleak

pytestmark = pytest.mark.slow
tell = print  # figures, for `-s`


@pytest.mark.parametrize("name", [name for name in SENSORS if name != "witmotion"])
def test_an_hour_with_everything_going_wrong(name):
    """Each reading is delivered or inside a marked gap, and none comes twice."""
    planned = outages(120, 3600)
    faults = AirFaults(lost=0.01, doubled=0.01, late=0.005, busy=0.1, clock=0.005, planned=planned, seed=1)
    motion, sensor, radio = sensor_and_radio(name, faults.clock)
    began = time.process_time()
    run = Bench(AirLink(sensor, faults), radio, motion).run(3600)
    spent = time.process_time() - began
    taken, steps = len(motion.times), np.diff(run.numbers)
    tell(
        f"\n{name}: {taken} readings taken in an hour, {len(run.numbers)} delivered, {run.stream.missing} counted as "
        f"missing, {run.stream.gaps} marked gaps, {len(planned)} outages, errors {dict(radio.errors)}; "
        f"{1000 * spent / 3600:.2f} ms of CPU a second of signal, emulator included"
    )
    assert np.all(steps > 0)
    assert len(run.unmarked()) == 0
    between = int((steps[steps > 1] - 1).sum())
    assert len(run.numbers) + between == run.numbers[-1] - run.numbers[0] + 1


@pytest.mark.parametrize("name", SENSORS)
def test_an_hour_of_time(name):
    """A clock 0.5 % fast on a busy air: SD of the placed times, and their drift after the first minutes."""
    motion, sensor, radio = sensor_and_radio(name, 0.005)
    seconds = 3600 if name != "witmotion" else 1800  # without a clock it takes the longest to emulate
    run = Bench(AirLink(sensor, AirFaults(busy=0.2, clock=0.005, seed=2)), radio, motion).run(seconds)
    errors = run.errors_ms()
    settled = errors[np.array(run.times) > 120]
    tenth = len(settled) // 10
    drift = abs(settled[-tenth:].mean() - settled[:tenth].mean()) * 3600 / (seconds - 120)
    tell(f"\n{name}: time error SD {settled.std():.2f} ms, drift {drift:.2f} ms an hour, first two minutes within "
          f"{np.abs(errors[: len(errors) - len(settled)]).max():.0f} ms")  # fmt: skip
    assert np.all(np.diff(run.numbers) == 1)
    assert settled.std() < 2
    assert drift < 5


def test_ten_minutes_through_bleak():
    """D-Bus, bleak, link and source, ten times as fast: an outage a minute. In real time: tests/benchmarks/soak.py."""
    soaked = through_bleak(600, speed=10.0)
    tell(f"\n10 min at 10 times the speed, in simulated time: {soaked}")
    assert soaked.doubled == soaked.unmarked == 0
    assert len(soaked.recovery_s) >= 4
    assert soaked.delivered > 0.5 * 208 * 600
