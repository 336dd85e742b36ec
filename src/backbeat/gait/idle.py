"""Readings that keep coming and in which nothing can be looked for: that is said, and not passed over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from backbeat.gait.grid import LONGEST_HOLE_S
from backbeat.samples import FloatArray

PATIENCE_S = 5.0
"""Seconds of readings without a look after which it is said; a look comes every half second, the first after 2 s."""
PAUSE_S = 2.0
"""Nothing coming at all for this long is a gap, and no fault of the readings that come after it."""
SLOW_S = 0.5 * LONGEST_HOLE_S
"""Readings further apart than this on the mean are too few, however evenly they come; of others some are missing."""


class Idle:
    """Watches that the readings which come are looked at. All times are seconds on the readings' axis."""

    __slots__ = ("_came", "_last", "_since", "_told", "_usable")

    def __init__(self) -> None:
        self._last = self._since = self._usable = -math.inf
        self._came = 0
        self._told = False

    def quiet_until(self, first: float) -> float:
        """No reading from the one at `first` on shows a fault before the first one after this time."""
        return (first if self._told or self._since == -math.inf else self._since) + PATIENCE_S

    def faults(self, came: FloatArray, usable: FloatArray, looks: Sequence[float]) -> list[tuple[float, str]]:
        """Readings with which it shows that nothing can be found in them, each with the name of the problem.

        Args:
            came: times of all readings, shape (n,), n > 0.
            usable: times of those that the analysis got.
            looks: times of those with which it had a look, increasing.
        """
        last, found = float(came[-1]), []
        if last - self._last > PAUSE_S or last - self._since > PATIENCE_S:
            found = self._sought(came, usable, looks)
        else:
            if looks:
                self._since, self._told, self._came = looks[-1], False, 0
            self._came += len(came) - int(came.searchsorted(self._since, side="right"))
        self._last = last
        if len(usable):
            self._usable = float(usable[-1])
        return found

    def _sought(self, came: FloatArray, usable: FloatArray, looks: Sequence[float]) -> list[tuple[float, str]]:
        begun = came[np.diff(came, prepend=self._last) > PAUSE_S].tolist()
        found: list[tuple[float, str]] = []
        for since, until in pairwise((self._since, *sorted({*looks, *begun}), math.inf)):
            if since != self._since:
                self._since, self._told, self._came = since, False, 0
            first = int(came.searchsorted(since, side="right"))
            at = int(came.searchsorted(since + PATIENCE_S, side="right"))
            if not self._told and at < len(came) and came[at] < until:
                self._told = True
                got = int(usable.searchsorted(came[at], side="right"))
                latest = float(usable[got - 1]) if got else self._usable
                spacing = (float(came[at]) - since) / (self._came + at + 1 - first)
                found.append((float(came[at]), _problem(latest >= since, spacing)))
            self._came += int(came.searchsorted(until)) - first
        return found


def _problem(usable: bool, spacing_s: float) -> str:
    if not usable:
        return "unusable"
    return "slow" if spacing_s > SLOW_S else "holes"
