"""Once against the real bluetoothd and kernel, in a virtual machine: what the emulated ones promise holds there too."""

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from backbeat.samples import Samples
from firmware_host.air import listen
from firmware_host.ble import BleSource
from firmware_host.emulators.air.link import AirFaults, AirLink
from rigs.ble_bench import sensor_and_radio

PATIENCE_S = 240
MACHINE = Path(os.environ.get("BACKBEAT_VM", "no such folder"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not (MACHINE / "initrd").is_file(), reason="no machine: .ci/virtual-machine, BACKBEAT_VM"),
    pytest.mark.skipif(shutil.which("qemu-system-x86_64") is None, reason="QEMU is not installed (qemu-system-x86)"),
    pytest.mark.filterwarnings("default"),  # bumble's own
]


def test_scan_connect_stream_lose_the_link_and_go_on():
    from rigs.bluetooth_vm import BluetoothVm

    motion, sensor, radio = sensor_and_radio("hipnode")
    link = AirLink(sensor, AirFaults())
    numbers, states = [], []
    with BluetoothVm(MACHINE, link) as machine:
        (found,) = [one for one in listen(5.0) if one.uri]
        assert found.uri == f"ble://{sensor.address}?sensor=hipnode"
        with BleSource(sensor.address, radio) as source:
            deadline = time.monotonic() + PATIENCE_S
            lost = False
            for one in source:
                assert time.monotonic() < deadline, (len(numbers), states, "".join(machine.log[-20:]))
                if not isinstance(one, Samples):
                    states += [one.value["state"]] if one.kind == "sensor" else []
                elif len(one):
                    numbers += motion.numbers(one.acc).tolist()
                if len(numbers) > 1000 and not lost:
                    lost = True
                    machine.disconnect()
                if "found" in states and len(numbers) > 4000:
                    break
            assert source.connections >= 2
            assert source.info.details["address"] == sensor.address
    assert states[:2] == ["lost", "found"]
    assert np.all(np.diff(numbers) == 1)  # nothing is missing; how late it comes is the machine's
