"""An hour of each kind of chip with everything going wrong now and then, on an injected clock; prints its figures."""

import logging
import sys
import time

import numpy as np
import pytest

from backbeat.samples import Samples
from firmware_host.emulators.faults import Fault, Faults
from rigs.chip_bench import HandClock, Numbered, account, emulated, run

HOUR = 3600.0
EVERY_S = {
    "restart": (300.0, 0.0),
    "stuck_bus": (700.0, 2.0),
    "unplugged": (900.0, 3.0),
    "sleep": (1100.0, 0.5),
}


def planned(seconds):
    """Each fault at its own times, told to the emulator."""
    return tuple(
        Fault(kind, at, lasting)
        for kind, (every, lasting) in EVERY_S.items()
        for at in np.arange(every, seconds - 10, every)
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["lsm6dsox", "icm42688", "mpu6050"])
def test_an_hour_with_faults_and_a_wrong_clock(name, caplog, capsys):
    """Every reading is delivered or lies in a marked gap; the times hold although the chip's clock is 0.5 % wrong."""
    caplog.set_level(logging.CRITICAL)
    clock, motion = HandClock(), Numbered(HOUR)
    stall = [0]

    def between(_):
        stall[0] += 1
        if stall[0] % 2000 == 0:
            clock.sleep(1.5)  # an SD card at its worst

    faults = Faults(nack=0.0005, clock=0.005, planned=planned(HOUR), seed=1)
    source = emulated(name, motion, faults, clock=clock)
    began = time.process_time()
    result = run(source, between=between)
    used = time.process_time() - began
    readings = result.readings
    error, unmarked, needless = account(readings, motion, 1000.0)
    quarter = len(error) // 4
    drift = error[-quarter:].mean() - error[:quarter].mean()
    taken = sum(len(part) for part in motion.taken)
    recovery = recovery_times(result)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{name}: {taken} measured, {len(error)} delivered, {int(readings.gap_before.sum())} marked gaps, "
            f"{unmarked} lost unmarked, {needless} needless marks; time error {1e3 * error.mean():+.2f} ms, "
            f"SD {1e3 * error.std():.2f} ms, worst {1e3 * np.abs(error).max():.1f} ms, "
            f"drift {1e3 * drift:+.2f} ms/h; started anew {len(recovery)} times in {np.median(recovery):.2f} s "
            f"(worst {max(recovery):.2f} s); {1e3 * used / HOUR:.2f} ms of CPU a second, emulator included\n"
        )
    assert unmarked == 0
    assert error.std() < 2e-3
    assert abs(drift) < 5e-3
    assert len(error) > 0.9 * taken


def recovery_times(result):
    """From each loss of the sensor to its return, s."""
    lost = None
    times = []
    for context in result.contexts:
        if context.kind != "sensor":
            continue
        if context.value["state"] == "lost":
            lost = context.time
        elif lost is not None:
            times.append(context.time - lost)
            lost = None
    return times


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_hour_without_faults_costs_little(capsys):
    """CPU of the transport alone: what the emulator does in between is not counted."""
    clock, motion = HandClock(), Numbered(HOUR)
    source = emulated("lsm6dsox", motion, clock=clock)
    spent = [0.0]
    catch_up = source.chip._catch_up

    def unpaid():
        start = time.process_time()
        catch_up()
        spent[0] += time.process_time() - start

    source.chip._catch_up = unpaid
    began = time.process_time()
    with source:
        readings = sum(len(block) for block in source if isinstance(block, Samples))
    used = time.process_time() - began - spent[0]
    with capsys.disabled():
        sys.stdout.write(f"\nlsm6dsox: {readings} readings, {1e3 * used / HOUR:.3f} ms of CPU a second of signal\n")
    assert readings > 0.999 * 208 * (HOUR - 1)
