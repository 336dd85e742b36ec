"""One unbroken stretch of readings: grid, filters, body axes, activity, stances, and when each stance is settled.

Everything is computed in hops and frames that are counted on the grid from the start of the stretch, so what is found
depends on the readings and not on the blocks in which they came.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backbeat.events import Activity
from backbeat.gait import activity, axes
from backbeat.gait.filters import HOP, FilterBank, low_pass, slope_of
from backbeat.gait.grid import RATE_HZ, Grid
from backbeat.gait.mount import Mount
from backbeat.gait.queue import Change, Queue, Settled
from backbeat.gait.stances import StanceFinder
from backbeat.gait.track import Track
from backbeat.samples import FloatArray

FRAME = 50
"""Grid samples between two looks at axes and activity: 0.5 s."""
KEPT = 2500
"""Grid samples that stay in reach: steps wait until running is established (3 s), regularity looks back 20 s."""

BANK = FilterBank.of([low_pass(20.0, 6), low_pass(10.0, 8)])
BAND_20, BAND_10 = range(2)
RUNNING_BANK = FilterBank.of([low_pass(5.0, 11)])
WALKING_BANK = FilterBank.of([low_pass(2.25, 31)])
BRAKING_BANK = FilterBank.of([slope_of(low_pass(2.25, 31))])
LOOK_AHEAD = BRAKING_BANK.half
WALKING_LEVER_S = 0.088
"""1 / (2π · 1.8 Hz): makes vertical and braking of a usual walking step count alike."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What half a second showed.

    Attributes:
        end: grid index after its last sample.
        activity: what the runner is doing.
        changed: it was another activity half a second before.
        mean_g: length of the mean specific force.
        step_hz: step frequency.
        slipped: the sensor was found to have turned on the body.
        axes: body axes in sensor axes, None until found.
    """

    end: int
    activity: Activity
    changed: bool
    mean_g: float
    step_hz: float
    slipped: bool
    axes: FloatArray | None


class Stretch:
    """From readings to settled stances.

    Attributes:
        low: filtered signals in sensor axes, for each band of `BANK` all channels.
        up5: vertical specific force at 5 Hz, in which running stances are sought.
        frames: body axes (3, 3) after each frame, None until any are found.
    """

    def __init__(self, channels: int, rate_hz: float, start_time: float, mount: Mount, prior: axes.AxesState) -> None:
        self._channels = channels
        self._grid = Grid(channels, rate_hz, start_time)
        self._raw = Track(channels, -BANK.half)
        self._known = Track(1)
        self.low = Track(channels * 2)
        self._body10 = Track(2, -LOOK_AHEAD)
        self.up5 = Track(1)
        self._drive = Track(1)
        self._mount = mount
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

    def extend(self, time: FloatArray, values: FloatArray) -> tuple[list[Settled], list[Change], list[Frame]]:
        """Add readings, shape (n,) and (channels, n); what they settled, each list in order."""
        return self._append(*self._grid.extend(time, values))

    def finish(self) -> tuple[list[Settled], list[Change], list[Frame]]:
        """The stretch is over: its last sample stands in for what did not come, and the last activity ends."""
        end = self._raw.end
        if end <= 0:
            return [], [], []
        missing = 2 * LOOK_AHEAD + BANK.half + 4 * HOP
        last, known = self._raw.view(end - 1, end), self._known.view(end - 1, end)
        settled, changes, _ = self._append(np.repeat(last, missing, axis=1), np.repeat(known[0], missing))
        settled = [s for s in settled if s.stance.after < end]
        changes = [c for c in [*changes, self._queue.last(end, self.low.end)] if c.start < end]
        return settled, changes, []

    def _append(self, fresh: FloatArray, known: FloatArray) -> tuple[list[Settled], list[Change], list[Frame]]:
        if fresh.shape[1] == 0:
            return [], [], []
        if self._raw.end == -BANK.half:
            self._raw.append(np.repeat(fresh[:, :1], BANK.half, axis=1))
        self._raw.append(fresh)
        self._known.append(known[None, :])
        hops = (self._raw.end - BANK.half - self.low.end) // HOP
        if hops <= 0:
            return [], [], []
        self._forget()
        first = self.low.end
        self.low.append(BANK.apply(self._raw.view(first - BANK.half, first + hops * HOP + BANK.half)))
        looked = self._look()
        self._project()
        self._queue.add("running", self._running_stances.advance(self.up5))
        self._queue.add("walking", self._walking_stances.advance(self._drive))
        decisions = [(frame.end, frame.activity) for frame in looked]
        return *self._queue.settle(decisions, self.low.end, self.axes_frame), looked

    def _forget(self) -> None:
        """What lies further back than any later look."""
        keep = self.low.end - KEPT
        for track in (self.low, self._body10, self.up5, self._drive, self._known):
            track.forget_before(min(keep, track.end))
        self._raw.forget_before(self.low.end - BANK.half)

    def _look(self) -> list[Frame]:
        """Each new frame: rhythm, activity, axes."""
        looked: list[Frame] = []
        while (len(self.frames) + 1) * FRAME <= self.low.end:
            end = (len(self.frames) + 1) * FRAME
            known = self.frames[-1] if self.frames else self._mount.matrix
            if end < activity.WINDOW:
                self.frames.append(known)
                continue
            recent = self.low.view(max(0, end - axes.WINDOW), end)[self.acc10].T.copy()
            rhythm = activity.rhythm(recent[-activity.WINDOW :])
            before, self._activity = self._activity, activity.update(self._activity, rhythm)
            slips = self.axes_state.slips
            found = known if self._mount.matrix is not None else self._find_axes(recent, rhythm, known)
            now: Activity = self._activity.activity if found is not None else "other"
            self.frames.append(found)
            changed, slipped = now != before.activity, self.axes_state.slips != slips
            looked.append(Frame(end, now, changed, rhythm.mean, rhythm.step_hz, slipped, found))
            if found is not None and self._first_with_axes is None:
                self._first_with_axes = len(self.frames) - 1
                self._queue.not_before((self._first_with_axes + 1) * FRAME)
        return looked

    def _find_axes(self, recent: FloatArray, rhythm: activity.Rhythm, known: FloatArray | None) -> FloatArray | None:
        """Body axes after one more frame; what was known where there is no motion to tell."""
        if self._activity.activity != "other" or self._activity.bouncing:
            self.axes_state = axes.update(
                self.axes_state,
                recent,
                rhythm.step_hz,
                rhythm.amplitude,
                running=self._activity.bouncing,
                up=self._mount.up,
            )
        return known if self.axes_state.axes is None else self.axes_state.axes.matrix

    @property
    def acc10(self) -> slice:
        """Rows of `low` that hold the specific force at 10 Hz."""
        return slice(self._channels * BAND_10, self._channels * BAND_10 + 3)

    @property
    def gyr10(self) -> slice:
        """Rows of `low` that hold the angular rate at 10 Hz, where there is a gyroscope."""
        return slice(self._channels * BAND_10 + 3, self._channels * BAND_10 + 6)

    def axes_in(self, frame: int) -> FloatArray:
        """Body axes (3, 3) after a frame that has some."""
        found = self.frames[frame]
        return np.eye(3) if found is None else found

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
        x, y, z = self.low.view(first, last)[self.acc10]
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
