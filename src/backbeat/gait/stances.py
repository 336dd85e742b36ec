"""Where the body is borne: humps of the smoothed vertical specific force above 1 g.

Over whole steps the mean vertical specific force is 1 g, because a body that does not rise or sink for good is borne
by just its weight. A vertical signal smoothed to its step frequency therefore crosses 1 g upwards and downwards once a
step, whatever its amplitude: no height is tuned, alternate peaks may differ as they like, and no flight is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
    """

    peak: int
    before: int
    after: int
    settled: int


class StanceFinder:
    """Finds stances in a growing vertical signal.

    Args:
        hysteresis_g: the signal has to leave 1 g by this much for a hump or valley to count.
    """

    __slots__ = ("_before", "_high", "_hysteresis", "_peak", "_since", "position")

    def __init__(self, hysteresis_g: float) -> None:
        self._hysteresis = hysteresis_g
        self._high = False
        self._since = 0
        self._before: int | None = None
        self._peak: int | None = None
        self.position = 0

    def advance(self, vertical: Track) -> list[Stance]:
        """Stances that were settled by the samples added since the last call."""
        first, self.position = self.position, vertical.end
        excess = vertical.view(first, vertical.end)[0] - 1.0
        outside = np.flatnonzero(np.abs(excess) > self._hysteresis)
        high = excess[outside] > 0
        turns = outside[high != np.concatenate([[self._high], high[:-1]])] if len(outside) else outside
        stances: list[Stance] = []
        for index in (turns + first).tolist():
            self._expire(vertical, index, stances)
            if self._high:
                start = max(self._since, index - LONGEST_STANCE)
                self._peak = start + int(vertical.view(start, index)[0].argmax())
            else:
                start = max(self._since, index - LONGEST_FALL)
                valley = start + int(vertical.view(start, index)[0].argmin()) if index > start else index
                self._close(valley, index, stances)
                self._before = valley
            self._high, self._since = not self._high, index
        self._expire(vertical, vertical.end, stances)
        return stances

    def _expire(self, vertical: Track, now: int, stances: list[Stance]) -> None:
        limit = self._since + LONGEST_FALL
        if self._peak is not None and not self._high and now > limit:
            valley = self._since + int(vertical.view(self._since, limit)[0].argmin())
            self._close(valley, limit, stances)

    def _close(self, after: int, settled: int, stances: list[Stance]) -> None:
        if self._peak is not None and self._before is not None:
            stances.append(Stance(self._peak, self._before, after, settled))
        self._peak = None
