"""Left and right as a sequence problem."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from backbeat.gait import sides
from backbeat.gait.legs import POINTS, features, sense_evidence
from backbeat.gait.sides import Look, SidesState


def step(right: bool, rng: np.random.Generator, noise: float = 0.1) -> np.ndarray:
    """A step of which the free side of the pelvis drops: roll dips on the right foot, rises on the left."""
    at = rng.normal(size=(POINTS, 6)) * noise
    dip = -np.sin(2 * np.pi * np.arange(POINTS) / POINTS)
    at[:, 3] += dip if right else -dip
    return at.ravel()


def told(rights: list[bool], intervals: list[float], noise: float = 0.1) -> list[str | None]:
    rng = np.random.default_rng(2)
    looks = [Look("running", step(r, rng, noise), i, 35.0) for r, i in zip(rights, intervals, strict=True)]
    states = sides.start(SidesState(), looks[:5], gyroscope=True)
    for before, look in pairwise(looks[4:]):
        states.append(sides.advance(states[-1], look, before.feature, gyroscope=True))
    return [sides.side_of(state, gyroscope=True)[0] for state in states]


def named(rights: list[bool]) -> list[str | None]:
    return ["right" if right else "left" for right in rights]


@pytest.mark.parametrize("first", [True, False])
def test_alternating_steps_get_their_sides(first: bool) -> None:
    rights = [first == (k % 2 == 0) for k in range(40)]
    assert told(rights, [0.0] + [35.0] * 39) == named(rights)


def test_noise_breaks_no_alternation() -> None:
    rights = [k % 2 == 0 for k in range(200)]
    assert told(rights, [0.0] + [35.0] * 199, noise=1.0) == named(rights)


def test_a_missed_step_costs_at_most_two_sides() -> None:
    rights = [k % 2 == 0 for k in range(30)]
    del rights[15]
    intervals = [0.0] + [35.0] * 28
    intervals[15] = 70.0
    wrong = sum(a != b for a, b in zip(told(rights, intervals), named(rights), strict=True))
    assert wrong <= 2


def test_the_dip_of_the_roll_speaks_for_the_right_foot() -> None:
    rng = np.random.default_rng(0)
    assert sense_evidence(step(True, rng), step(False, rng), 35.0, gyroscope=True, running=True) > 0


def test_features_are_read_between_columns() -> None:
    ramp = np.arange(85.0) * np.array([[1.0], [2.0], [3.0]])
    seen = features(ramp, 20.25, 32.0).reshape(POINTS, 3)
    assert seen[:, 0] == pytest.approx(20.25 + 24.0 * np.arange(POINTS) / POINTS)
    assert seen[:, 2] == pytest.approx(3 * seen[:, 0])


def test_a_slow_step_is_not_looked_at_beyond_its_window() -> None:
    ramp = np.tile(np.arange(50.0), (3, 1))
    seen = features(ramp, 20.0, 110.0).reshape(POINTS, 3)
    assert seen.max() == 49.0
    assert (np.diff(seen[:, 0]) >= 0.0).all()


@pytest.mark.parametrize("log_odds", [0.0, 1e-9, -1e-9])
def test_a_side_that_only_rounding_would_tell_is_not_told(log_odds: float) -> None:
    sense = sides.Sense(total=3.0, square=3.0, weight=3.0, told=1)
    assert sides.side_of(SidesState(log_odds=log_odds, sense=sense), gyroscope=True) == (None, 0.5)
    assert sides.side_of(SidesState(log_odds=4.0, sense=sense), gyroscope=True)[0] == "right"
