"""Where the body is borne: humps of the smoothed vertical specific force above 1 g.

Over whole steps the mean vertical specific force is 1 g, because a body that does not rise or sink for good is borne
by just its weight. A vertical signal smoothed to its step frequency therefore crosses 1 g upwards and downwards once a
step, whatever its amplitude: no height is tuned, alternate peaks may differ as they like, and no flight is needed.

Behind a hard landing the shock rebounds and the rest of the stance is a hump of its own, with a shallow valley between
the two. It comes sooner than a step can and rises little: it is counted to the stance that it belongs to. Where the
valley behind a running stance is shallow, that stance is therefore told when the next hump has risen as a step's does,
or comes too late to be of the same stance.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from backbeat.events import Activity
from backbeat.gait.track import Track

LONGEST_FALL = 30
"""Grid samples below 1 g, or about 1 g where somebody stops, after which a stance is over although no next one has come
(a whole step takes 43 at 140 a minute)."""
LONGEST_STANCE = 80
"""Grid samples that a hump is looked back on."""
SECOND_HUMP = 0.4
"""Share of the rise of the hump before it that a step's hump has. Alternate steps whose peaks differ by 45 % of their
mean have 0.63."""
SOON = 25
"""Grid samples from peak to peak within which a hump may be the same stance's: a step takes 27 at 220 a minute."""
SHALLOW = 0.15
"""Share of a hump's rise that it may fall less than it rose before what comes behind it is waited for."""
SUDDEN = 12
"""Grid samples from peak to valley in which no stance ends: half a step takes 13 at 220 a minute."""


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
        "_due",
        "_fallen",
        "_held",
        "_high",
        "_last",
        "_low",
        "_peak",
        "_position",
        "_rise",
        "_risen",
        "_since",
        "_told",
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
        self._rise, self._told = 0.0, start - SOON
        self._held: Stance | None = None
        self._due: tuple[float, int] | None = None

    def advance(self, vertical: Track) -> list[Stance]:
        """Stances that were settled by the samples added since the last call."""
        first, self._position = self._position, vertical.end
        stances: list[Stance] = []
        last, fallen, risen = self._last, self._fallen, self._risen
        due = self._due
        for index, value in enumerate(vertical.view(first, vertical.end)[0].tolist(), first):
            if due is not None and (value > due[0] or index > due[1]):
                self._release(vertical, index, stances)
                due = self._due
            if self._high:
                if value < fallen:
                    self._peak = _highest(vertical, max(self._since, index - LONGEST_STANCE), index)
                    self._high, self._since = False, index
                elif value > risen:
                    self._up = index
                elif index - self._up == LONGEST_FALL:
                    self._fade(vertical, index, stances)
                    due = self._due
            else:
                if self._peak is not None and (value > last or index - self._since == LONGEST_FALL - 1):
                    self._close(vertical, index, last, stances)
                    due = self._due
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
        self._end(vertical, peak, valley, low, index, stances)
        self._high, self._since = False, index

    def _close(self, vertical: Track, settled: int, low: float, stances: list[Stance]) -> None:
        """End the open stance: the signal rises again from the sample before, or has fallen for the longest time."""
        peak, self._peak = self._peak, None
        if peak is not None:
            self._end(vertical, peak, settled - 1, low, settled, stances)

    def _end(self, vertical: Track, peak: int, valley: int, low: float, settled: int, stances: list[Stance]) -> None:
        """A hump has ended: it is a stance, or the second hump of the one before."""
        if self._before is None:
            return
        top = vertical.value(peak)
        rise = top - self._low
        self._release(vertical, settled, stances)
        if rise < SECOND_HUMP * self._rise and peak - self._told < SOON:
            return
        stance = Stance(peak, self._before, valley, settled, top - min(low, self._low), self._activity)
        if self._activity != "running":
            stances.append(stance)
            return
        self._rise, self._told = rise, peak
        if low > self._low + SHALLOW * rise or valley - peak < SUDDEN:
            self._held, self._due = stance, (low + SECOND_HUMP * rise, peak + SOON)
        else:
            stances.append(stance)

    def _release(self, vertical: Track, settled: int, stances: list[Stance]) -> None:
        """Tell the stance that waited; the lowest sample that came behind it is its valley."""
        if self._held is not None:
            after, low = _lowest(vertical, self._held.after, settled + 1)
            swing = max(self._held.swing, vertical.value(self._held.peak) - low)
            stances.append(replace(self._held, after=after, settled=settled, swing=swing))
        self._held = self._due = None


def _highest(signal: Track, first: int, last: int) -> int:
    values = signal.view(first, last)[0].tolist()
    return first + int(values.index(max(values)))


def _lowest(signal: Track, first: int, last: int) -> tuple[int, float]:
    values = signal.view(first, last)[0].tolist()
    low = min(values)
    return first + values.index(low), low
