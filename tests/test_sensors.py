"""`backbeat sensors`: what it says about what answers."""

import pytest

from backbeat.cli import main, sensors
from firmware_host.bus import Bus, Host
from firmware_host.chips import KINDS
from firmware_host.emulators.adapter import Adapter, Installed
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.i2c import emulated_chip
from firmware_host.scan import buses, scan_bus
from rigs.chip_bench import Wave


class Wired:
    """An emulated bus with emulated chips."""

    def __init__(self, **chips):
        wired = {
            KINDS[name].addresses[0]: emulated_chip(name, Wave(), lambda: 0.0, faults) for name, faults in chips.items()
        }
        self._installed = Installed(Adapter(wired))

    def __enter__(self):
        return lambda address: Bus(self._installed.path, address, Host())

    def __exit__(self, *_):
        self._installed.close()


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"lsm6dso32"}))
def test_each_chip_is_recognised(name):
    with Wired(**{name: Faults()}) as open_bus:
        (answer,) = scan_bus(1, open_bus)
    assert answer.uri.startswith(f"i2c://1/0x{KINDS[name].addresses[0]:02x}?chip={name}")


def test_several_on_one_bus_and_a_stranger():
    with Wired(lsm6dsox=Faults(), mpu6050=Faults(identity=0x98)) as open_bus:
        told = [sensors.told(1, answer) for answer in scan_bus(1, open_bus)]
    assert [found.source for found in told] == ["i2c://1/0x68?chip=mpu6050", "i2c://1/0x6a?chip=lsm6dsox"]
    with Wired(lsm6dsox=Faults(identity=0x33)) as open_bus:
        (stranger,) = [sensors.told(1, answer) for answer in scan_bus(1, open_bus)]
    assert stranger.source == ""
    assert "0x33 in register 0x0f" in stranger.what


def test_buses_of_a_machine(tmp_path):
    (tmp_path / "dev").mkdir()
    for name in ("i2c-1", "i2c-10", "i2c-x", "ttyS0"):
        (tmp_path / "dev" / name).touch()
    assert buses(tmp_path) == [1, 10]


def test_nothing_there_says_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(sensors, "SCANNERS", [sensors.on_the_bus])
    monkeypatch.setattr(sensors, "buses", list)
    with pytest.raises(SystemExit) as end:
        main(["sensors"])
    assert end.value.code == 1
    told = capsys.readouterr().out
    assert "enable it with raspi-config" in told
    assert "emulate:NAME" in told


def test_a_bus_that_may_not_be_opened(monkeypatch, capsys):
    monkeypatch.setattr(sensors, "SCANNERS", [sensors.on_the_bus])
    monkeypatch.setattr(sensors, "buses", lambda: [77])
    with pytest.raises(SystemExit):
        main(["sensors"])
    assert "there is no /dev/i2c-77" in " ".join(capsys.readouterr().out.split())
