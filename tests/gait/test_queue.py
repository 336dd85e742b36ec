"""Which stances become steps, and when that is known."""

from __future__ import annotations

import numpy as np
import pytest

from backbeat.events import Activity
from backbeat.gait.filters import HOP
from backbeat.gait.frames import FRAME, Frame
from backbeat.gait.queue import FORGOTTEN, SETTLE, Queue, Told, hop_end
from backbeat.gait.stances import Stance

STEP = 36
HALF = 11


def stance(k: int, swing: float = 2.0, activity: Activity = "running", step: int = STEP) -> Stance:
    """The k-th of evenly spaced stances."""
    peak = 100 + step * k
    after = peak + step // 2
    return Stance(peak, peak - step // 2, after, after + 1, swing, activity)


def frame(end: int, activity: Activity) -> Frame:
    return Frame(end, activity, False, 1.0, 2.8, activity != "other", False, np.eye(3), False, False)


def played(stances: list[Stance], frames: list[Frame], end: int) -> Told:
    """Everything as it becomes known, hop by hop."""
    queue, told, waiting = Queue(HALF, 32), Told(), list(frames)
    coming: list[Frame] = []
    for now in range(HOP, end + 1, HOP):
        for activity in ("running", "walking"):
            fresh = [s for s in stances if s.activity == activity and now - HOP <= s.settled + HALF < now]
            queue.add(activity, fresh)  # type: ignore[arg-type]
        coming += [f for f in waiting if now - HOP < f.end <= now]
        some = queue.settle(coming, now, lambda index: index // FRAME)
        told.settled.extend(some.settled)
        told.changes.extend(some.changes)
        told.frames.extend(some.frames)
    return told


RUN = [stance(k) for k in range(20)]
LOOKS = [frame(end, "other" if end < 400 else "running") for end in range(200, 900, FRAME)]


def test_steps_wait_until_running_is_established_and_then_come_from_its_start() -> None:
    told = played(RUN, LOOKS, 800)
    assert [s.stance for s in told.settled] == RUN[: len(told.settled)]
    assert len(told.settled) >= 18
    waited = [s for s in told.settled if s.stance.after + SETTLE < 400 - 2 * HOP]
    assert len(waited) >= 7
    assert {s.at for s in waited} == {hop_end(400)}
    (change,) = told.changes
    assert (change.start, change.end, change.activity, change.at) == (0, RUN[0].before, "other", hop_end(400))


def test_an_established_step_is_told_as_soon_as_its_measures_are_complete() -> None:
    late = [s for s in played(RUN, LOOKS, 800).settled if s.stance.after + SETTLE + 1 > 400]
    assert len(late) > 5
    for settled in late:
        complete = settled.stance.after + SETTLE + 1
        assert hop_end(complete) <= settled.at <= hop_end(complete + HALF) + HOP


def test_a_small_bump_among_steps_is_none() -> None:
    bumped = [stance(k, swing=0.4 if k == 12 else 2.0) for k in range(20)]
    assert bumped[12] not in [s.stance for s in played(bumped, LOOKS, 800).settled]


def walked(*swings: float) -> list[int]:
    """Which of some walking stances become steps, by their place."""
    walk = [stance(k, swing, "walking", 55) for k, swing in enumerate(swings)]
    looks = [frame(end, "other" if end < 500 else "walking") for end in range(200, 1500, FRAME)]
    return [walk.index(s.stance) for s in played(walk, looks, 1400).settled]


def test_short_steps_of_a_turn_and_a_stop_are_steps_and_ripples_are_not() -> None:
    assert walked(*[0.4] * 9, 0.06, 0.06, *[0.4] * 5, 0.06, 0.03) == list(range(17))


def test_a_weight_that_is_shifted_before_the_first_step_is_no_step() -> None:
    assert walked(0.06, 0.06, *[0.4] * 12) == list(range(2, 14))


@pytest.mark.parametrize("odd", [0.3, 0.9])
def test_what_does_not_fit_the_rhythm_comes_before_the_bout(odd: float) -> None:
    early = [stance(k, swing=odd) for k in range(3)] + RUN[3:]
    told = played(early, LOOKS, 800)
    assert told.settled[0].stance == RUN[3]
    assert told.changes[0].end == RUN[3].before


def test_without_a_gait_there_are_no_steps() -> None:
    assert played(RUN, [frame(end, "other") for end in range(200, 900, FRAME)], 800).settled == []


def test_stances_that_nobody_claimed_are_forgotten() -> None:
    looks = [frame(end, "other") for end in range(200, FORGOTTEN + 1000, FRAME)]
    looks.append(frame(FORGOTTEN + 1000, "running"))
    assert played(RUN[:2], looks, FORGOTTEN + 1040).settled == []


def test_walking_reaches_back_over_its_own_steps_only() -> None:
    pause = 3 * STEP
    walk = [stance(k, 0.4, "walking", 55) for k in range(14)]
    jolt = Stance(
        walk[0].peak - 2 * pause, walk[0].peak - 2 * pause - 20, walk[0].peak - 2 * pause + 20, 1, 0.4, "walking"
    )
    shifted = [
        Stance(s.peak + 300, s.before + 300, s.after + 300, s.settled + 300, s.swing, s.activity) for s in [jolt, *walk]
    ]
    looks = [frame(end, "other" if end < 800 else "walking") for end in range(200, 1300, FRAME)]
    told = played(shifted, looks, 1240)
    assert told.settled[0].stance == shifted[1]
    assert told.changes[0].end == shifted[1].before


def test_steps_of_a_gait_are_not_those_of_the_next() -> None:
    looks = [frame(end, "running" if end < 600 else "other") for end in range(200, 900, FRAME)]
    told = played(RUN, looks, 800)
    assert max(s.at for s in told.settled) <= hop_end(600)
    assert [c.activity for c in told.changes] == ["other", "running"]
    assert told.changes[1].end == told.settled[-1].stance.after
