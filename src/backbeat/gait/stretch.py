"""One unbroken stretch of readings: grid, filters, body axes, activity, stances, and when each stance is settled.

Everything is computed in hops and frames that are counted on the grid from the start of the stretch, so what is found
depends on the readings and not on the blocks in which they came.
"""

from __future__ import annotations

import numpy as np

from backbeat.events import Activity
from backbeat.gait import activity, axes
from backbeat.gait.filters import HOP, FilterBank, low_pass, slope_of
from backbeat.gait.grid import RATE_HZ, Grid
from backbeat.gait.queue import Change, Queue, Settled
from backbeat.gait.stances import StanceFinder
from backbeat.gait.track import Track
from backbeat.samples import FloatArray

FRAME = 50
"""Grid samples between two looks at axes and activity: 0.5 s."""
KEPT = 700
"""Grid samples that stay in reach: 7 s, so that steps can wait until running is established."""

BANK = FilterBank.of([low_pass(20.0, 6), low_pass(10.0, 8)])
BAND_20, BAND_10 = range(2)
RUNNING_BANK = FilterBank.of([low_pass(5.0, 11)])
WALKING_BANK = FilterBank.of([low_pass(2.25, 31)])
BRAKING_BANK = FilterBank.of([slope_of(low_pass(2.25, 31))])
LOOK_AHEAD = BRAKING_BANK.half
WALKING_LEVER_S = 0.088
"""1 / (2π · 1.8 Hz): makes vertical and braking of a usual walking step count alike."""


class Stretch:
    """From readings to settled stances.

    Attributes:
        low: filtered signals in sensor axes, for each band of `BANK` all channels.
        up5: vertical specific force at 5 Hz, in which running stances are sought.
        frames: body axes (3, 3) after each frame, None until any are found.
    """

    def __init__(self, channels: int, rate_hz: float, start_time: float, prior: axes.AxesState) -> None:
        self._channels = channels
        self._grid = Grid(channels, rate_hz, start_time)
        self._raw = Track(channels, -BANK.half)
        self._known = Track(1)
        self.low = Track(channels * 2)
        self._body10 = Track(2, -LOOK_AHEAD)
        self.up5 = Track(1)
        self._drive = Track(1)
        self.axes_state = prior
        self.frames: list[FloatArray | None] = []
        self._first_with_axes: int | None = None
        self._activity = activity.ActivityState()
        self._running_stances = StanceFinder("running", 0.15)
        self._walking_stances = StanceFinder("walking", 0.03)
        self._queue = Queue(RUNNING_BANK.half, LOOK_AHEAD)

    def time_of(self, index: float) -> float:
        """Seconds on the readings' time axis."""
        return self._grid.start_time + index / RATE_HZ

    def known_at(self, hop_end: int) -> float:
        """Time of the reading that completed a hop, s."""
        index = min(hop_end + BANK.half, self._known.end) - 1
        return float(self._known.view(index, index + 1)[0, 0])

    def extend(self, time: FloatArray, values: FloatArray) -> tuple[list[Settled], list[Change]]:
        """Add readings, shape (n,) and (channels, n); what they settled, each list in order."""
        return self._append(*self._grid.extend(time, values))

    def finish(self) -> tuple[list[Settled], list[Change]]:
        """The stretch is over: its last sample stands in for what did not come, and the last activity ends."""
        end = self._raw.end
        if end <= 0:
            return [], []
        missing = 2 * LOOK_AHEAD + BANK.half + 4 * HOP
        last, known = self._raw.view(end - 1, end), self._known.view(end - 1, end)
        settled, changes = self._append(np.repeat(last, missing, axis=1), np.repeat(known[0], missing))
        settled = [s for s in settled if s.stance.after < end]
        changes = [c for c in [*changes, self._queue.last(end, self.low.end)] if c.start < end]
        return settled, changes

    def _append(self, fresh: FloatArray, known: FloatArray) -> tuple[list[Settled], list[Change]]:
        if fresh.shape[1] == 0:
            return [], []
        if self._raw.end == -BANK.half:
            self._raw.append(np.repeat(fresh[:, :1], BANK.half, axis=1))
        self._raw.append(fresh)
        self._known.append(known[None, :])
        hops = (self._raw.end - BANK.half - self.low.end) // HOP
        if hops <= 0:
            return [], []
        self._forget()
        first = self.low.end
        self.low.append(BANK.apply(self._raw.view(first - BANK.half, first + hops * HOP + BANK.half)))
        decisions = self._look()
        self._project()
        self._queue.add("running", self._running_stances.advance(self.up5))
        self._queue.add("walking", self._walking_stances.advance(self._drive))
        return self._queue.settle(decisions, self.low.end, self.axes_frame)

    def _forget(self) -> None:
        """What lies further back than any later look."""
        keep = self.low.end - KEPT
        for track in (self.low, self._body10, self.up5, self._drive, self._known):
            track.forget_before(min(keep, track.end))
        self._raw.forget_before(self.low.end - BANK.half)

    def _look(self) -> list[tuple[int, Activity]]:
        """Each new frame: rhythm, activity, axes. Returns the frames' ends and what the runner is doing there."""
        decisions: list[tuple[int, Activity]] = []
        first = self._channels * BAND_10
        while (len(self.frames) + 1) * FRAME <= self.low.end:
            end = (len(self.frames) + 1) * FRAME
            found = self.frames[-1] if self.frames else None
            if end >= activity.WINDOW:
                recent = self.low.view(max(0, end - axes.WINDOW), end)[first : first + 3].T.copy()
                rhythm = activity.rhythm(recent[-activity.WINDOW :])
                self._activity = activity.update(self._activity, rhythm)
                now = self._activity.activity
                if now != "other" or self._activity.flight or self._activity.jog:
                    self.axes_state = axes.update(
                        self.axes_state, recent, rhythm.step_hz, rhythm.amplitude, running=now != "walking"
                    )
                if self.axes_state.axes is not None:
                    found = self.axes_state.axes.matrix
                decisions.append((end, now if found is not None else "other"))
            self.frames.append(found)
            if found is not None and self._first_with_axes is None:
                self._first_with_axes = len(self.frames) - 1
                self._queue.not_before((self._first_with_axes + 1) * FRAME)
        return decisions

    def axes_frame(self, index: int) -> int:
        """The frame whose axes are in force at a grid index: the last complete one, at first the first that has any."""
        return max(index // FRAME - 1, self._first_with_axes or 0)

    def _project(self) -> None:
        """The vertical signals that stances are sought in, as far as axes are known."""
        first, last = max(0, self._body10.end), self.low.end
        if self._first_with_axes is None or last <= first:
            return
        frames = np.maximum(np.arange(first, last) // FRAME - 1, self._first_with_axes)
        lowest = int(frames[0])
        found = np.array([m for m in self.frames[lowest : int(frames[-1]) + 1] if m is not None])[frames - lowest]
        x, y, z = self.low.view(first, last)[BAND_10 * self._channels :][:3]
        up, forward = (found[:, row, 0] * x + found[:, row, 1] * y + found[:, row, 2] * z for row in (2, 0))
        body = np.stack([up, forward])
        if self._body10.end < 0:
            self._body10.append(np.repeat(body[:, :1], LOOK_AHEAD, axis=1))
        self._body10.append(body)
        self.up5.append(self._smooth(RUNNING_BANK, self.up5.end, 0))
        # In walking, weight is taken over and the body brakes in the same double support: the two add up to one crest a
        # step just after contact, also in walkers whose vertical has two bumps.
        start = self._drive.end
        fall = self._smooth(BRAKING_BANK, start, 1)
        rise = self._smooth(WALKING_BANK, start, 0)[:, : fall.shape[1]]
        self._drive.append(rise - WALKING_LEVER_S * RATE_HZ * fall)

    def _smooth(self, bank: FilterBank, start: int, row: int) -> FloatArray:
        """All whole hops from `start` on that a filter can give of one row of the body signals, shape (1, n)."""
        hops = max(0, (self._body10.end - bank.half - start) // HOP)
        return bank.apply(self._body10.view(start - bank.half, start + hops * HOP + bank.half)[row : row + 1])
