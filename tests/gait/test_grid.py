"""Readings of any rate onto the grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.gait.grid import Grid
from backbeat.samples import STANDARD_GRAVITY, Samples


def gridded(time: np.ndarray, forward: np.ndarray, rate_hz: float, cuts: list[int]) -> np.ndarray:
    """The grid's samples of a forward specific force in g: the signal, and when each sample was settled."""
    acc = np.zeros((len(time), 3))
    acc[:, 0] = forward * STANDARD_GRAVITY
    readings = Samples.of(time, acc)
    grid = Grid(readings, rate_hz)
    parts, begin = [], 0
    for end in [*sorted(cuts), len(time)]:
        if end > begin:
            grid.add(readings[begin:end])
            parts.append(grid.advance()[[0, 3]])
        begin = end
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("rate_hz", [52.0, 100.0, 104.0, 208.0, 500.0])
def test_a_slow_sine_comes_out_as_it_went_in(rate_hz: float) -> None:
    time = 7.0 + np.arange(int(4 * rate_hz)) / rate_hz
    found = gridded(time, np.sin(2 * np.pi * 2.0 * (time - 7.0)), rate_hz, [])[0]
    middle = slice(20, len(found) - 20)
    at = np.arange(len(found)) / 100.0
    assert found[middle] == pytest.approx(np.sin(2 * np.pi * 2.0 * at)[middle], abs=0.01)


def test_what_is_above_the_grid_is_taken_away_from_fast_readings() -> None:
    time = np.arange(2000) / 500.0
    found = gridded(time, np.sin(2 * np.pi * 130.0 * time)[None], 500.0, [])[0]
    assert np.abs(found[20:-20]).max() < 0.01


def test_jittered_readings_lie_where_their_times_say() -> None:
    rng = np.random.default_rng(3)
    time = np.arange(400) / 100.0 + rng.uniform(-0.003, 0.003, 400)
    found = gridded(time, 5.0 * time, 100.0, [])[0]
    at = time[0] + np.arange(len(found)) / 100.0
    assert found[5:-5] == pytest.approx(5.0 * at[5:-5], abs=0.01)


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.sampled_from([100.0, 208.0, 330.0]), st.lists(st.integers(0, 300), max_size=12))
def test_cuts_change_no_bit(rate_hz: float, cuts: list[int]) -> None:
    rng = np.random.default_rng(1)
    time, values = np.arange(300) / rate_hz + rng.uniform(0, 1e-3, 300), rng.normal(size=300)
    assert np.array_equal(gridded(time, values, rate_hz, cuts), gridded(time, values, rate_hz, []))
