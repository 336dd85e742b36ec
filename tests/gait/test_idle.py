"""Readings that come and give nothing to look at."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.gait.idle import Idle

CAME = np.arange(0.0, 30.0, 0.1)


def faults(came: np.ndarray, usable: np.ndarray, looks: list[float], cuts: list[int]) -> list[tuple[float, str]]:
    idle, found, begin = Idle(), [], 0
    for end in [*sorted(cuts), len(came)]:
        if end > begin:
            a, b = came[begin], came[end - 1]
            inside = usable[(usable >= a) & (usable <= b)]
            found += idle.faults(came[begin:end], inside, [t for t in looks if a <= t <= b])
            begin = end
    return found


def test_readings_that_are_never_looked_at_are_told_once() -> None:
    (fault,) = faults(CAME, CAME, [], [])
    assert fault == (CAME[51], "slow")


def test_readings_that_are_enough_where_they_come_have_holes() -> None:
    came = np.concatenate([np.arange(s, s + 0.6, 0.01) for s in range(20)])
    assert faults(came, came, [], []) == [(came[came.searchsorted(5.0, side="right")], "holes")]


def test_readings_that_are_no_numbers_are_called_so() -> None:
    assert faults(CAME, CAME[:0], [], []) == [(CAME[51], "unusable")]


def test_after_a_look_patience_begins_anew() -> None:
    looks = CAME[20:151:5].tolist()
    assert faults(CAME, CAME, looks, []) == [(CAME[CAME.searchsorted(looks[-1] + 5.0, side="right")], "slow")]
    assert faults(CAME, CAME, CAME[20::5].tolist(), []) == []


def test_nothing_coming_is_not_idle() -> None:
    came = np.concatenate([CAME[:40], CAME[:40] + 100.0])
    assert faults(came, came, [], []) == []


@settings(deadline=None, max_examples=60, derandomize=True)
@given(
    st.lists(st.integers(0, len(CAME)), max_size=12),
    st.lists(st.integers(0, len(CAME) - 1), max_size=6),
    st.integers(0, 300),
    st.integers(0, 300),
    st.sampled_from([0.1, 0.023, 0.022]),
)
def test_cuts_change_nothing(cuts: list[int], looks: list[int], a: int, b: int, spacing: float) -> None:
    came = CAME * (spacing / 0.1)
    came[200:] += 7.0
    usable = np.delete(came, slice(min(a, b), max(a, b)))
    looked = sorted({float(came[i]) for i in looks})
    assert faults(came, usable, looked, cuts) == faults(came, usable, looked, [])
