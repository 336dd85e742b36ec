"""Rhythm, and running or walking or neither."""

from __future__ import annotations

import numpy as np
import pytest

from backbeat.gait import activity
from backbeat.gait.activity import ActivityState, Rhythm

T = np.arange(activity.WINDOW) / activity.RATE_HZ


@pytest.mark.parametrize("hz", [1.7, 2.33, 2.83, 3.67])
def test_step_frequency_and_amplitude_of_a_bounce_in_any_direction(hz: float) -> None:
    up = np.array([0.6, 0.0, -0.8])
    r = activity.rhythm((1.0 + 1.1 * np.sin(2 * np.pi * hz * T + 0.4))[:, None] * up)
    assert r.step_hz == pytest.approx(hz, abs=0.03)
    assert r.amplitude == pytest.approx(1.1, abs=0.05)
    assert r.purity > 0.95
    assert r.mean == pytest.approx(1.0, abs=0.02)


def decided(*looks: Rhythm) -> list[str]:
    state, said = ActivityState(), []
    for look in looks:
        state = activity.update(state, look)
        said.append(state.activity)
    return said


RUN = Rhythm(2.8, 1.2, 0.9, 1.0, 0.05)
JOG = Rhythm(2.5, 0.7, 0.8, 1.0, 0.05)
WALK = Rhythm(1.8, 0.3, 0.5, 1.0, 0.1)
SKIP = Rhythm(2.6, 1.1, 0.6, 1.0, 0.8)
STILL = Rhythm(1.0, 0.001, 0.2, 1.0, 0.0)


def test_flight_is_running_at_once_and_a_jog_after_four_seconds() -> None:
    assert decided(RUN) == ["running"]
    assert decided(*[JOG] * 9)[-2:] == ["walking", "running"]


def test_running_that_loses_its_flight_goes_on_until_it_is_walking() -> None:
    assert decided(RUN, JOG, JOG, WALK) == ["running", "running", "running", "walking"]


def test_standing_and_skipping_are_neither() -> None:
    assert decided(STILL, SKIP, SKIP) == ["other", "other", "other"]
