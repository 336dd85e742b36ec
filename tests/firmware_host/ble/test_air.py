"""What a scan says about what it sees."""

import pytest

from backbeat.cli import sensor_checks, sensors
from backbeat.cli.patient import Patient
from backbeat.errors import UserError
from firmware_host import air
from firmware_host.air import described, listen
from firmware_host.emulators.air.air import Air
from firmware_host.emulators.air.link import AirFaults, AirLink
from firmware_host.radios import hipnode_packets, movesense, standard
from rigs.ble_bench import SENSORS, sensor_and_radio


def test_emulated_sensors_are_recognised_with_their_uri():
    links = []
    for number, name in enumerate(SENSORS):
        _, sensor, _ = sensor_and_radio(name)
        sensor.address = f"C0:FF:EE:00:00:0{number}"
        links.append(AirLink(sensor, AirFaults()))
    with Air(links):
        found = listen(2.0)
    assert {one.uri for one in found} == {
        f"ble://C0:FF:EE:00:00:0{number}?sensor={name}" for number, name in enumerate(SENSORS)
    }
    assert all(one.where == "hci0" for one in found)


@pytest.mark.parametrize(
    ("name", "services", "rssi", "uri", "remark"),
    [
        ("HipNode A1B2", {hipnode_packets.SERVICE}, -60, "ble://A?sensor=hipnode", ""),
        ("", {hipnode_packets.SERVICE}, -60, "ble://A?sensor=hipnode", ""),
        ("WT901BLE68", set(), -60, "ble://A?sensor=witmotion", ""),
        ("WT901BLE68", set(), -92, "ble://A?sensor=witmotion", "weak signal"),
        ("Movesense 1234", {standard.uuid(0xFDF3)}, -60, "ble://A?sensor=movesense", "firmware"),
        ("renamed", {movesense.SERVICE}, -60, "ble://A?sensor=movesense", "firmware"),
        ("Polar H10 123", {standard.HEART_RATE_SERVICE}, -60, "ble://A?sensor=polar", "accelerometer only"),
        ("TICKR", {standard.HEART_RATE_SERVICE}, -60, "", "it sends no motion"),
        ("Stryd", {standard.RUNNING_SERVICE}, -60, "", "speed and cadence"),
    ],
)
def test_one_advertisement(name, services, rssi, uri, remark):
    found = described("hci0", "A", name, frozenset(services), rssi)
    assert found.uri == uri
    assert remark in found.remark


def test_a_phone_is_none_of_ours():
    assert described("hci0", "A", "Anna's phone", frozenset(), -40) is None


def test_without_bluetooth_it_says_why(monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    (found,) = listen()
    assert "there is no system bus" in found.remark


def test_an_adapter_that_is_off():
    _, sensor, _ = sensor_and_radio("hipnode")
    with Air([AirLink(sensor, AirFaults())]) as air:

        async def off():
            air.bluez.power(False)

        air.call(off())
        (found,) = listen(0.5)
    assert "bluetoothctl power on" in found.remark


def test_sensors_shows_the_uri_to_paste(capsys, monkeypatch):
    monkeypatch.setattr(sensors, "SCANNERS", [sensors.in_the_air])
    monkeypatch.setattr(air, "SCAN_S", 2.0)
    _, sensor, _ = sensor_and_radio("hipnode")
    with Air([AirLink(sensor, AirFaults())]):
        sensors.command()
    assert "ble://C0:FF:EE:00:00:01?sensor=hipnode" in "".join(capsys.readouterr().out.split())


def test_a_hipnode_blinks(capsys):
    _, sensor, _ = sensor_and_radio("hipnode")
    with Air([AirLink(sensor, AirFaults())]):
        sensors.command(blink=f"ble://{sensor.address}?sensor=hipnode")
        assert sensor.blinked == 1
    assert "It has blinked" in capsys.readouterr().out
    for other in ("ble://AA:BB:CC:DD:EE:FF?sensor=polar", "run.csv?sensor=hipnode"):
        with pytest.raises(UserError, match="only a HipNode has a light"):
            sensors.command(blink=other)


def test_doctor_looks_at_the_adapter(monkeypatch, tmp_path):
    patient = Patient(source="ble://C0:FF:EE:00:00:01?sensor=hipnode")
    with Air([]) as emulated:
        (good,) = sensor_checks.check_bluetooth(patient)
        assert (good.state, good.what) == ("good", "Bluetooth adapter hci0 is on")

        async def off():
            emulated.bluez.power(False)

        emulated.call(off())
        (bad,) = sensor_checks.check_bluetooth(patient)
        assert (bad.state, bad.remedy) == ("bad", "bluetoothctl power on; rfkill unblock all")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    (bad,) = sensor_checks.check_bluetooth(patient)
    assert "sudo systemctl enable" in bad.remedy
    assert list(sensor_checks.check_bluetooth(Patient(source="i2c://1/0x6a"))) == []
