"""Which stances become steps, of which activity, and with which reading each is settled.

Stances are sought all the time, for running and for walking; whether they are steps is decided every half second.
They therefore wait: a bout's first steps come when running (or walking) is established, the others at once.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from backbeat.events import Activity
from backbeat.gait.activity import same_bout
from backbeat.gait.filters import HOP
from backbeat.gait.grid import RATE_HZ
from backbeat.gait.stances import Stance

SETTLE = 13
"""Grid samples after the valley behind a stance that its measures look at: the next contact begins there."""
FORGOTTEN = 500
"""Grid samples after which a stance that no activity claimed is forgotten; a decision reaches back 3 s at most."""
REACH = 300


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


class Queue:
    """Stances waiting for a decision.

    Args:
        running_half: look-ahead of the signal that running stances are found in, grid samples.
        walking_half: the same for walking.
    """

    __slots__ = ("_accepted", "_half", "_not_before", "_now", "_since", "_swings", "_waiting")

    def __init__(self, running_half: int, walking_half: int) -> None:
        self._half = {"running": running_half, "walking": walking_half}
        self._waiting: dict[str, list[Stance]] = {"running": [], "walking": []}
        self._now: Activity = "other"
        self._since = 0
        self._not_before = 0
        self._accepted: Stance | None = None
        self._swings: list[float] = []

    def not_before(self, index: int) -> None:
        """Nothing can be settled before body axes were found."""
        self._not_before = index

    def add(self, activity: Activity, stances: list[Stance]) -> None:
        """Stances just found."""
        self._waiting[activity] += stances

    def settle(
        self, decisions: Sequence[tuple[int, Activity]], end: int, axes_frame: Callable[[int], int]
    ) -> tuple[list[Settled], list[Change]]:
        """Put stances and decisions in the order in which they settle.

        Args:
            decisions: frame ends with what the runner is doing there.
            end: grid index up to which everything is known.
            axes_frame: the frame whose axes are in force at a grid index.
        """
        settled: list[Settled] = []
        changes: list[Change] = []
        for index, activity in decisions:
            self._emit(index - 1, axes_frame, settled)
            if activity != self._now:
                boundary = max(self._boundary(activity, index), self._since)
                changes.append(Change(self._since, boundary, self._now, hop_end(index)))
                self._now, self._since = activity, boundary
                self._accepted = None
                bout = [
                    s
                    for s in self._waiting.get(activity, ())
                    if s.before >= boundary and self._ready(s) <= hop_end(index)
                ]
                self._swings = [s.swing for s in bout[-8:]]
                self._emit(index, axes_frame, settled, decided=index)
        self._emit(end, axes_frame, settled)
        return settled, changes

    def last(self, end: int, at: int) -> Change:
        """The activity that the end of the stretch ends."""
        return Change(self._since, end, self._now, at)

    def _boundary(self, activity: Activity, index: int) -> int:
        """Where one activity gives way to the next: at the first stance of the new one, else after the last of the old."""
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
        return hop_end(max(hop_end(stance.settled + 1) + half, stance.after + SETTLE, self._not_before))

    def _emit(
        self, until: int, axes_frame: Callable[[int], int], settled: list[Settled], decided: int | None = None
    ) -> None:
        """Stances of the present activity that are complete; those that had waited are measured in the axes found."""
        for activity, waiting in self._waiting.items():
            if activity != self._now:
                while waiting and waiting[0].peak < until - FORGOTTEN:
                    waiting.pop(0)
                continue
            while waiting and self._ready(waiting[0]) <= hop_end(until):
                stance = waiting.pop(0)
                if not self._accept(stance):
                    continue
                at = self._ready(stance) if decided is None else hop_end(decided)
                settled.append(Settled(stance, self._now, axes_frame(decided or stance.peak), at))

    def _accept(self, stance: Stance) -> bool:
        """Whether a stance belongs to the bout: not before it, and not a small bump among steps."""
        if stance.before < self._since or stance.swing < 0.35 * statistics.median(self._swings or [0.0]):
            return False
        self._accepted = stance
        self._swings = [*self._swings[-7:], stance.swing]
        return True


def _bout_start(stances: list[Stance], *, running: bool) -> Stance | None:
    """The first of the stances that lead up to now in one rhythm."""
    if len(stances) < 3:
        return stances[0] if stances else None
    if not running:
        return stances[0]
    recent = stances[-5:]
    usual_s = statistics.median(b.peak - a.peak for a, b in pairwise(recent)) / RATE_HZ
    usual_g = statistics.median(s.swing for s in recent)
    first = stances[-1]
    for stance in reversed(stances[:-1]):
        if not same_bout((first.peak - stance.peak) / RATE_HZ, stance.swing, usual_s, usual_g):
            break
        first = stance
    return first
