"""Right against left: 100·(R−L)/(½(R+L)) with an honest interval.

Index: Robinson et al. 1987 (signed, so that the direction is not lost). Deviations: it is the ratio of sums over many
pairs, not the mean of single indices, because the mean of ratios of noisy values is biased; left and right come in
pairs of consecutive steps, so that a change of speed reaches both sides alike and a missed step costs one pair instead
of shifting a whole side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np

from backbeat.events import Step, Symmetry
from backbeat.samples import FloatArray
from backbeat.strain.settings import SymmetrySettings
from backbeat.strain.statistics import standard_error_of_mean, student_t_975

MEASURES = ("impact", "contact_time", "flight_time", "step_time")
_NAN = math.nan


def index_with_interval(left: FloatArray, right: FloatArray) -> tuple[float, float] | None:
    """The symmetry index in % and the half-width of its 95 % confidence interval.

    The interval is that of a ratio of means (delta method) of a serially correlated series.

    Args:
        left: shape (n,), one value a pair; NaN where a pair has none.
        right: shape (n,), likewise.

    Returns:
        None with fewer than ten whole pairs, or where the mean is not above 0.
    """
    whole = ~(np.isnan(left) | np.isnan(right))
    left, right = left[whole], right[whole]
    if len(left) < 10:
        return None
    difference, middle = right - left, 0.5 * (right + left)
    mean = float(middle.mean())
    if mean <= 0:
        return None
    index = float(difference.sum() / middle.sum())
    error, freedom = standard_error_of_mean(difference - index * middle)
    return 100 * index, 100 * student_t_975(freedom) * error / mean


@dataclass(slots=True)
class Pairs:
    """A bounded series of (left, right) pairs; once full, neighbours are averaged, so that it spans a whole run.

    Attributes:
        values: shape (capacity, measures, 2): left, right.
        count: rows in use.
        merged: pairs in one row.
    """

    capacity: int = 256
    values: FloatArray = field(default_factory=lambda: np.empty((0, len(MEASURES), 2)))
    count: int = 0
    merged: int = 1
    partial: list[FloatArray] = field(default_factory=list)

    def add(self, pair: FloatArray) -> None:
        """One more pair, shape (measures, 2)."""
        if not len(self.values):
            self.values = np.empty((self.capacity, len(MEASURES), 2))
        self.partial.append(pair)
        if len(self.partial) < self.merged:
            return
        self.values[self.count] = self.partial[0] if self.merged == 1 else np.mean(self.partial, axis=0)
        self.partial.clear()
        self.count += 1
        if self.count == self.capacity:
            self.values[: self.count // 2] = 0.5 * (self.values[0::2] + self.values[1::2])
            self.count //= 2
            self.merged *= 2

    def series(self) -> FloatArray:
        """Shape (rows, measures, 2), oldest first."""
        return self.values[: self.count]


@dataclass(slots=True)
class SymmetryWatch:
    """Collects pairs of steps and tells the index of the last ones every few seconds.

    Attributes:
        withheld: fields of `Symmetry` whose absolute value may not be shown (worn off the midline, …).
    """

    settings: SymmetrySettings
    withheld: tuple[str, ...] = ()
    waiting: Step | None = None
    ring: FloatArray | None = None
    times: list[float] = field(default_factory=list)
    pairs: int = 0
    whole_run: Pairs = field(default_factory=Pairs)
    reference: list[float | None] | None = None
    started: float | None = None
    last_told: float = -math.inf

    def step(self, step: Step) -> Symmetry | None:
        """Take a running step; the new index, if one is due."""
        before, self.waiting = self.waiting, step
        if before is None or not self._consecutive(before, step):
            return None
        self.waiting = None
        self._add(before, step)
        if self.pairs < self.settings.first_pairs or step.time < self.last_told + self.settings.every_s:
            return None
        self.last_told = step.time
        window = self.window()
        return self._told(window, self.times[0], step.time, step.known_at, len(window))

    def pause(self) -> None:
        """The running stopped: the next step has no partner before it."""
        self.waiting = None

    def window(self) -> FloatArray:
        """The last pairs, shape (pairs, measures, 2); the order within does not tell time order before it is full."""
        if self.ring is None:
            return np.empty((0, len(MEASURES), 2))
        size = self.settings.window_pairs
        if self.pairs <= size:
            return self.ring[: self.pairs]
        return np.roll(self.ring, -(self.pairs % size), axis=0)

    def of_session(self, known_at: float) -> Symmetry | None:
        """The index over the whole run so far."""
        series = self.whole_run.series()
        if self.started is None or not len(series) or not self.times:
            return None
        return self._told(series, self.started, self.times[-1], known_at, self.pairs)

    def change(self, measure: str) -> tuple[float, float] | None:
        """How far the window's index of a measure is from the run's own start (percentage points), and its SE."""
        position = MEASURES.index(measure)
        if self.reference is None:
            return None
        usual, window = self.reference[position], self.window()
        now = index_with_interval(window[:, position, 0], window[:, position, 1])
        if usual is None or now is None:
            return None
        return now[0] - usual, now[1] / 2

    def _consecutive(self, before: Step, step: Step) -> bool:
        least = self.settings.minimum_side_confidence
        return (
            before.side is not None
            and step.side is not None
            and before.side != step.side
            and step.time - before.time < self.settings.longest_step_s
            and (before.side_confidence or 0.0) >= least
            and (step.side_confidence or 0.0) >= least
        )

    def _add(self, before: Step, step: Step) -> None:
        left, right = (before, step) if before.side == "left" else (step, before)
        pair = np.array(
            [
                [
                    _NAN if left.saturated or left.impact_peak_g is None else left.impact_peak_g,
                    _NAN if right.saturated or right.impact_peak_g is None else right.impact_peak_g,
                ],
                [left.contact_time_ms or _NAN, right.contact_time_ms or _NAN],
                [
                    _NAN if left.flight_time_ms is None else left.flight_time_ms,
                    _NAN if right.flight_time_ms is None else right.flight_time_ms,
                ],
                [left.step_time_ms or _NAN, right.step_time_ms or _NAN],
            ]
        )
        size = self.settings.window_pairs
        if self.ring is None:
            self.ring = np.empty((size, len(MEASURES), 2))
        self.ring[self.pairs % size] = pair
        self.pairs += 1
        if len(self.times) >= size:
            del self.times[0]
        self.times.append(before.time)
        if self.started is None:
            self.started = before.time
        self.whole_run.add(pair)
        if self.pairs == self.settings.reference_pairs:
            self._set_reference()

    def _set_reference(self) -> None:
        series = self.whole_run.series()
        found = [index_with_interval(series[:, i, 0], series[:, i, 1]) for i in range(len(MEASURES))]
        self.reference = [None if f is None else f[0] for f in found]

    def _told(self, series: FloatArray, start: float, end: float, known_at: float, pairs: int) -> Symmetry:
        figures: dict[str, float] = {}
        for position, name in enumerate(MEASURES):
            found = index_with_interval(series[:, position, 0], series[:, position, 1])
            if found is None:
                continue
            index, half = found
            if f"{name}_pct" not in self.withheld:
                figures |= {f"{name}_pct": index, f"{name}_low_pct": index - half, f"{name}_high_pct": index + half}
            usual = None if self.reference is None else self.reference[position]
            if usual is not None:
                figures[f"{name}_change_pct"] = index - usual
        blank = Symmetry(start=start, end=end, known_at=known_at, steps_left=pairs, steps_right=pairs)
        return replace(blank, **figures)  # type: ignore[arg-type]  # all of them are percentages
