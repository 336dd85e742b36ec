"""Humps of the vertical above 1 g."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.gait.stances import Stance, StanceFinder
from backbeat.gait.track import Track


def sought(vertical: np.ndarray, cuts: list[int]) -> list[Stance]:
    track, finder, stances, begin = Track(1), StanceFinder("running", 0.15, 0), [], 0
    for end in [*sorted(cuts), len(vertical)]:
        track.append(vertical[begin:end])
        stances += finder.advance(track)
        begin = end
    return stances


def bounce(step: float, amplitudes: np.ndarray) -> np.ndarray:
    t = np.arange(int(step * len(amplitudes)))
    return 1.0 - amplitudes[(t / step).astype(int)] * np.cos(2 * np.pi * t / step)


@pytest.mark.parametrize("spm", [140, 170, 220])
def test_each_bounce_is_one_stance_from_valley_to_valley(spm: int) -> None:
    step = 6000 / spm
    stances = sought(bounce(step, np.full(20, 1.2)), [])
    assert len(stances) >= 18
    for stance in stances:
        assert (stance.peak / step) % 1 == pytest.approx(0.5, abs=0.04)
        assert stance.after - stance.before == pytest.approx(step, abs=1.1)
        assert stance.swing == pytest.approx(2.4, abs=0.1)


def test_alternate_peaks_may_differ_by_45_percent() -> None:
    assert len(sought(bounce(35.3, np.tile([1.2, 0.75], 10)), [])) >= 18


@pytest.mark.parametrize("second", [0.0, 0.2, 0.5])
def test_what_follows_a_hard_landing_is_of_the_same_stance(second: float) -> None:
    """A shock of 3 g, its rebound, and then the rest of the stance; in flight until the next landing."""
    one = np.zeros(36)
    one[:10] = 3.0 * np.sin(np.pi * np.arange(10) / 10)
    one[10:24] = 0.5 + second + 0.5 * np.sin(np.pi * (np.arange(14) - 3.5) / 7) * (0.3 + second)
    stances = sought(np.tile(one, 20), [])
    assert 18 <= len(stances) <= 20
    for stance in stances[1:]:
        assert stance.peak % 36 == 5
        assert stance.before % 36 in {0, *range(24, 36)}
        assert stance.after % 36 in {0, *range(24, 36)}
        assert stance.settled - stance.peak <= 45


def test_a_ripple_is_no_stance() -> None:
    assert sought(bounce(35.3, np.full(20, 0.1)), []) == []


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.lists(st.integers(0, 500), max_size=20))
def test_cuts_change_nothing(cuts: list[int]) -> None:
    rng = np.random.default_rng(5)
    signal = 1.0 + np.convolve(rng.normal(size=560), np.hanning(24) / 4, mode="same")[:500]
    assert sought(signal, cuts) == sought(signal, [])
