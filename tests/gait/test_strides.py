"""Pelvis angles and sway of sines whose size is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.gait.strides import LENGTH, Stride, stride
from backbeat.gait.track import Track
from backbeat.samples import STANDARD_GRAVITY

STRIDE = 72
TURN = 2 * np.pi * np.arange(200) / STRIDE


def track(roll: np.ndarray, sideways: np.ndarray, bias: float = 0.0, gyroscope: bool = True) -> Track:
    """Signals in which sensor axes are body axes; `roll` is an angle in degrees."""
    rate = np.gradient(np.radians(roll)) * 100 + bias
    nothing = np.zeros(200)
    acc = [nothing, sideways, np.ones(200)]
    rates = [rate, nothing + bias, nothing - bias] if gyroscope else []
    signals = Track(6 + len(rates))
    signals.append(np.array([*acc, *acc, *rates]))
    return signals


def measured(signals: Track, begin: int = 20, toe_off: float | None = 80.0) -> Stride:
    found = stride(signals, begin, begin + STRIDE, np.eye(3), 58.0, toe_off)
    assert found is not None
    return found


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.floats(1.0, 12.0), st.floats(-0.05, 0.05), st.integers(10, 100))
def test_the_range_of_an_angle_whatever_the_bias_and_the_begin(size: float, bias: float, begin: int) -> None:
    found = measured(track(size * np.sin(TURN), np.zeros(200), bias), begin)
    assert found.drop == pytest.approx(2 * size, rel=0.01)
    assert found.tilt == pytest.approx(0.0, abs=1e-6)
    assert found.rotation == pytest.approx(0.0, abs=1e-6)


def test_how_far_the_free_side_sinks_in_stance() -> None:
    roll = np.zeros(200)
    roll[60:72], roll[72:] = -4.0 * np.sin(np.pi * np.arange(12) / 12), 0.0  # the left side sinks and comes back
    found = measured(track(roll, np.zeros(200)))
    assert found.sink_right == pytest.approx(4.0, rel=0.1)
    assert found.sink_left == pytest.approx(0.0, abs=0.2)
    walking = measured(track(roll, np.zeros(200)), toe_off=None)
    assert (walking.sink_left, walking.sink_right) == (None, None)


def test_sway_is_the_path_of_a_sideways_sine() -> None:
    found = measured(track(np.zeros(200), 0.2 * np.sin(TURN)))
    assert found.sway == pytest.approx(2 * 0.2 * STANDARD_GRAVITY / (2 * np.pi * 100 / STRIDE) ** 2, rel=0.01)
    assert found.pull == pytest.approx([0.0, 0.0, 1.0], abs=1e-6)


def test_without_a_gyroscope_there_are_no_angles() -> None:
    found = measured(track(np.zeros(200), 0.2 * np.sin(TURN), gyroscope=False))
    assert (found.tilt, found.drop, found.rotation, found.sink_left) == (None, None, None, None)
    assert found.sway > 0.0


def test_what_is_too_long_or_forgotten_is_no_stride() -> None:
    signals = track(np.zeros(200), np.zeros(200))
    assert stride(signals, 10, 10 + LENGTH, np.eye(3), 50.0, 70.0) is None
    signals.forget_before(30)
    assert stride(signals, 20, 90, np.eye(3), 50.0, 70.0) is None
