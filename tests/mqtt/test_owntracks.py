"""Speed and slope from a phone's location messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.mqtt.owntracks import OwnTracks


def location(second: int, metres: float, altitude: float, **more: Any) -> bytes:
    degrees = metres / 111_195.0  # along a meridian
    body = {"_type": "location", "tst": 1_750_000_000 + second, "lat": 48 + degrees, "lon": 11.0, "alt": altitude}
    return json.dumps({**body, "vel": 12, "vac": 3, "acc": 5, **more}).encode()


def test_speed_is_told_in_metres_a_second_and_slope_over_enough_way() -> None:
    phone = OwnTracks()
    told = [phone.update(location(10 * i, 33.3 * i, 500 + 33.3 * i * 0.04)) for i in range(10)]
    assert [t["speed_m_s"] for t in told] == [pytest.approx(12 / 3.6)] * 10
    assert ["grade_pct" in t for t in told] == [False] * 5 + [True] * 5
    assert told[-1]["grade_pct"] == pytest.approx(4.0, abs=0.1)


def test_a_car_is_no_runner_and_poor_fixes_are_not_used() -> None:
    phone = OwnTracks()
    assert phone.update(location(0, 0, 500, vel=80)) == {"speed_m_s": None}
    assert phone.update(location(10, 100, 500, acc=200)) == {}
    assert phone.update(location(0, 100, 500)) == {}  # not newer
    for second in range(1, 20):
        assert "grade_pct" not in phone.update(location(second * 60, second * 100.0, 500, vac=40))


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.binary(max_size=100)
    | st.dictionaries(
        st.sampled_from(["_type", "tst", "lat", "lon", "alt", "vel", "vac", "acc"]),
        st.just("location") | st.floats() | st.integers() | st.text() | st.booleans() | st.none(),
    ).map(lambda body: json.dumps(body).encode())
)
def test_nothing_a_phone_sends_breaks_it(payload: bytes) -> None:
    phone = OwnTracks()
    for message in (payload, location(0, 0, 0), payload):
        for kind, value in phone.update(message).items():
            assert kind in ("speed_m_s", "grade_pct")
            assert value is None or -50 < value < 50
