"""A chip's batches as readings on the host's clock: scaled, checked, gaps marked."""

from __future__ import annotations

import numpy as np

from backbeat.samples import BoolArray, FloatArray, Samples
from firmware_host.bus import Span
from firmware_host.chips.talk import Batch, Facts, RawArray
from firmware_host.clock import ClockSettings, DeviceClock
from firmware_host.watchdog import Watchdog

FULL_SCALE = 32760
CLOCKS_APART_S = 1.0
"""A chip's time and the host's that differ by so much from one visit to the next have nothing to do with each other."""


OVERDUE_PERIODS = 2.0
"""Half a period of a sensor without a clock is lost in the phase of the visits, half in its clock's estimate."""


class Readings:
    """Batches in, blocks of `Samples` out. A reading leaves as the chip measured it or not at all.

    Attributes:
        clock: the chip's clock on the host's.
        last: time of the latest reading, host s; None before the first.
        faults: words and readings that were left out.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.clock = DeviceClock(ClockSettings(rate_error=facts.clock_error))
        self.last: float | None = None
        self.faults = 0
        self._watchdog = Watchdog()
        self._missing = False  # readings are missing before the next one
        self._visit: tuple[float, float] | None = None  # newest device time of the latest visit, and its arrival

    def interrupted(self) -> None:
        """The chip was started anew: what comes next does not follow what came last."""
        self.clock.restart()
        self._missing = self.last is not None
        self._visit = None

    def take(self, batch: Batch, visit: Span) -> tuple[Samples | None, str | None]:
        """The usable readings of a batch that was all there was during `visit`.

        Returns:
            The block, None where there is none; and what is wrong with the chip if it has to be started anew.
        """
        self.faults += batch.faults
        if batch.restarted:
            self.interrupted()
        if not len(batch):
            return None, None
        if self._facts.counted and self._overdue(float(batch.device[-1]), visit.begin):
            # Somewhere among these the chip paused: their times are not known, they are part of the gap.
            self.clock.restart()
            self._visit = None
            self._missing = True
            return None, None
        self._follow_clock(float(batch.device[-1]), visit.end)
        times = self.clock.host(batch.device)
        values = np.concatenate((batch.acc, batch.gyr), axis=1)
        saturated = _saturated(values)
        if self._watchdog.lively(values):
            gaps = batch.gap_before
            if self._missing:
                gaps = gaps.copy()
                gaps[0], self._missing = True, False
            self.last = float(times[-1])
            return self._block(times, batch.acc, batch.gyr, gaps, saturated), None
        keep, wrong = self._watchdog.look(values)
        dropped_before = np.concatenate(([self._missing], ~keep[:-1]))
        gaps = batch.gap_before | dropped_before
        self._missing = not keep[-1]
        self.faults += int(len(keep) - keep.sum())
        if not keep.any():
            return None, wrong
        self.last = float(times[keep][-1])
        return self._block(times[keep], batch.acc[keep], batch.gyr[keep], gaps[keep], saturated[keep]), wrong

    def _block(self, times: FloatArray, acc: RawArray, gyr: RawArray, gaps: BoolArray, saturated: BoolArray) -> Samples:
        facts = self._facts
        return Samples(
            times,
            np.multiply(acc, facts.acc_scale, dtype=np.float64),
            np.multiply(gyr, facts.gyr_scale, dtype=np.float64),
            gaps,
            saturated,
        )

    def _overdue(self, newest: float, asked: float) -> bool:
        """Whether a reading is missing that must have been there when the count was asked for."""
        return self.clock.overdue(newest, asked) > OVERDUE_PERIODS / self._facts.rate_hz

    def _follow_clock(self, newest: float, arrival: float) -> None:
        if self._visit is not None:
            apart = (newest - self._visit[0]) - (arrival - self._visit[1])
            if abs(apart) > CLOCKS_APART_S:
                self.clock.restart()
                self._missing = True
        self._visit = (newest, arrival)
        self._missing |= self.clock.observe(newest, arrival)


def _saturated(counts: RawArray) -> BoolArray:
    """Which readings (n, 6) have an axis at the end of its range, shape (n,)."""
    if counts.max() < FULL_SCALE and counts.min() > -FULL_SCALE:
        return np.zeros(len(counts), dtype=np.bool_)
    return np.asarray(((counts >= FULL_SCALE) | (counts <= -FULL_SCALE)).any(axis=1))
