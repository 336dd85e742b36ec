"""One unbroken stretch of readings: grid, filters, body axes, activity, stances, and when each stance is settled.

Everything is computed in hops and frames that are counted on the grid from the start of the stretch, so what is found
depends on the readings and not on the blocks in which they came.
"""

from __future__ import annotations

import numpy as np

from backbeat.gait import axes
from backbeat.gait.filters import HOP, FilterBank, low_pass, slope_of
from backbeat.gait.frames import FRAME, Frame, Frames
from backbeat.gait.grid import RATE_HZ, Grid
from backbeat.gait.mount import Mount
from backbeat.gait.queue import Queue, Told, hop_end
from backbeat.gait.stances import StanceFinder
from backbeat.gait.track import Track
from backbeat.samples import FloatArray

KEPT = 2500
"""Grid samples that stay in reach: steps wait until running is established (3 s), regularity looks back 20 s."""

BANK = FilterBank.of(low_pass(20.0, 6), low_pass(10.0, 8))
RUNNING_BANK = FilterBank.of(low_pass(5.0, 11))
WALKING_BANK = FilterBank.of(low_pass(2.25, 31), slope_of(low_pass(2.25, 31)))
LOOK_AHEAD = WALKING_BANK.half
WALKING_LEVER_S = 0.088
"""1 / (2π · 1.8 Hz): makes vertical and braking of a usual walking step count alike."""

SOUGHT = 600
"""Grid samples back from where axes are first found that stances are sought from."""

_FORWARD_UP = [0, 2]


class Stretch:
    """From readings to settled stances.

    Attributes:
        low: filtered signals in sensor axes: all channels at 20 Hz, then all at 10 Hz.
        up5: vertical specific force at 5 Hz, in which running stances are sought.
        frames: the looks at every half second, which know the body axes.
        measured: rows of `low` that steps are measured in: specific force at 20 Hz, everything at 10 Hz.
        acc10: rows of `low` that hold the specific force at 10 Hz.
        gyr10: rows of `low` that hold the angular rate at 10 Hz, where there is a gyroscope.
    """

    def __init__(self, channels: int, rate_hz: float, start_time: float, mount: Mount, prior: axes.AxesState) -> None:
        self._grid = Grid(channels, rate_hz, start_time)
        self._raw = Track(channels, -BANK.half)
        self._known = Track(1)
        self.low = Track(channels * 2)
        self.measured = np.concatenate([np.arange(3), np.arange(channels, 2 * channels)])
        self.acc10, self.gyr10 = slice(channels, channels + 3), slice(channels + 3, channels + 6)
        self.frames = Frames(mount, prior)
        self._start_body(0)
        self._queue = Queue(RUNNING_BANK.half, LOOK_AHEAD)
        self._looked: list[Frame] = []

    def _start_body(self, index: int) -> None:
        """Begin the signals in body axes at a hop's end."""
        self._body10 = Track(2, index - LOOK_AHEAD)
        # its hops end where those of `low` give what they need
        self.up5 = Track(1, index - RUNNING_BANK.half % HOP)
        self._drive = Track(1, index)
        self._running_stances = StanceFinder("running", 0.15, index)
        self._walking_stances = StanceFinder("walking", 0.03, index)

    @property
    def due(self) -> float:
        """Readings before this time settle nothing, s."""
        return self.time_of(self._due + BANK.half - 1)

    @property
    def _due(self) -> int:
        """The hop's end with which the next event can come, grid index."""
        following = hop_end(self.frames.end + FRAME) if self._queue.idle else self._queue.due
        return max(following, self.low.end + HOP)

    def time_of(self, index: float) -> float:
        """Seconds on the readings' time axis."""
        return self._grid.start_time + index / RATE_HZ

    def known_at(self, hop_end: int) -> float:
        """Time of the reading that completed a hop, s."""
        index = min(hop_end + BANK.half, self._known.end) - 1
        return float(self._known.view(index, index + 1)[0, 0])

    def extend(self, time: FloatArray, values: FloatArray) -> Told:
        """Add readings, shape (n,) and (channels, n); what they settled."""
        self._append(*self._grid.extend(time, values))
        return self._advance() if self._complete >= self._due else Told()

    def finish(self, seen: float) -> Told:
        """The stretch is over: its last sample stands in for what did not come, and the last activity ends.

        Args:
            seen: time of the reading that showed it: the first after a gap, or the last of all.
        """
        end, complete = self._raw.end, self._complete
        if end <= 0:
            return Told()
        missing = 2 * LOOK_AHEAD + BANK.half + 4 * HOP
        last = self._raw.view(end - 1, end)
        self._append(np.repeat(last, missing, axis=1), np.full(missing, seen))
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

    def _append(self, fresh: FloatArray, known: FloatArray) -> None:
        if fresh.shape[1] == 0:
            return
        if self._raw.end == -BANK.half:
            self._raw.append(np.repeat(fresh[:, :1], BANK.half, axis=1))
        self._raw.append(fresh)
        self._known.append(known)

    def _advance(self) -> Told:
        first, hops = self.low.end, (self._complete - self.low.end) // HOP
        self._forget()
        self.low.append(BANK.apply(self._raw, first, hops).reshape(-1, hops * HOP))
        self._looked += self.frames.look(self.low, self.acc10)
        if self.frames.first is not None:
            self._queue.not_before(self.frames.begin)
            self._project()
            self._seek()
        return self._queue.settle(self._looked, self.low.end, self.frames.in_force)

    def _forget(self) -> None:
        """What lies further back than any later look."""
        keep = self.low.end - KEPT
        for track in (self.low, self._body10, self.up5, self._drive, self._known):
            track.forget_before(min(keep, track.end))
        self._raw.forget_before(self.low.end - BANK.half)

    def _project(self) -> None:
        """Forward and up as far as the signals go; each hop in the axes in force where it begins."""
        if self._body10.end == -LOOK_AHEAD:
            self._start_body(max(0, hop_end(self.frames.begin - SOUGHT)))
        first = max(self._body10.end, self._body10.start + LOOK_AHEAD)
        starts = np.arange(first, self.low.end, HOP)
        frames = np.maximum(starts // FRAME - 1, self.frames.first or 0)
        matrices = self.frames.matrices(frames)[:, _FORWARD_UP]
        blocks = self.low.blocks(first, len(starts), HOP, HOP)[:, self.acc10]
        body = np.matmul(matrices, blocks).transpose(1, 0, 2).reshape(2, -1)
        if self._body10.end < first:
            self._body10.append(np.repeat(body[:, :1], LOOK_AHEAD, axis=1))
        self._body10.append(body)

    def _seek(self) -> None:
        """Stances of the activity under way; of the other one only when a frame may have changed it."""
        for activity, advance in (("running", self._run), ("walking", self._walk)):
            if self._looked or self._queue.activity == activity:
                advance()

    def _run(self) -> None:
        hops = (self._body10.end - RUNNING_BANK.half - self.up5.end) // HOP
        if hops > 0:
            self.up5.append(RUNNING_BANK.apply(self._body10, self.up5.end, hops)[0, 1])
            self._queue.add("running", self._running_stances.advance(self.up5))

    def _walk(self) -> None:
        """Vertical and braking.

        In walking, weight is taken over and the body brakes in the same double support: the two add up to one crest a
        step just after contact, also in walkers whose vertical has two bumps.
        """
        hops = (self._body10.end - WALKING_BANK.half - self._drive.end) // HOP
        if hops > 0:
            smooth, slope = WALKING_BANK.apply(self._body10, self._drive.end, hops)
            self._drive.append(smooth[1] - (WALKING_LEVER_S * RATE_HZ) * slope[0])
            self._queue.add("walking", self._walking_stances.advance(self._drive))
