"""Initial contact and toe-off of steps that are formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.gait.contacts import SHAPE, Contact, ContactFinder
from synthetic_steps import windows

STEP = 35.3


def found(contact_times: list[float], step: float = STEP, **how: float) -> list[Contact]:
    finder = ContactFinder()
    return [finder.find(w) for w in windows(contact_times, step, **how)]  # type: ignore[arg-type]


def errors(steps: list[Contact], contact_times: list[float], step: float = STEP) -> tuple[np.ndarray, np.ndarray]:
    """Of initial contact and toe-off in ms."""
    landed = 100 + step * np.arange(1, len(contact_times) - 1)
    left = landed + np.array(contact_times[1:-1])
    return (
        10 * (np.array([s.initial_contact for s in steps]) - landed),
        10 * (np.array([s.toe_off for s in steps]) - left),
    )


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.floats(0.5, 0.72), st.floats(28.0, 42.0), st.floats(-0.2, 0.2))
def test_events_are_found_at_any_pace_and_tilt(share: float, step: float, slope: float) -> None:
    times = [share * step] * 8
    contact, toe_off = errors(found(times, step, slope=slope), times, step)
    assert np.abs(contact).max() < 15.0
    assert np.abs(toe_off).max() < 25.0


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.floats(-0.25, 0.25))
def test_a_tilted_sensor_moves_no_event(slope: float) -> None:
    level, tilted = found([22.0] * 8), found([22.0] * 8, slope=slope)
    for a, b in zip(level, tilted, strict=True):
        assert b.initial_contact == pytest.approx(a.initial_contact, abs=1e-6)
        assert b.toe_off == pytest.approx(a.toe_off, abs=1e-6)
        assert b.slope == pytest.approx(a.slope + slope, abs=1e-6)


@pytest.mark.parametrize("difference", [-1.8, 0.0, 0.9, 1.8])
def test_a_difference_between_the_legs_is_read_as_it_is(difference: float) -> None:
    steps = found([22.0 - difference / 2, 22.0 + difference / 2] * 20)
    contact_times = np.array([s.toe_off - s.initial_contact for s in steps])
    # the first window is that of the second step, a longer one
    assert contact_times[::2].mean() - contact_times[1::2].mean() == pytest.approx(difference, abs=0.1)


def test_without_a_forward_signal_the_vertical_has_to_do() -> None:
    for step in found([22.0] * 8, forward=False):
        assert step.toe_off - step.initial_contact == pytest.approx(SHAPE * step.step / step.peak10, rel=0.25)
        assert step.step == pytest.approx(STEP, abs=0.1)
