"""Readings that keep coming and in which nothing can be looked for: that is said, and not passed over."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from backbeat.samples import FloatArray

PATIENCE_S = 5.0
"""Seconds of readings without a look after which it is said; a look comes every half second, the first after 2 s."""
PAUSE_S = 2.0
"""Nothing coming at all for this long is a gap, and no fault of the readings that come after it."""


class Idle:
    """Watches that the readings which come are looked at. All times are seconds on the readings' axis."""

    __slots__ = ("_last", "_since", "_told", "_usable")

    def __init__(self) -> None:
        self._last = self._since = self._usable = -math.inf
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
        elif looks:
            self._since, self._told = looks[-1], False
        self._last = last
        if len(usable):
            self._usable = float(usable[-1])
        return found

    def _sought(self, came: FloatArray, usable: FloatArray, looks: Sequence[float]) -> list[tuple[float, str]]:
        begun = came[np.diff(came, prepend=self._last) > PAUSE_S].tolist()
        found: list[tuple[float, str]] = []
        for since, until in pairwise((self._since, *sorted({*looks, *begun}), math.inf)):
            if since != self._since:
                self._since, self._told = since, False
            at = int(came.searchsorted(since + PATIENCE_S, side="right"))
            if self._told or at == len(came) or came[at] >= until:
                continue
            self._told = True
            got = int(usable.searchsorted(came[at], side="right"))
            latest = float(usable[got - 1]) if got else self._usable
            found.append((float(came[at]), "slow" if latest >= since else "unusable"))
        return found
