"""Where the body is borne: humps of the smoothed vertical specific force above 1 g.

Over whole steps the mean vertical specific force is 1 g, because a body that does not rise or sink for good is borne
by just its weight. A vertical signal smoothed to its step frequency therefore crosses 1 g upwards and downwards once a
step, whatever its amplitude: no height is tuned, alternate peaks may differ as they like, and no flight is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backbeat.events import Activity
from backbeat.gait.track import Track

LONGEST_FALL = 30
"""Grid samples below 1 g after which a stance is over although no next one has come (a step in running is ≤ 0.43 s)."""
LONGEST_STANCE = 80
"""Grid samples that a hump is looked back on."""


@dataclass(frozen=True, slots=True)
class Stance:
    """One hump above 1 g; all are grid indices.

    Attributes:
        peak: its highest sample.
        before: the lowest sample of the valley before it.
        after: the lowest sample of the valley after it.
        settled: the sample with which all three were known.
        swing: height of the peak over the lower valley, g.
        activity: what it is a stance of, if it is one.
    """

    peak: int
    before: int
    after: int
    settled: int
    swing: float
    activity: Activity


class StanceFinder:
    """Finds stances in a growing vertical signal.

    Args:
        activity: what its stances are stances of.
        hysteresis_g: the signal has to leave 1 g by this much for a hump or valley to count.
        start: index of the signal's first sample.
    """

    __slots__ = ("_activity", "_before", "_high", "_hysteresis", "_low", "_peak", "_position", "_since")

    def __init__(self, activity: Activity, hysteresis_g: float, start: int) -> None:
        self._activity: Activity = activity
        self._hysteresis = hysteresis_g
        self._high = False
        self._since = start
        self._before: int | None = None
        self._low = 1.0
        self._peak: int | None = None
        self._position = start

    def advance(self, vertical: Track) -> list[Stance]:
        """Stances that were settled by the samples added since the last call."""
        first, self._position = self._position, vertical.end
        excess = vertical.view(first, vertical.end)[0] - 1.0
        outside = (np.abs(excess) > self._hysteresis).nonzero()[0]
        high = excess[outside] > 0
        turns = outside[1:][high[1:] != high[:-1]].tolist()
        if len(high) and bool(high[0]) != self._high:
            turns.insert(0, int(outside[0]))
        stances: list[Stance] = []
        for index in (first + turn for turn in turns):
            if self._high:
                start = max(self._since, index - LONGEST_STANCE)
                self._peak = start + int(vertical.view(start, index)[0].argmax())
            else:
                self._close(vertical, index + 1, stances)
                start = max(self._since, index - LONGEST_FALL)
                fall = vertical.view(start, index + 1)[0]
                self._before, self._low = start + int(fall.argmin()), float(fall.min())
            self._high, self._since = not self._high, index
        if not self._high:
            self._close(vertical, vertical.end, stances)
        return stances

    def _close(self, vertical: Track, now: int, stances: list[Stance]) -> None:
        """End the open stance at the first sample from which the signal rises again, or after the longest fall."""
        if self._peak is None:
            return
        fall = vertical.view(self._since, min(now, self._since + LONGEST_FALL))[0]
        rising = fall[1:] > fall[:-1]
        if rising.any():
            valley = self._since + int(rising.argmax())
        elif len(fall) == LONGEST_FALL:
            valley = self._since + LONGEST_FALL - 2
        else:
            return
        if self._before is not None:
            peak, low = (float(vertical.view(i, i + 1)[0, 0]) for i in (self._peak, valley))
            swing = peak - min(low, self._low)
            stances.append(Stance(self._peak, self._before, valley, valley + 1, swing, self._activity))
        self._peak = None
