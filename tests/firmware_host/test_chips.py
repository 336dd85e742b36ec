"""What every chip's driver must do, each against its emulator through smbus2 and the whole transport."""

import logging

import numpy as np
import pytest

from backbeat.errors import SourceError
from backbeat.sources import Source
from firmware_host.chips import KINDS
from firmware_host.emulators import CHIPS
from firmware_host.emulators.faults import Fault, Faults
from rigs.chip_bench import HandClock, Numbered, Wave, account, emulated, run

DISTINCT = sorted(set(CHIPS) - {"lsm6dso32", "ism330dhcx", "mpu9250"})
"""The others differ from one of these by their identity or a scale only; they have tests of their own."""


@pytest.fixture
def firmware(tmp_path):
    """What a BMI270 is given; an emulated one only looks at its size."""
    path = tmp_path / "firmware.bin"
    path.write_bytes(bytes(range(256)) * 2)
    return path


@pytest.fixture(params=DISTINCT)
def chip(request):
    return request.param


@pytest.fixture
def query(chip, firmware):
    return f"firmware={firmware}" if chip == "bmi270" else ""


def test_every_driver_has_an_emulator():
    assert sorted(CHIPS) == sorted(KINDS)


def test_each_reading_is_delivered_once_and_at_its_time(chip, query):
    clock, motion = HandClock(), Numbered(30.0)
    source = emulated(chip, motion, clock=clock, query=query)
    assert isinstance(source, Source)
    result = run(source)
    error, unmarked, needless = account(result.readings, motion, 1000.0)
    assert (unmarked, needless) == (0, 0)
    assert result.states() == []
    assert len(error) > 0.98 * 29.6 * source.info.rate_hz
    assert np.abs(error).max() < 2 / source.info.rate_hz
    assert np.abs(error[len(error) // 2 :]).max() < 3e-3


def test_readings_are_those_that_the_chip_measured(chip, query):
    source = emulated(chip, Wave(10.0, noise=0.0), query=query)
    taken = []
    source.chip.on_reading = taken.append
    readings = run(source).readings
    times = np.concatenate(taken)
    acc, gyr = Wave.smooth(times)
    info = source.info
    # found by value: which reading is which does not rest on their times
    first = int(np.argmin(np.abs(acc[:100] - readings.acc[0]).sum(axis=1)))
    n = min(len(readings), len(times) - first)
    assert np.abs(readings.acc[:n] - acc[first : first + n]).max() <= info.acc_scale * 0.501
    assert np.abs(readings.gyr[:n] - gyr[first : first + n]).max() <= info.gyr_scale * 0.501
    assert info.acc_range_g >= 16
    temperatures = [c.value for c in run(emulated(chip, Wave(3.0), query=query)).contexts if c.kind == "temperature_c"]
    assert len(temperatures) == 1
    assert 10 < temperatures[0] < 40


def test_a_wrong_clock_is_followed(chip, query):
    clock, motion = HandClock(), Numbered(60.0)
    source = emulated(chip, motion, Faults(clock=0.005), clock=clock, query=query)
    error, unmarked, _ = account(run(source).readings, motion, 1000.0)
    assert unmarked == 0
    assert source.readings.clock.rate == pytest.approx(1 / 1.005, rel=3e-4)
    settled = error[len(error) // 2 :]
    assert settled.std() < 1e-3
    assert np.abs(settled).max() < 3e-3


@pytest.mark.parametrize(
    ("fault", "states"),
    [
        (Fault("restart", 5.0), ["lost", "found"]),
        (Fault("stuck_bus", 5.0, 2.0), ["lost", "found"]),
        (Fault("unplugged", 5.0, 3.0), ["lost", "found"]),
        (Fault("sleep", 5.0, 0.3), None),
        (Fault("sleep", 5.0, 4.0), ["lost", "found"]),
    ],
    ids=lambda value: f"{value.kind} {value.lasting:g} s" if isinstance(value, Fault) else "",
)
def test_what_goes_wrong_is_a_marked_gap_and_then_goes_on(chip, query, fault, states, caplog):
    caplog.set_level(logging.ERROR)
    clock, motion = HandClock(), Numbered(15.0)
    source = emulated(chip, motion, Faults(planned=(fault,)), clock=clock, query=query)
    result = run(source)
    error, unmarked, _ = account(result.readings, motion, 1000.0)
    assert unmarked == 0
    assert result.readings.gap_before.any()
    if states is not None:
        assert set(result.states()) == set(states)
        assert result.states()[-1] == "found"
    times = result.readings.time - 1000.0
    assert times[-1] > 14.0
    longest = np.diff(times).max()
    assert longest < fault.lasting + 3.5  # back-off is 2 s at most after so short an outage
    assert np.abs(error).max() < 2.5 / source.info.rate_hz + 2e-3


@pytest.mark.parametrize("kind", ["freeze", "zeros"])
def test_a_chip_that_hangs_is_started_anew(chip, query, kind):
    source = emulated(chip, Wave(12.0), Faults(planned=(Fault(kind, 5.0, 1.0),)), query=query)
    result = run(source)
    readings = result.readings
    values = np.concatenate((readings.acc, readings.gyr), axis=1)
    assert values.any(axis=1).all()  # a failed reading is never a zero
    equal = (np.diff(values, axis=0) == 0).all(axis=1)
    runs = np.diff(np.flatnonzero(np.concatenate(([True], ~equal, [True]))))
    assert runs.max() <= 50
    assert "found" in result.states()
    assert readings.gap_before.any()
    assert readings.time[-1] > 1011.0


def test_failed_transfers_are_tried_again(chip, query):
    clock, motion = HandClock(), Numbered(30.0)
    source = emulated(chip, motion, Faults(nack=0.02, seed=5), clock=clock, query=query)
    result = run(source)
    error, unmarked, _ = account(result.readings, motion, 1000.0)
    assert unmarked == 0
    assert len(result.readings) > 0.75 * 30 * source.info.rate_hz
    assert np.abs(error).max() < 3 / source.info.rate_hz + 5e-3


def test_a_reader_that_is_busy_for_long(chip, query):
    """Ten seconds: any FIFO runs over, and any short counter goes round more than once."""
    clock, motion = HandClock(), Numbered(45.0)
    at = [10.0, 25.0]

    def between(_):
        if at and clock.now() - 1000 > at[0]:
            at.pop(0)
            clock.sleep(10.0)

    result = run(emulated(chip, motion, clock=clock, query=query), between=between)
    error, unmarked, _ = account(result.readings, motion, 1000.0)
    assert unmarked == 0
    assert np.diff(result.readings.time).max() > 5
    assert np.abs(error).max() < 15e-3


def test_an_unknown_identity_is_refused_unless_forced(chip, query):
    with pytest.raises(SourceError, match="identity 0x5a"):
        emulated(chip, Wave(), Faults(identity=0x5A), query=query)
    with emulated(chip, Wave(), Faults(identity=0x5A), query=f"{query}&force=1") as source:
        assert source.info.rate_hz


@pytest.mark.parametrize(
    ("identity", "name"),
    [(0x98, "clone"), (0x72, "clone"), (0x75, "clone"), (0x78, "clone"), (0x70, "6500"), (0x68, "6050")],
)
def test_what_is_sold_as_an_mpu6050(identity, name):
    clock, motion = HandClock(), Numbered(20.0)
    source = emulated("mpu6050", motion, Faults(identity=identity), clock=clock)
    assert name in source.info.name
    _, unmarked, needless = account(run(source).readings, motion, 1000.0)
    assert (unmarked, needless) == (0, 0)


def test_a_clone_that_is_far_from_its_rate_is_followed_all_the_same():
    clock, motion = HandClock(), Numbered(60.0)
    source = emulated("mpu6050", motion, Faults(identity=0x98, clock=0.08), clock=clock)
    error, unmarked, _ = account(run(source).readings, motion, 1000.0)
    assert unmarked == 0
    assert np.abs(error[len(error) // 2 :]).max() < 3e-3


def test_a_bmi270_without_its_firmware_says_what_it_needs(firmware):
    with pytest.raises(SourceError, match="firmware=PATH"):
        emulated("bmi270", Wave())
    firmware.write_bytes(bytes(100))
    with pytest.raises(SourceError, match="did not take the configuration file"):
        emulated("bmi270", Wave(), query=f"firmware={firmware}")
    for size in (8194, 327):
        firmware.write_bytes(bytes(size))
        with pytest.raises(SourceError, match=f"names has {size} bytes"):
            emulated("bmi270", Wave(), query=f"firmware={firmware}")


def test_an_address_where_nobody_answers():
    with pytest.raises(SourceError, match="nothing answers"):
        emulated("lsm6dsox", Wave(), Faults(planned=(Fault("unplugged", 0.0, 100.0),)))


def test_a_reader_is_kept_awake_while_the_sensor_is_gone():
    clock = HandClock()
    seen = [clock.now()]
    faults = Faults(planned=(Fault("unplugged", 2.0, 60.0),))
    source = emulated("lsm6dsox", Wave(100.0), faults, clock=clock)
    run(source, seconds=30, clock=clock, between=lambda _: seen.append(clock.now()))
    assert np.diff(seen).max() < 1.0
