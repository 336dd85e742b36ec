"""Frames that others captured or published, with their values: our decoders must agree."""

import json
import math
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from firmware_host.radios import movesense, pmd, standard, witmotion
from firmware_host.radios.radio import PacketTimes

FILE = (
    Path(os.environ.get("BACKBEAT_RECORDINGS", Path(__file__).parents[4] / "shared" / "recordings")).parent
    / "vectors"
    / "ble_vectors.json"
)
FOUND = json.loads(FILE.read_text()) if FILE.is_file() else {"vectors": [], "polar_timestamp_cases": {"cases": []}}


def of(family):
    """The vectors of a family as test parameters; one that skips where the file is absent."""
    chosen = [pytest.param(v, id=v["id"]) for v in FOUND["vectors"] if v["family"] == family]
    reason = f"no test vectors at {FILE}"
    return chosen or [pytest.param(None, marks=pytest.mark.skipif(not FILE.is_file(), reason=reason))]


@pytest.mark.parametrize("vector", of("movesense_gsp"))
def test_movesense(vector):
    body, expected = bytes.fromhex(vector["hex"]), vector["expected"]
    found = movesense.measurement(vector["channel"], body)
    if vector["channel"] == "/Meas/Temp":
        assert found == {"Timestamp": expected["timestamp_ms"], "Measurement": expected["temperature_K"]}
    elif vector["channel"] == "/Meas/HR":
        assert found["average"] == pytest.approx(expected["hr_bpm"])
        assert found["rrData"] == expected["rr_ms"]
    else:
        assert found.keys() == expected.keys()
        for name, values in expected.items():
            rows = values if not name.startswith("Array") else [[v["x"], v["y"], v["z"]] for v in values]
            assert np.asarray(found[name], dtype=float) == pytest.approx(np.asarray(rows, dtype=float), rel=1e-7)


def test_movesense_as_readings():
    """The captured IMU6 frame through the whole decoder."""
    vector = next((v for v in FOUND["vectors"] if v["id"] == "movesense_meas_imu6_52"), None)
    if vector is None:
        pytest.skip(f"no test vectors at {FILE}")
    radio = movesense.Movesense(52)
    (packet,) = radio.feed(movesense.NOTIFY, bytes((2, movesense.REFERENCE)) + bytes.fromhex(vector["hex"]))
    first_acc, first_gyr = vector["expected"]["ArrayAcc"][0], vector["expected"]["ArrayGyro"][0]
    assert packet.acc[0] == pytest.approx(list(first_acc.values()))
    assert packet.gyr[0] == pytest.approx([math.radians(v) for v in first_gyr.values()])
    assert packet.device_time == pytest.approx(172.460 + np.arange(4) / 52)


@pytest.mark.parametrize("vector", of("polar_pmd"))
def test_polar(vector):
    data, expected = bytes.fromhex(vector["hex"]), vector["expected"]
    if "response" in expected:
        reply = pmd.decode_reply(data)
        assert (reply.operation, reply.measurement, reply.status, reply.more) == (
            expected["op"],
            expected["meas_type"],
            expected["status"],
            expected["more"],
        )
        if "status_name" in expected:
            words = expected["status_name"].lower().removeprefix("error_").replace("_", " ")
            assert reply.status_text == words
        if "params" in expected:
            assert reply.parameters.hex() == expected["params"]
        settings, found = expected.get("settings", {}), {}
        if settings:
            found = pmd.decode_settings(reply.parameters)
    elif "meas_type" not in expected:
        settings, found = expected, pmd.decode_settings(data)
    else:
        check_frame(pmd.decode(data), expected, vector.get("context", {}))
        return
    for name, values in settings.items():
        assert found[name] == pytest.approx(values)


def check_frame(frame, expected, context):
    assert frame.measurement == expected["meas_type"]
    assert frame.compressed is expected["compressed"]
    assert frame.frame_type == expected["frame_type"]
    assert frame.stamp_ns == expected["timestamp_ns"]
    if "n_samples" in expected:
        assert len(frame.counts) == expected["n_samples"]
    for name in ("first", "raw_first", "mg", "dps"):
        rows = expected.get(name, [])
        assert frame.counts[: len(rows)].tolist() == rows
    if "mg_abs_max" in expected:
        milli_g = np.trunc(frame.counts * context["factor"] * 1000)
        assert np.abs(milli_g).max() <= expected["mg_abs_max"]


def nothing_missing(case):
    """Whether the readings come at the rate that was set: where they do not, Polar stretches them and we mark a gap."""
    lasted = case["frame"] - case["previous"] if case["previous"] else case["n"] * 1e9 / (case["rate"] or math.inf)
    return isinstance(case["expected"], list) and abs(lasted * case["rate"] / case["n"] / 1e9 - 1) < 0.1


@pytest.mark.parametrize(
    "case",
    [case for case in FOUND["polar_timestamp_cases"]["cases"] if nothing_missing(case)],
    ids=lambda case: f"{case['n']} at {case['rate']} Hz",
)
def test_polar_times(case):
    """Spread evenly since the frame before, or by the rate where there was none."""
    times = PacketTimes(1 / case["rate"], stamps_last=True)
    if case["previous"]:
        times.place(case["previous"] / 1e9, case["n"])
    placed, missing, restarted = times.place(case["frame"] / 1e9, case["n"])
    assert placed == pytest.approx(np.array(case["expected"]) / 1e9, abs=1e-9)
    assert (missing, restarted) == (0, False)


@pytest.mark.parametrize("vector", of("witmotion_55_61"))
def test_witmotion(vector):
    """The captures end in the middle of the angles: the rest of the frame is filled up with zeros."""
    expected = vector["expected"]
    frame = bytes.fromhex(vector["hex"]).ljust(witmotion.SHORT, b"\0")
    radio = witmotion.Witmotion()
    found = [packet for _ in range(2) for packet in radio.feed(witmotion.NOTIFY, frame)]
    acc, gyr = found[0].acc[0], found[0].gyr[0]
    assert np.rint(acc / witmotion.ACC_SCALE).tolist() == expected["acc_raw"]
    assert acc / 9.80665 == pytest.approx(expected["acc_g"])
    assert gyr == pytest.approx([math.radians(v) for v in expected["gyro_dps"]])
    assert np.linalg.norm(acc) / 9.80665 == pytest.approx(expected["acc_norm_g"])


@pytest.mark.parametrize("vector", of("witmotion_55_71"))
def test_witmotion_register(vector):
    register, values = witmotion.decode_register(bytes.fromhex(vector["hex"]))
    assert register == vector["expected"]["register"]
    assert list(values[:3]) == vector["expected"]["mag_raw"]


@pytest.mark.parametrize("vector", of("gatt_hr_0x2A37"))
def test_heart_rate(vector):
    found, expected = standard.decode_heart_rate(bytes.fromhex(vector["hex"])), vector["expected"]
    if "hr" in expected:
        assert found.bpm == expected["hr"]
    if "contact" in expected:
        assert found.contact is expected["contact"]


@pytest.mark.parametrize("vector", of("gatt_rsc_0x2A53"))
def test_running_speed_and_cadence(vector):
    found, expected = standard.decode_running(bytes.fromhex(vector["hex"])), vector["expected"]
    assert found.speed_m_s == expected["speed_raw"] / 256
    assert found.cadence == expected["cadence"]
    assert found.running is expected["running"]
    assert found.stride_m == (expected["stride_raw_cm"] / 100 if expected["stride_present"] else None)
    assert found.distance_m == (expected["distance_raw_dm"] / 10 if expected["distance_present"] else None)


@pytest.mark.parametrize("vector", of("gatt_battery_0x2A19"))
def test_battery(vector):
    data, expected = bytes.fromhex(vector["hex"]), vector["expected"]
    if expected["valid"]:
        assert standard.decode_battery(data) == expected["level"]
    else:
        with pytest.raises(ValueError, match="battery"):
            standard.decode_battery(data)


def test_polar_factor_is_a_float():
    """The factor of the vendor's compressed example, through settings and scale."""
    assert pmd.decode_settings(b"\x05\x01" + struct.pack("<f", 0.000244))["factor"] == pytest.approx((0.000244,))
