"""`backbeat calibrate`: up and forward from standing and bowing, for every way to wear a sensor."""

from itertools import product

import numpy as np
import pytest

from backbeat.cli import calibrate, main
from backbeat.errors import UserError
from backbeat.samples import STANDARD_GRAVITY, Samples, SourceInfo
from firmware_host.mounting import held, mounting

AXES = {sign + axis: (1 if sign == "+" else -1) * np.eye(3)["xyz".index(axis)] for sign in "+-" for axis in "xyz"}


def bowed_by(up, forward, degrees):
    """World-up in the sensor's axes after the front has gone down."""
    angle = np.radians(degrees)
    return np.cos(angle) * up - np.sin(angle) * forward


def readings(direction, seconds=6.0, start=0.0, sway=0.005, rate=100.0):
    n = int(seconds * rate)
    noise = np.random.default_rng(0).normal(0, sway, (n, 3))
    return Samples.of(start + np.arange(n) / rate, (direction + noise) * STANDARD_GRAVITY, None)


@pytest.mark.parametrize(
    ("up", "forward"), [(u, f) for u, f in product(AXES, AXES) if abs(AXES[u] @ AXES[f]) < 0.5], ids="".join
)
def test_every_way_to_wear_it(up, forward):
    standing = held(readings(AXES[up]))
    bow = held(readings(bowed_by(AXES[up], AXES[forward], 35)))
    assert mounting(standing, bow) == (up, forward)


def test_a_pelvis_is_never_quite_upright():
    up, forward = AXES["-y"], AXES["+z"]
    assert mounting(bowed_by(up, forward, 12), bowed_by(up, forward, 50)) == ("-y", "+z")


@pytest.mark.parametrize(
    ("standing", "bowed", "told"),
    [
        (AXES["+z"], bowed_by(AXES["+z"], AXES["+x"], 5), "a bow of 5°"),
        (np.ones(3), np.array([1.0, 0.2, 1.0]), "No axis of the sensor points up"),
    ],
)
def test_what_cannot_be_told(standing, bowed, told):
    with pytest.raises(UserError, match=told):
        mounting(standing, bowed)


def test_who_does_not_hold_still_tries_again():
    with pytest.raises(UserError, match="hold still"):
        held(readings(AXES["+z"], sway=0.3))
    with pytest.raises(UserError, match="too few"):
        held(readings(AXES["+z"], seconds=0.5))


class Worn:
    info = SourceInfo(name="worn", origin="live")

    def __init__(self, *stretches):
        self._stretches = stretches

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def __iter__(self):
        for stretch in self._stretches:
            for k in range(0, len(stretch), 50):
                yield stretch[k : k + 50]


def test_the_command_says_what_to_write(monkeypatch, capsys):
    up, forward = AXES["+y"], AXES["-x"]
    worn = Worn(readings(up, 10.0), readings(bowed_by(up, forward, 40), 12.0, start=10.0))
    monkeypatch.setattr(calibrate, "open_source", lambda _: worn)
    with pytest.raises(SystemExit) as end:
        main(["calibrate", "--source", "worn:"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert 'up = "+y"' in told
    assert 'forward = "-x"' in told


def test_a_sensor_that_stops(monkeypatch, capsys):
    monkeypatch.setattr(calibrate, "open_source", lambda _: Worn(readings(AXES["+z"], 3.0)))
    with pytest.raises(SystemExit) as end:
        main(["calibrate", "--source", "worn:"])
    assert end.value.code == 2
    assert "stopped before" in capsys.readouterr().err
