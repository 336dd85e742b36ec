"""One unbroken stretch of readings: grid, filters, body axes, activity, stances, and when each stance is settled.

Everything is computed in hops and frames that are counted on the grid from the start of the stretch, so what is found
depends on the readings and not on the blocks in which they came.
"""

from __future__ import annotations

import math

import numpy as np

from backbeat.gait import axes
from backbeat.gait.activity import ActivityState
from backbeat.gait.filters import HOP, FilterBank, low_pass, slope_of
from backbeat.gait.frames import FRAME, Frame, Frames
from backbeat.gait.grid import RATE_HZ, Grid
from backbeat.gait.mount import Mount
from backbeat.gait.queue import Queue, Told, hop_end
from backbeat.gait.stances import StanceFinder
from backbeat.gait.track import Track
from backbeat.samples import FloatArray, Samples

KEPT = 2500
"""Grid samples that stay in reach: a jog's steps wait until it is established (6 s), regularity looks back 20 s."""

BANK = FilterBank.of(low_pass(20.0, 6), low_pass(10.0, 8))
RUNNING_BANK = FilterBank.of(low_pass(5.0, 11))
WALKING_BANK = FilterBank.of(low_pass(2.25, 31), slope_of(low_pass(2.25, 31)))
WALKING_LEVER_S = 0.088
"""1 / (2π · 1.8 Hz): makes vertical and braking of a usual walking step count alike."""

SOUGHT = 600
"""Grid samples back from where axes are first found that stances are sought from."""

OVERDUE = 1000
"""Grid samples after which stances are sought although nobody asks for them; once for all is far cheaper."""

ACC10, GYR10 = slice(3, 6), slice(6, 9)
_EARLY = -(-WALKING_BANK.half // HOP) * HOP
"""Grid samples before the first that the first stands in for, so that what looks back finds something."""
_SIGNALS = slice(-1)
_UP, _FORWARD_AND_UP = slice(2, 3), slice(0, 3, 2)


class Stretch:
    """From readings to settled stances.

    Attributes:
        low: filtered signals in sensor axes, rows: specific force at 20 Hz, at 10 Hz (`ACC10`) and, with a gyroscope,
            angular rate at 10 Hz (`GYR10`).
        up5: vertical specific force at 5 Hz, in which running stances are sought.
        frames: the looks at every half second, which know the body axes.
    """

    def __init__(self, grid: Grid, mount: Mount, prior: axes.AxesState, doing: ActivityState) -> None:
        channels = grid.channels
        self._grid = grid
        self._raw = Track(channels + 1, -BANK.half)
        self.low = Track(3 + channels, -_EARLY)
        self.frames = Frames(mount, prior, doing)
        self._queue = Queue(RUNNING_BANK.half, WALKING_BANK.half, doing.activity)
        self._looked: list[Frame] = []
        self.up5, self._drive = Track(1), Track(1)
        self._running_stances, self._walking_stances = self._finders(0)
        self._sought = False
        self._due = -math.inf
        self._over = math.inf

    def _finders(self, index: int) -> tuple[StanceFinder, StanceFinder]:
        """Begin the signals that stances are sought in; their hops end where those of `low` give what they need."""
        self.up5 = Track(1, index - RUNNING_BANK.half % HOP)
        self._drive = Track(1, index - WALKING_BANK.half % HOP)
        return StanceFinder("running", 0.15, index), StanceFinder("walking", 0.03, index)

    def time_of(self, index: float) -> float:
        """Seconds on the readings' time axis."""
        return self._grid.start_time + index / RATE_HZ

    def known_at(self, hop_end: int) -> float:
        """Time of the reading that completed a hop, s."""
        index = min(hop_end + BANK.half, self._raw.end) - 1
        return self._raw.value(index, -1)

    def extend(self, block: Samples) -> Told | None:
        """Add readings; what they settled, None where they settle nothing: then they wait."""
        self._grid.add(block)
        return self._advance() if self._grid.reach > self._due and self._append(self._grid.advance()) else None

    def finish(self, seen: float) -> Told:
        """The stretch is over: its last sample stands in for what did not come, and the last activity ends.

        Args:
            seen: time of the reading that showed it: the first after a gap, or the last of all.
        """
        self._append(self._grid.advance())
        end, complete = self._raw.end, self._complete
        if end <= 0:
            return Told()
        self._over = end
        missing = np.repeat(self._raw.view(end - 1, end), 2 * WALKING_BANK.half + BANK.half + 4 * HOP, axis=1)
        missing[-1] = seen
        self._append(missing)
        self._queue.due = 0
        told = self._advance()
        changes = [*told.changes, self._queue.last(end, self.low.end)]
        return Told(
            [s for s in told.settled if s.stance.after < end],
            [c for c in changes if c.start < end],
            [(frame, at) for frame, at in told.frames if hop_end(frame.end) <= complete],
        )

    @property
    def _complete(self) -> int:
        """End of the last hop whose margin is there."""
        return (self._raw.end - BANK.half) // HOP * HOP

    def _append(self, fresh: FloatArray) -> bool:
        """Add grid samples; whether the next hop is complete."""
        if fresh.shape[1]:
            if self._raw.end < 0:
                self._raw.append(np.repeat(fresh[:, :1], -self._raw.end, axis=1))
            self._raw.append(fresh)
        return self._complete >= self._next

    @property
    def _next(self) -> int:
        """The hop's end with which the next event can come, grid index."""
        following = hop_end(self.frames.end + FRAME) if self._queue.idle else self._queue.due
        return max(following, self.low.end + HOP, HOP)

    def _advance(self) -> Told:
        first = max(self.low.end, 0)
        hops = (self._complete - first) // HOP
        for track in (self._raw, self.low, self.up5, self._drive):
            track.forget_before(min(first - KEPT, track.end))
        fresh = BANK.apply(self._raw, first, hops, _SIGNALS).transpose(0, 2, 1, 3).reshape(2, -1, hops * HOP)
        if self.low.end < 0:
            _write(self.low.room(_EARLY), fresh[:, :, :1])
        _write(self.low.room(hops * HOP), fresh)
        self._looked += self.frames.look(self.low, ACC10, self._over)
        if self.frames.first is not None:
            if not self._sought:
                self._sought = True
                begin = max(0, hop_end(self.frames.begin - SOUGHT))
                self._running_stances, self._walking_stances = self._finders(begin)
            self._queue.not_before(self.frames.begin)
            self._seek()
        told = self._queue.settle(self._looked, self.low.end, self.frames.in_force)
        self._due = self.time_of(self._next + BANK.half - 1)
        return told

    def _body(self, bank: FilterBank, first: int, axis: slice) -> FloatArray | None:
        """Filtered specific force along body axes, shape (filters, hops, axes, HOP); None where no hop is complete.

        Each hop is seen in the axes in force where it begins.
        """
        hops = (self.low.end - bank.half - first) // HOP
        if hops <= 0:
            return None
        starts = np.arange(first, first + hops * HOP, HOP)
        matrices = self.frames.matrices(np.maximum(starts // FRAME - 1, self.frames.first or 0))[:, axis]
        return np.asarray(np.matmul(matrices, bank.apply(self.low, first, hops, ACC10)))

    def _seek(self) -> None:
        """Stances of the activity under way, or beginning; of any other one before its signals go out of reach."""
        now = {self._queue.activity, *(frame.activity for frame in self._looked)}
        for activity, sought, advance in (("running", self.up5, self._run), ("walking", self._drive, self._walk)):
            if activity in now or self.low.end - sought.end > OVERDUE:
                advance()

    def _run(self) -> None:
        body = self._body(RUNNING_BANK, self.up5.end, _UP)
        if body is not None:
            self.up5.append(body.ravel())
            self._queue.add("running", self._running_stances.advance(self.up5))

    def _walk(self) -> None:
        """Vertical and braking.

        In walking, weight is taken over and the body brakes in the same double support: the two add up to one crest a
        step just after contact, also in walkers whose vertical has two bumps.
        """
        body = self._body(WALKING_BANK, self._drive.end, _FORWARD_AND_UP)
        if body is not None:
            drive = body[0, :, 1] - (WALKING_LEVER_S * RATE_HZ) * body[1, :, 0]
            self._drive.append(drive.ravel())
            self._queue.add("walking", self._walking_stances.advance(self._drive))


def _write(room: FloatArray, fresh: FloatArray) -> None:
    """Of everything at 20 and at 10 Hz (2, channels, n) all but the angular rate at 20 Hz."""
    room[:3], room[3:] = fresh[0, :3], fresh[1]
