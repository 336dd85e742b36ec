"""One unbroken stretch of readings on its way to steps: grid, filters, frames, stances, and who emits what when.

Everything is computed in hops and frames that are counted on the grid from the start of the stretch, so what is found
depends on the readings and not on the blocks in which they came.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backbeat.events import Activity
from backbeat.gait import axes as body_axes
from backbeat.gait.activity import ActivityTracker, rhythm
from backbeat.gait.filters import HOP, FilterBank, low_pass
from backbeat.gait.grid import RATE_HZ, Grid
from backbeat.gait.stances import Stance, StanceFinder
from backbeat.gait.track import Track
from backbeat.samples import FloatArray

FRAME = 50
"""Grid samples between two looks at axes and activity: 0.5 s."""
KEPT = 700
"""Grid samples that stay in reach: 7 s, so that steps can wait until running is established."""
BEFORE_PEAK, AFTER_PEAK = 40, 44
"""Grid samples around a stance's peak that its measures look at."""
SETTLE = 16
"""Grid samples after the valley behind a stance that its measures look at: the next contact begins there."""

FORGOTTEN = 500
"""Grid samples after which a stance that no activity claimed is forgotten; every decision reaches back less far."""

BANK = FilterBank.of([low_pass(20.0, 8), low_pass(10.0, 10), low_pass(5.0, 12)])
BAND_20, BAND_10, BAND_5 = range(3)
WALKING_BANK = FilterBank.of([low_pass(2.8, 24)])


@dataclass(frozen=True, slots=True)
class Settled:
    """A stance that is to become a step.

    Attributes:
        stance: where it is, in grid indices.
        activity: running or walking.
        frame: the frame whose axes it is measured in.
        at: grid index of the hop's end that settled it.
    """

    stance: Stance
    activity: Activity
    frame: int
    at: int


@dataclass(frozen=True, slots=True)
class Change:
    """An activity ended at a grid index, told at the end of the hop `at`."""

    start: int
    end: int
    activity: Activity
    at: int


def _hop_end(index: int) -> int:
    return -(-index // HOP) * HOP


class Stretch:
    """From readings to settled stances.

    Attributes:
        low: filtered signals in sensor axes: for each band of `BANK` all channels.
        axes: body axes after each frame.
    """

    def __init__(
        self,
        channels: int,
        rate_hz: float,
        start_time: float,
        prior: body_axes.AxesState,
        fixed: FloatArray | None,
    ) -> None:
        self._channels = channels
        self._grid = Grid(channels, rate_hz, start_time)
        self._raw = Track(channels, -BANK.half)
        self._known = Track(1)
        self.low = Track(channels * 3)
        self._up10 = Track(1, -WALKING_BANK.half)
        self._up5 = Track(1)
        self._up3 = Track(1)
        self._axes_state, self._fixed = prior, fixed
        self.axes: list[FloatArray | None] = []
        self._first_with_axes: int | None = None
        self._activity = ActivityTracker()
        self._decisions: list[tuple[int, Activity, int]] = []
        self._running_stances = StanceFinder(0.15)
        self._walking_stances = StanceFinder(0.02)
        self._waiting: dict[Activity, list[Stance]] = {"running": [], "walking": []}
        self._now: Activity = "other"
        self._since = 0
        self._next_frame = 0

    @property
    def start_time(self) -> float:
        """Time of grid sample 0, s."""
        return self._grid.start_time

    def time_of(self, index: float) -> float:
        """Seconds on the readings' time axis."""
        return self._grid.start_time + index / RATE_HZ

    def known_at(self, hop_end: int) -> float:
        """Time of the reading that completed a hop, s."""
        index = min(hop_end + BANK.half, self._known.end) - 1
        return float(self._known.view(index, index + 1)[0, 0])

    def extend(self, time: FloatArray, values: FloatArray) -> tuple[list[Settled], list[Change]]:
        """Add readings, shape (n,) and (channels, n); what they settled, each list in order."""
        fresh, known = self._grid.extend(time, values)
        return self._append(fresh, known)

    def finish(self) -> tuple[list[Settled], list[Change]]:
        """The stretch is over: its last sample stands in for what did not come, and the last activity ends."""
        end = self._raw.end
        if end <= 0:
            return [], []
        missing = BANK.half + SETTLE + 2 * WALKING_BANK.half + HOP
        last = self._raw.view(end - 1, end)
        stances, changes = self._append(
            np.repeat(last, missing, axis=1), np.full(missing, self._known.view(end - 1, end)[0, 0])
        )
        stances = [s for s in stances if s.stance.after < end]
        changes.append(Change(self._since, end, self._now, self._hop()))
        return stances, changes

    def _hop(self) -> int:
        return self.low.end

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
        self._look()
        self._project()
        return self._settle()

    def _forget(self) -> None:
        """What was settled before is no longer needed but for the last seconds."""
        keep = max(0, self.low.end - KEPT)
        for track in (self.low, self._up5, self._up3, self._known):
            track.forget_before(min(keep, track.end))
        self._raw.forget_before(self.low.end - BANK.half)

    def _look(self) -> None:
        """Each new frame: rhythm, activity, axes."""
        first = self._channels * BAND_10
        while (self._next_frame + 1) * FRAME <= self.low.end:
            end = (self._next_frame + 1) * FRAME
            recent = self.low.view(max(0, end - body_axes.WINDOW), end)[first : first + 3].T
            if len(recent) < 200:
                self.axes.append(self._fixed)
                self._next_frame += 1
                continue
            found = rhythm(np.ascontiguousarray(recent[-200:]))
            label, since = self._activity.update(found, end)
            self._decisions.append((end, label, since))
            if self._fixed is None:
                self._axes_state = body_axes.update(
                    self._axes_state,
                    np.ascontiguousarray(recent),
                    found.step_hz,
                    found.amplitude,
                    running=label != "walking",
                )
                kept = self.axes[-1] if self.axes else None
                axes = kept if self._axes_state.axes is None else self._axes_state.axes.matrix
            else:
                axes = self._fixed
            self.axes.append(axes)
            if axes is not None and self._first_with_axes is None:
                self._first_with_axes = self._next_frame
            self._next_frame += 1

    def axes_frame(self, index: int) -> int | None:
        """The frame whose axes are in force at a grid index: the last complete one, at first the first that has any."""
        if self._first_with_axes is None:
            return None
        return max(index // FRAME - 1, self._first_with_axes)

    def _project(self) -> None:
        """The vertical signals that stances are sought in, as far as axes are known."""
        first, last = self._up5.end, self.low.end
        if self._first_with_axes is None or last <= first:
            return
        frames = np.maximum(np.arange(first, last) // FRAME - 1, self._first_with_axes)
        lowest = int(frames[0])
        ups = np.array([m[2] for m in self.axes[lowest : int(frames[-1]) + 1] if m is not None])[frames - lowest].T
        signals = self.low.view(first, last)
        for band, track in ((BAND_10, self._up10), (BAND_5, self._up5)):
            c = band * self._channels
            up = ups[0] * signals[c] + ups[1] * signals[c + 1] + ups[2] * signals[c + 2]
            if track.end < 0:
                track.append(np.full((1, WALKING_BANK.half), up[0]))
            track.append(up[None, :])
        hops = (self._up10.end - WALKING_BANK.half - self._up3.end) // HOP
        if hops > 0:
            at = self._up3.end
            span = self._up10.view(at - WALKING_BANK.half, at + hops * HOP + WALKING_BANK.half)
            self._up3.append(WALKING_BANK.apply(span))
            self._up10.forget_before(self._up3.end - WALKING_BANK.half)

    def _settle(self) -> tuple[list[Settled], list[Change]]:
        """Put stances and decisions in the order in which they settle, and say which stances are steps."""
        self._waiting["running"] += self._running_stances.advance(self._up5)
        self._waiting["walking"] += self._walking_stances.advance(self._up3)
        settled: list[Settled] = []
        changes: list[Change] = []
        decisions, self._decisions = self._decisions, []
        for end, label, since in decisions:
            self._emit(end - 1, settled, decided=False)
            if label != self._now:
                changes.append(Change(self._since, since, self._now, _hop_end(end)))
                self._now, self._since = label, since
            self._emit(end, settled, decided=True)
        self._emit(self.low.end, settled, decided=False)
        return settled, changes

    def _ready(self, stance: Stance) -> int:
        """The hop's end at which everything that a stance's measures need is there."""
        ready = max(stance.settled + 1, stance.after + SETTLE)
        if self._now == "walking":
            ready = max(ready, _hop_end(stance.settled + 1) + WALKING_BANK.half)
        if self._first_with_axes is not None:
            ready = max(ready, (self._first_with_axes + 1) * FRAME)
        return _hop_end(ready)

    def _emit(self, until: int, settled: list[Settled], *, decided: bool) -> None:
        """Stances of the present activity that are complete by a grid index.

        Right after a decision (`decided`) the ones that had waited for it are measured in its axes.
        """
        for activity, waiting in self._waiting.items():
            if activity != self._now:
                while waiting and waiting[0].peak < until - FORGOTTEN:
                    waiting.pop(0)
                continue
            while waiting and self._ready(waiting[0]) <= _hop_end(until):
                stance = waiting.pop(0)
                frame = self.axes_frame(until if decided else stance.peak)
                if stance.peak >= self._since and frame is not None:
                    at = _hop_end(until) if decided else self._ready(stance)
                    settled.append(Settled(stance, activity, frame, at))
