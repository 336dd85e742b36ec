"""Which stances become steps, of which activity, and with which reading each is settled.

Stances are sought all the time, for running and for walking; whether they are steps is decided every half second.
They therefore wait: a bout's first steps come when running (or walking) is established, the others at once.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

from backbeat.events import Activity
from backbeat.gait.activity import same_bout
from backbeat.gait.filters import HOP
from backbeat.gait.frames import Frame
from backbeat.gait.grid import RATE_HZ
from backbeat.gait.stances import Stance

SETTLE = 13
"""Grid samples after the valley behind a stance that its measures look at: the next contact begins there."""
REACH = 800
"""Grid samples that a decision reaches back: a jog is on trial for 6 s."""
FORGOTTEN = REACH + 200
"""Grid samples after which a stance that no activity claimed is forgotten."""
QUIET = 3
"""Quarters of a step after which the next one can be ready: steps in a row of one runner differ by less."""
LONGEST_WALKING_S = 1.2
"""Time between two steps of one walk, at most."""
LONGEST = 60
"""Grid samples between two steps in a row, at most."""
LEAST_SWING = {"running": 0.35, "walking": 0.1}
"""Share of the usual swing that a stance in mid-bout needs to be a step. Alternate running steps differ by 45 %
at most. A walker rises and falls as an inverted pendulum, by the square of the step's length: the short steps of a turn
or of a stop, a third of a usual one, swing a ninth as much."""
SKIPPED = 1.6
"""Time between two contacts over the one beside it from which three such in turn are skipping's: 0.64 / 0.36 of a cycle
make 1.8. Alternate running steps differ by 20 % of their mean at most: 1.2."""
SKIPPED_G = 1.8
"""Swing from which it is looked for: who skips flies. Of a low bounce at the hip the humps' peaks lie as unevenly."""
FIRST_SWING = 0.35
"""The same for the first step of a bout: before it, weight is shifted to the foot that stays, and that is no step."""


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
    """A stretch of one activity in grid indices, told at the end of the hop `at`."""

    start: int
    end: int
    activity: Activity
    at: int


def hop_end(index: int) -> int:
    """End of the hop with which everything before a grid index is there."""
    return -(-index // HOP) * HOP


@dataclass(frozen=True, slots=True)
class Told:
    """What some readings settled, each list in the order in which it settled.

    Attributes:
        settled: stances that are to become steps.
        changes: activities that ended.
        frames: looks at half a second, each with the end of the hop that told it.
    """

    settled: list[Settled] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    frames: list[tuple[Frame, int]] = field(default_factory=list)


class Queue:
    """Stances and frames waiting for a decision.

    Args:
        running_half: look-ahead of the signal that running stances are found in, grid samples.
        walking_half: the same for walking.
        resumed: what was done shortly before the first sample, across a short gap.

    Attributes:
        due: nothing is settled before this grid index: the next step is not yet to be expected. Work is spared so.
    """

    __slots__ = (
        "_accepted",
        "_at",
        "_half",
        "_not_before",
        "_resumed",
        "_since",
        "_swings",
        "_waiting",
        "activity",
        "due",
    )

    def __init__(self, running_half: int, walking_half: int, resumed: Activity = "other") -> None:
        self._half = {"running": running_half, "walking": walking_half}
        self._waiting: dict[str, list[Stance]] = {"running": [], "walking": []}
        self.activity: Activity = "other"
        self._resumed = resumed
        self.due = 0
        self._at = 0
        self._since = 0
        self._not_before = 0
        self._accepted: Stance | None = None
        self._swings: list[float] = []

    @property
    def idle(self) -> bool:
        """Nothing can happen before the next frame."""
        return self.activity == "other"

    def not_before(self, index: int) -> None:
        """Nothing can be settled before body axes were found."""
        self._not_before = index

    def add(self, activity: Activity, stances: list[Stance]) -> None:
        """Stances just found."""
        self._waiting[activity] += stances

    def settle(self, frames: list[Frame], end: int, axes_frame: Callable[[int], int]) -> Told:
        """Put stances and frames in the order in which they settle.

        Args:
            frames: those not told yet; what is told is taken out.
            end: grid index up to which everything is known.
            axes_frame: the frame whose axes are in force at a grid index.
        """
        told = Told()
        count = 0
        for frame in frames:
            self._emit(frame.end - 1, end, axes_frame, told.settled)
            at = self._told_at(hop_end(frame.end))
            if at > end:
                break
            self._at = at
            count += 1
            told.frames.append((frame, at))
            if frame.activity != self.activity:
                self._change(frame, end, axes_frame, told)
        else:
            self._emit(end, end, axes_frame, told.settled)
        del frames[:count]
        return told

    def _change(self, frame: Frame, end: int, axes_frame: Callable[[int], int], told: Told) -> None:
        """Another activity from here on: its steps so far are settled at once."""
        index, activity = frame.end, frame.activity
        boundary = max(self._boundary(activity, index), self._since)
        if activity == self._resumed and self._since == 0 and boundary <= LONGEST:
            boundary = 0
        told.changes.append(Change(self._since, boundary, self.activity, self._at))
        self.activity, self._since = activity, boundary
        self._accepted, self.due = None, 0
        ready = (s for s in self._waiting.get(activity, ()) if self._ready(s) <= hop_end(index))
        self._swings = [s.swing for s in ready if s.before >= boundary][-8:]
        self._emit(index, end, axes_frame, told.settled, decided=index)

    def last(self, end: int, at: int) -> Change:
        """The activity that the end of the stretch ends."""
        return Change(self._since, end, self.activity, at)

    def _boundary(self, activity: Activity, index: int) -> int:
        """Where one activity gives way to another: at the new one's first stance, else after the old one's last."""
        ended = index if self._accepted is None else min(self._accepted.after, index)
        if activity in self._waiting:
            ready = [s for s in self._waiting[activity] if self._ready(s) <= hop_end(index)]
            first = _bout_start([s for s in ready if s.peak > index - REACH], running=activity == "running")
            if first is not None:
                return first.before if self._accepted is None else max(first.before, ended)
        return ended

    def _ready(self, stance: Stance) -> int:
        """The hop's end at which everything that a stance's measures need is there."""
        half = self._half[stance.activity]
        return hop_end(max(stance.settled + 1 + half, stance.after + SETTLE + 1, self._not_before))

    def _told_at(self, ready: int) -> int:
        """The hop's end with which something is told that was ready at a hop's end."""
        return self._at if ready <= self._at else max(ready, self.due)

    def _emit(
        self,
        until: int,
        end: int,
        axes_frame: Callable[[int], int],
        settled: list[Settled],
        decided: int | None = None,
    ) -> None:
        """Stances of the present activity that are complete; those that had waited are measured in the axes found."""
        for activity, waiting in self._waiting.items():
            if activity != self.activity:
                while waiting and waiting[0].peak < until - FORGOTTEN:
                    waiting.pop(0)
                continue
            while waiting and (ready := self._ready(waiting[0])) <= hop_end(until):
                at = self._told_at(ready if decided is None else max(ready, hop_end(decided)))
                if at > end:
                    return
                stance = waiting.pop(0)
                if self._accept(stance, ready):
                    self._at = at
                    settled.append(Settled(stance, self.activity, axes_frame(decided or stance.peak), at))

    def _accept(self, stance: Stance, ready: int) -> bool:
        """Whether a stance belongs to the bout: not before it, and not a small bump among steps."""
        least = FIRST_SWING if self._accepted is None else LEAST_SWING[self.activity]
        if stance.before < self._since or stance.swing < least * statistics.median(self._swings or [0.0]):
            return False
        interval = LONGEST if self._accepted is None else stance.peak - self._accepted.peak
        self.due = hop_end(ready + (QUIET * interval) // 4) if interval < LONGEST else 0
        self._accepted = stance
        self._swings = [*self._swings[-7:], stance.swing]
        return True


def _bout_start(stances: list[Stance], *, running: bool) -> Stance | None:
    """The first of the stances that lead up to now in one rhythm."""
    if len(stances) < 3:
        return stances[0] if stances else None
    recent = stances[-5:]
    usual_s = statistics.median(b.peak - a.peak for a, b in pairwise(recent)) / RATE_HZ
    usual_g = statistics.median(s.swing for s in recent)
    bout, intervals = [stances[-1]], []
    for stance in reversed(stances[:-1]):
        interval_s = (bout[-1].peak - stance.peak) / RATE_HZ
        if running and not same_bout(interval_s, stance.swing, usual_s, usual_g):
            break
        if not running and interval_s > LONGEST_WALKING_S:
            break
        bout.append(stance)
        intervals.append(interval_s)
        if running and usual_g >= SKIPPED_G and _skipping(intervals[-3:]):
            return bout[-4]
    return bout[-1]


def _skipping(intervals: list[float]) -> bool:
    """Whether three intervals are short and long in turn, as no runner's are."""
    if len(intervals) < 3:
        return False
    beside = 0.5 * (intervals[0] + intervals[2])
    return not intervals[1] / SKIPPED <= beside <= intervals[1] * SKIPPED
