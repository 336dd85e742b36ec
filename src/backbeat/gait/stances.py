"""Where the body is borne: humps of the smoothed vertical specific force above 1 g.

Over whole steps the mean vertical specific force is 1 g, because a body that does not rise or sink for good is borne
by just its weight. A vertical signal smoothed to its step frequency therefore crosses 1 g upwards and downwards once a
step, whatever its amplitude: no height is tuned, alternate peaks may differ as they like, and no flight is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

from backbeat.events import Activity
from backbeat.gait.track import Track

LONGEST_FALL = 30
"""Grid samples below 1 g, or about 1 g where somebody stops, after which a stance is over although no next one has come
(a step in running is ≤ 0.43 s)."""
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

    __slots__ = (
        "_activity",
        "_before",
        "_fallen",
        "_high",
        "_last",
        "_low",
        "_peak",
        "_position",
        "_risen",
        "_since",
        "_up",
    )

    def __init__(self, activity: Activity, hysteresis_g: float, start: int) -> None:
        self._activity: Activity = activity
        self._fallen, self._risen = 1.0 - hysteresis_g, 1.0 + hysteresis_g
        self._high = False
        self._since = self._position = self._up = start
        self._last = 1.0
        self._before: int | None = None
        self._low = 1.0
        self._peak: int | None = None

    def advance(self, vertical: Track) -> list[Stance]:
        """Stances that were settled by the samples added since the last call."""
        first, self._position = self._position, vertical.end
        stances: list[Stance] = []
        last, fallen, risen = self._last, self._fallen, self._risen
        for index, value in enumerate(vertical.view(first, vertical.end)[0].tolist(), first):
            if self._high:
                if value < fallen:
                    self._peak = _highest(vertical, max(self._since, index - LONGEST_STANCE), index)
                    self._high, self._since = False, index
                elif value > risen:
                    self._up = index
                elif index - self._up == LONGEST_FALL:
                    self._fade(vertical, index, stances)
            else:
                if self._peak is not None and (value > last or index - self._since == LONGEST_FALL - 1):
                    self._close(vertical, index, last, stances)
                if value > risen:
                    self._before, self._low = _lowest(vertical, max(self._since, index - LONGEST_FALL), index + 1)
                    self._high, self._since, self._up = True, index, index
            last = value
        self._last = last
        return stances

    def _fade(self, vertical: Track, index: int, stances: list[Stance]) -> None:
        """End a stance after which the signal stays about 1 g: the step with which somebody stops."""
        peak = _highest(vertical, max(self._since, index - LONGEST_STANCE), self._up + 1)
        valley, low = _lowest(vertical, self._up, index + 1)
        if self._before is not None:
            swing = vertical.value(peak) - min(low, self._low)
            stances.append(Stance(peak, self._before, valley, index, swing, self._activity))
        self._high, self._since = False, index

    def _close(self, vertical: Track, settled: int, low: float, stances: list[Stance]) -> None:
        """End the open stance: the signal rises again from the sample before, or has fallen for the longest time."""
        peak, valley, self._peak = self._peak, settled - 1, None
        if peak is not None and self._before is not None:
            swing = vertical.value(peak) - min(low, self._low)
            stances.append(Stance(peak, self._before, valley, settled, swing, self._activity))


def _highest(signal: Track, first: int, last: int) -> int:
    values = signal.view(first, last)[0].tolist()
    return first + int(values.index(max(values)))


def _lowest(signal: Track, first: int, last: int) -> tuple[int, float]:
    values = signal.view(first, last)[0].tolist()
    low = min(values)
    return first + values.index(low), low
