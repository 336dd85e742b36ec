"""Readings that no living sensor gives: all zeros, or the same again and again.

An MPU-6050 that browned out reads as zeros, one whose bus hung repeats its last reading; a real one at rest is moved
in its last digit by its own noise.
"""

from __future__ import annotations

import operator

import numpy as np

from backbeat.samples import BoolArray
from firmware_host.chips.talk import RawArray

REPEATS = 50
"""So many equal readings in a row (a quarter of a second) are one that is stuck."""
ZEROS = 5
"""So many all-zero readings in a row are none."""


_MARK = np.array([1, 3, 7, 11, 13, 17])
"""Makes one number of a reading: equal readings have equal ones, and other readings seldom."""


class Watchdog:
    """Looks at every reading; one that is stuck before a chip is started anew may still be stuck after it."""

    def __init__(self) -> None:
        self._last: RawArray | None = None
        self._mark: int | None = None
        self._repeats = 0
        self._zeros = 0

    def lively(self, values: RawArray) -> bool:
        """Whether no reading (n, 6) is like the one before and none is zero, so that there is nothing to `look` at."""
        marks = (values @ _MARK).tolist()
        if 0 in marks or marks[0] == self._mark or any(map(operator.eq, marks, marks[1:])):
            return False  # alike by chance, or in every axis
        self._mark, self._last, self._repeats, self._zeros = marks[-1], values[-1:], 0, 0
        return True

    def look(self, values: RawArray) -> tuple[BoolArray, str | None]:
        """Which readings (n, 6) are good, shape (n,); what is wrong with the chip if it has to be started anew."""
        zero: BoolArray = np.logical_not(values.any(axis=1))
        before = values[:1] if self._last is None else self._last
        equal: BoolArray = (values == np.concatenate((before, values[:-1]))).all(axis=1)
        if self._last is None:
            equal[:1] = False
        repeats = _run_lengths(equal, self._repeats)
        zeros = _run_lengths(zero, self._zeros)
        self._last, self._repeats, self._zeros = values[-1:], int(repeats[-1]), int(zeros[-1])
        self._mark = int(values[-1] @ _MARK)
        stuck = repeats >= REPEATS
        good = np.logical_not(zero | stuck)
        if (zeros >= ZEROS).any():
            return good, "all axes read zero"
        return good, "the same reading again and again" if stuck.any() else None


def _run_lengths(on: BoolArray, before: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many true values in a row end at each place, shape (n,); `before` of them came just before the first."""
    if not on.any():
        return np.zeros(len(on), dtype=np.int64)
    places = np.arange(1, len(on) + 1)
    last_off = np.maximum.accumulate(np.where(on, 0, places))
    lengths = places - last_off
    return np.where(last_off == 0, lengths + before, lengths)
