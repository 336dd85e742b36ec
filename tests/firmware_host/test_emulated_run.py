"""A simulated runner felt through an emulated chip gives the steps that the same runner gives directly."""

import subprocess
import sys

import numpy as np
import pytest

from backbeat.events import Step
from backbeat.monitor import Monitor
from backbeat.samples import Context, Samples, joined
from backbeat.sources import open_source
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.feed import Feed
from firmware_host.emulators.i2c import EmulatedChipSource, read_faults
from firmware_host.uri import SourceUri
from rigs.chip_bench import HandClock, Wave

RUNNER = "sim:?cadence=172&seconds=40&stand=5&seed=3"


def steps(source):
    with source:
        monitor = Monitor(source.info)
        events = [event for block in source for event in monitor.feed(block)]
        events += monitor.end()
    return [event for event in events if isinstance(event, Step)]


@pytest.mark.parametrize("chip", ["lsm6dsox", "icm42688", "mpu6050"])
def test_the_same_steps_through_a_chip(chip):
    direct = steps(open_source(RUNNER))
    clock = HandClock()
    felt = EmulatedChipSource(
        chip, SourceUri(f"emulate:{chip}"), Feed(open_source(RUNNER)), Faults(clock=0.002), host=clock.host
    )
    through = steps(felt)
    assert len(direct) > 90
    assert abs(len(through) - len(direct)) <= 2
    times = np.array([step.time for step in direct])
    seen = np.array([step.time for step in through]) - 1000.0
    nearest = times[np.argmin(np.abs(times[:, None] - seen[None, :]), axis=0)]
    later = seen > seen[0] + 3
    assert np.abs(seen - nearest)[later].max() < 0.012
    assert np.median(np.abs(np.diff(seen) - np.diff(nearest))) < 0.002
    sides = [direct[int(np.argmin(np.abs(times - t)))].side for t in seen]
    agree = np.mean([step.side == side for step, side in zip(through, sides, strict=True)])
    assert agree > 0.95


FAULTS = {
    "nack=0.02": (),
    "flip=0.0005": (),
    "clock=0.005": (),
    "identity=0x98": (),
    "restart=5": ("lost", "found", "gap"),
    "freeze=5-6": ("lost", "found", "gap"),
    "zeros=5-6": ("lost", "found", "gap"),
    "saturate=5-5.1": ("saturated",),
    "stuck_bus=5-6": ("lost", "found", "gap"),
    "unplugged=5-6": ("lost", "found", "gap"),
    "sleep=5-7": ("lost", "found", "gap"),
    "stall=5-7": ("gap",),
}


@pytest.mark.parametrize("chip", ["lsm6dsox", "mpu6050"])
@pytest.mark.parametrize("order", FAULTS)
def test_a_fault_ordered_by_its_uri_shows(chip, order, caplog):
    """As `emulate:lsm6dsox?stall=5-7` has it, in time that only the emulator's own waiting lets go by."""
    caplog.set_level("ERROR")
    uri = SourceUri(f"emulate:{chip}?{order}" + ("&force=1" if order.startswith("identity") else ""))
    motion = Wave(10.0)
    with EmulatedChipSource(chip, uri, motion, read_faults(uri), host=HandClock().host) as source:
        blocks = list(source)
    told = {block.value["state"] for block in blocks if isinstance(block, Context) and block.kind == "sensor"}
    samples = joined([block for block in blocks if isinstance(block, Samples)])
    marks = {"gap": samples.gap_before, "saturated": samples.saturated}
    shown = told | {name for name, flags in marks.items() if flags.any()}
    assert set(FAULTS[order]) <= shown
    if order in ("clock=0.005", "identity=0x98"):
        assert not shown
    if order.startswith("stall"):
        assert not told  # the chip is not to blame
    assert samples.time[-1] > 1009.5
    assert (samples.acc != 0).any(axis=1).all()  # what failed is missing, never zero


def test_a_live_process_stays_small():
    """It imports no scipy, and an emulated sensor included it stays far below the promised 80 MB."""
    code = (
        "import sys\n"
        "from backbeat.cli import main\n"
        "try:\n"
        "    main(['run', '--source', 'emulate:lsm6dsox', '--seconds', '1', '--jsonl', '-', '--record', 'none'])\n"
        "except SystemExit as end:\n"
        "    assert not end.code, end.code\n"
        "assert 'scipy' not in sys.modules\n"
        # not ru_maxrss: it remembers the size of the process that started this one
        "status = open('/proc/self/status').read()\n"
        "sys.stderr.write(status.partition('VmHWM:')[2].split()[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stderr.split()[-1]) < 80_000
