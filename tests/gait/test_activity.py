"""Rhythm, and running or walking or neither."""

from __future__ import annotations

from dataclasses import replace

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


RUN = Rhythm(2.8, 1.2, 0.9, 1.0, 0.05, 0.9)
JOG = Rhythm(2.5, 0.7, 0.8, 1.0, 0.05, 0.9)
WALK = Rhythm(1.8, 0.3, 0.5, 1.0, 0.1, 0.9)
SKIP = Rhythm(2.6, 1.1, 0.6, 1.0, 0.8, 0.9)
STILL = Rhythm(1.0, 0.001, 0.2, 1.0, 0.0, 0.2)
HARD = Rhythm(2.8, 0.5, 0.15, 1.0, 0.1, 0.9)
JOLTS = Rhythm(1.8, 0.3, 0.5, 1.0, 0.1, 0.2)


def test_flight_is_running_at_once_and_a_jog_after_four_seconds() -> None:
    assert decided(RUN) == ["running"]
    assert decided(*[JOG] * 9) == ["other"] * 8 + ["running"]


def test_a_hard_landing_is_running_once_its_rhythm_was_seen_twice() -> None:
    assert decided(WALK, HARD, HARD) == ["other", "other", "running"]
    assert set(decided(*[replace(HARD, regularity=0.5)] * 20)) == {"other"}
    assert "running" not in decided(*[replace(HARD, purity=0.3)] * 20)
    assert decided(RUN, *[HARD] * 3) == ["running"] * 4


def test_running_that_loses_its_flight_goes_on_until_it_is_walking() -> None:
    assert decided(RUN, JOG, JOG, WALK, WALK, WALK) == ["running", "running", "running", "other", "other", "walking"]


def test_walking_is_a_rhythm_of_a_second_and_a_half_and_outlives_a_turn() -> None:
    assert decided(WALK, WALK, WALK) == ["other", "other", "walking"]
    assert decided(WALK, WALK, JOLTS, WALK, WALK)[-1] == "other"
    assert decided(WALK, WALK, WALK, STILL, STILL, JOLTS)[-1] == "walking"
    assert decided(WALK, WALK, WALK, STILL, STILL, STILL)[-1] == "other"


def test_jolts_without_rhythm_are_not_walking() -> None:
    assert set(decided(*[JOLTS] * 40)) == {"other"}


def test_standing_and_skipping_are_neither() -> None:
    assert decided(STILL, SKIP, SKIP) == ["other", "other", "other"]


@pytest.mark.parametrize("hz", [1.0, 1.7, 2.8])
def test_what_repeats_itself_is_regular_and_noise_is_not(hz: float) -> None:
    up, noise = np.array([0.0, 0.0, 1.0]), np.random.default_rng(1).normal(size=(activity.WINDOW, 3))
    assert activity.rhythm((1.0 + 0.3 * np.sin(2 * np.pi * hz * T))[:, None] * up).regularity > 0.95
    assert activity.rhythm(up + 0.1 * noise).regularity < 0.5
