"""Readings that no living sensor gives."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_host.watchdog import REPEATS, ZEROS, Watchdog

PROMISE = settings(deadline=None, max_examples=50, derandomize=True)


def looked_at(values, cuts=()):
    watchdog, good, wrong, at = Watchdog(), [], [], 0
    for cut in [*cuts, len(values)]:
        part = np.asarray(values[at : at + cut], dtype=np.int16)
        at += cut
        if len(part):
            keep, why = watchdog.look(part)
            good.extend(keep)
            wrong.append(why)
    return good, [why for why in wrong if why]


def lively(n, start=1):
    return [[k, 1, 2, 3, 4, 5] for k in range(start, start + n)]


@PROMISE
@given(cuts=st.lists(st.integers(0, 40), max_size=10))
def test_the_same_again_and_again(cuts):
    values = lively(30) + [[7, 7, 7, 7, 7, 7]] * 80 + lively(10)
    good, wrong = looked_at(values, cuts)
    assert good == [True] * (30 + REPEATS) + [False] * (80 - REPEATS) + [True] * 10
    assert set(wrong) == {"the same reading again and again"}


@PROMISE
@given(cuts=st.lists(st.integers(0, 8), max_size=10))
def test_zeros_are_never_a_reading(cuts):
    good, wrong = looked_at(lively(10) + [[0] * 6] * ZEROS + lively(10), cuts)
    assert good == [True] * 10 + [False] * ZEROS + [True] * 10
    assert set(wrong) == {"all axes read zero"}


def test_one_zero_is_left_out_and_nothing_else_happens():
    good, wrong = looked_at([*lively(5), [0] * 6, *lively(5)])
    assert good.count(False) == 1
    assert wrong == []


def test_an_axis_at_zero_is_fine():
    assert all(looked_at([[0, 0, k, 0, 0, 0] for k in range(1, 200)])[0])
