"""`backbeat doctor`: what it sees and what it advises, on emulated sensors and a file system of its own."""

import numpy as np
import pytest

from backbeat.cli import machine, main, sensor_checks
from backbeat.cli.patient import Patient
from backbeat.samples import Samples
from firmware_host.measure import measure
from rigs.mosquitto import Mosquitto

STILL = "emulate:lsm6dsox?source=sim:%3Fstand=60%26seconds=1"


def found(check, patient):
    return {(finding.state, finding.what) for finding in check(patient)}


def states(check, patient):
    return {finding.state for finding in check(patient)}


def lying(seconds=10, rate=208.0, g=9.81, noise=0.02, **changes):
    n = int(seconds * rate)
    rng = np.random.default_rng(1)
    acc = rng.normal(0, noise, (n, 3))
    acc[:, 2] += g
    return Samples.of(np.arange(n) / rate, acc, np.zeros((n, 3)), **changes)


def test_no_i2c_bus(tmp_path):
    (tmp_path / "dev").mkdir()
    assert states(sensor_checks.check_i2c, Patient("i2c://1/0x6a", root=tmp_path)) == {"bad"}
    assert states(sensor_checks.check_i2c, Patient(root=tmp_path)) == {"note"}
    assert states(sensor_checks.check_i2c, Patient("ble://AA:BB:CC:DD:EE:FF", root=tmp_path)) == set()


@pytest.mark.parametrize(("hertz", "state"), [(100_000, "bad"), (400_000, "good")])
def test_the_speed_of_the_bus(tmp_path, hertz, state):
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "i2c-1").touch()
    node = tmp_path / "sys/class/i2c-adapter/i2c-1/of_node"
    node.mkdir(parents=True)
    (node / "clock-frequency").write_bytes(hertz.to_bytes(4, "big"))
    (what,) = found(sensor_checks.check_i2c, Patient(root=tmp_path))
    assert what[0] == state
    assert f"{hertz // 1000} kHz" in what[1]


def test_a_sensor_at_rest_is_well():
    told = list(sensor_checks.judged(measure([lying()]), 208.0))
    assert {finding.state for finding in told} == {"good"}
    assert any("axis +z points up" in finding.what for finding in told)
    assert any("208.0 readings a second" in finding.what for finding in told)


@pytest.mark.parametrize(
    ("sick", "told"),
    [
        (lying(g=4.9), "0.500 g"),
        (lying(rate=180.0), "180.0 readings a second, 208 were set"),
        (lying(saturated=np.arange(2080) % 100 == 0), "1.01 % of the readings at the end of the range"),
        (lying(gap_before=np.arange(2080) == 700), "1 gaps"),
    ],
)
def test_what_is_wrong_with_a_sensor(sick, told):
    bad = [finding for finding in sensor_checks.judged(measure([sick]), 208.0) if finding.state == "bad"]
    assert any(told in finding.what for finding in bad)
    assert all(finding.remedy for finding in bad)


def test_half_a_g_points_at_the_chip_that_cannot_be_told_apart():
    (gravity,) = [f for f in sensor_checks.judged(measure([lying(g=4.905)]), 208.0) if "|g|" in f.what]
    assert "chip=lsm6dso32" in gravity.remedy


def test_a_moving_sensor_is_not_called_noisy():
    moving = lying(noise=3.0)
    assert not any("noise" in f.what and f.state == "bad" for f in sensor_checks.judged(measure([moving]), 208.0))


def test_too_few_readings():
    assert measure([]) is None
    assert measure([lying(seconds=0.02)]) is None


def test_an_emulated_sensor_is_measured(capsys):
    with pytest.raises(SystemExit) as end:
        main(["doctor", "--source", STILL, "--seconds", "2"])
    told = capsys.readouterr().out
    assert "LSM6DSOX at 0x6a on an emulated bus answers" in told
    assert "axis +z points up" in told
    assert end.value.code in (0, 1)  # jitter and disk are this machine's


def test_a_hipnode_is_asked_to_test_itself():
    assert sensor_checks.with_self_test("ble://A?sensor=hipnode") == "ble://A?sensor=hipnode&selftest=1"
    for other in ("ble://A?sensor=hipnode&selftest=0", "ble://A?sensor=polar", "i2c://1/0x6a"):
        assert sensor_checks.with_self_test(other) == other


@pytest.mark.parametrize(
    ("kept", "position", "state", "says"),
    [
        (None, "unknown", "note", "not calibrated for sam"),
        ("up = [0.0, 0.0, 1.0]\nforward = [1.0, 0.0, 0.0]\n", "sacrum", "good", "calibrated for sam"),
        ("up = [0.0, 0.0, 1.0]\nforward = [0.0, 0.0, 1.0]\n", "unknown", "bad", "is damaged"),
        (
            'up = [0.0, 0.0, 1.0]\nforward = [1.0, 0.0, 0.0]\nposition = "left_hip"\n',
            "sacrum",
            "bad",
            "was made with the sensor at the left hip",
        ),
    ],
)
def test_what_it_says_of_the_calibration(tmp_path, kept, position, state, says):
    if kept:
        (tmp_path / "worn").mkdir()
        (tmp_path / "worn" / "sam-lsm6dsox-at-0x6a-on-an-emulated-bus.toml").write_text(kept)
    patient = Patient(STILL, runner="sam", histories=tmp_path, position=position, seconds=0.1)
    (finding,) = [f for f in sensor_checks.check_sensor(patient) if "calibrated" in f.what or "worn" in f.what]
    assert finding.state == state
    assert says in finding.what


def test_a_sensor_that_is_not_there():
    assert states(sensor_checks.check_sensor, Patient("i2c://9/0x6a")) == {"bad"}
    assert states(sensor_checks.check_sensor, Patient()) == {"note"}


def test_a_broker_that_is_not_there():
    assert states(machine.check_broker, Patient(mqtt="mqtt://127.0.0.1:1")) == {"bad"}
    assert states(machine.check_broker, Patient()) == set()


def test_an_address_that_is_no_broker_s_needs_no_other_remedy():
    (finding,) = machine.check_broker(Patient(mqtt="foo"))
    assert (finding.state, finding.remedy) == ("bad", "")
    assert "foo" in finding.what


def test_a_broker_lets_us_in_or_not(mosquitto_program, tmp_path):
    with Mosquitto(mosquitto_program, tmp_path / "open") as broker:
        assert states(machine.check_broker, Patient(mqtt=f"mqtt://127.0.0.1:{broker.port}")) == {"good"}
    with Mosquitto(mosquitto_program, tmp_path / "shut", lines=["allow_anonymous false"]) as broker:
        ((state, what),) = found(machine.check_broker, Patient(mqtt=f"mqtt://127.0.0.1:{broker.port}"))
        assert state == "bad"
        assert "refuses us" in what
