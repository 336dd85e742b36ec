"""What the analysis promises whatever the runner, the mount and the blocks: shown on simulated runs."""

from __future__ import annotations

import pickle
from dataclasses import fields, replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.events import ActivityChange, SignalQuality, Step
from backbeat.gait.engine import Engine, GaitSettings
from backbeat.samples import Samples
from backbeat.simulator.source import SimulatedSource
from simulated_gait import analysed, run_of, steps_of

MIXED = "programme=stand:3,walk:12,run:15@3,stand:4,run:12@2.4/5,walk:6&gap=22:1&dropped=0.5&jitter=1&clock_error=0.7"
RUN = "stand=2&seconds=25&speed=3"
SETS = (
    MIXED,
    MIXED.replace("jitter=1", "rate=208&gyroscope=no"),
    "programme=stand:2,run:20@3.5&rate=52&position=left_hip&asymmetry=12",
    "programme=stand:2,skip:8,run:12@3.3&rate=52&impact=8&range=16",
)


@cache
def readings(query: str) -> Samples:
    return run_of(query).samples()


@cache
def whole(query: str) -> tuple[object, ...]:
    return tuple(analysed(run_of(query)))


def rotation(seed: int) -> np.ndarray:
    """A rotation drawn evenly from all of them (Shoemake 1992, doi:10.1016/B978-0-08-050755-2.50036-1)."""
    a, b, c = np.random.default_rng(seed).random(3)
    p, q, r, s = (
        np.sqrt(1 - a) * np.sin(2 * np.pi * b),
        np.sqrt(1 - a) * np.cos(2 * np.pi * b),
        np.sqrt(a) * np.sin(2 * np.pi * c),
        np.sqrt(a) * np.cos(2 * np.pi * c),
    )
    return np.array(
        [
            [1 - 2 * (q * q + r * r), 2 * (p * q - r * s), 2 * (p * r + q * s)],
            [2 * (p * q + r * s), 1 - 2 * (p * p + r * r), 2 * (q * r - p * s)],
            [2 * (p * r - q * s), 2 * (q * r + p * s), 1 - 2 * (p * p + q * q)],
        ]
    )


# 1. cut anywhere


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.sampled_from(SETS), st.data())
def test_any_cut_gives_exactly_the_same_events(query: str, data: st.DataObject) -> None:
    n = len(readings(query))
    cuts = data.draw(st.lists(st.integers(0, n), max_size=25))
    assert analysed(run_of(query), cuts=cuts) == list(whole(query))


@pytest.mark.parametrize("query", SETS)
@pytest.mark.parametrize("size", [1, pytest.param(7, marks=pytest.mark.slow), 20])
def test_blocks_of_any_size_give_exactly_the_same_events(query: str, size: int) -> None:
    assert analysed(run_of(query), cuts=range(0, len(readings(query)), size)) == list(whole(query))


def test_a_fault_is_told_without_what_the_same_block_brings_later() -> None:
    samples, run = readings(SETS[1]), run_of(SETS[1])
    acc, saturated = samples.acc.copy(), samples.saturated.copy()
    acc[(samples.time > 18.0) & (samples.time < 24.5)] = np.nan
    saturated[(samples.time > 25.0) & (samples.time < 27.0)] = True
    hurt = replace(samples, acc=acc, saturated=saturated)
    events = analysed(run, hurt)
    told = [list(event.problems) for event in events if isinstance(event, SignalQuality)]
    assert told[1:3] == [["holes"], ["holes", "gap", "saturated"]]
    assert analysed(run, hurt, cuts=range(0, len(hurt), 20)) == events


@pytest.mark.parametrize("query", SETS)
def test_known_at_is_the_time_of_the_reading_that_settles_the_event(query: str) -> None:
    run, samples = run_of(query), readings(query)
    engine = Engine(SimulatedSource(run).info, GaitSettings())
    seen = 0
    for i in range(len(samples)):
        for event in engine.feed(samples[i : i + 1]):
            assert event.known_at == pytest.approx(samples.time[i], abs=1e-9)
            seen += 1
    last = [event for event in engine.end() if event.known_at > samples.time[-1] + 1e-9]
    assert seen > 20
    assert last == []


# 2. mount anywhere, mirror


@settings(deadline=None, max_examples=15, derandomize=True)
@given(st.integers(0, 10_000), st.sampled_from((MIXED, RUN, f"{RUN}&gyroscope=no", f"{RUN}&range=8&asymmetry=10")))
def test_a_turned_sensor_changes_no_time_by_more_than_5_ms_and_no_side(seed: int, query: str) -> None:
    samples, matrix = readings(query), rotation(seed)
    turned = replace(samples, acc=samples.acc @ matrix.T, gyr=None if samples.gyr is None else samples.gyr @ matrix.T)
    straight, found = steps_of(whole(query)), steps_of(analysed(run_of(query), turned))
    assert len(found) == len(straight)
    for a, b in zip(straight, found, strict=True):
        assert a.time == pytest.approx(b.time, abs=0.005)
        assert a.activity == b.activity
        if samples.gyr is not None:
            assert a.side == b.side
    if samples.gyr is None:
        same = [a.side == b.side for a, b in zip(straight, found, strict=True)]
        assert all(same) or not any(same), "without a gyroscope left and right may be named the other way, all or none"


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("query", [MIXED, RUN, f"{RUN}&position=left_hip", f"{RUN}&asymmetry=15"])
def test_a_mirrored_recording_swaps_left_and_right_and_changes_nothing_else(query: str, axis: int) -> None:
    samples = readings(query)
    acc, gyr = np.ones(3), -np.ones(3)
    acc[axis], gyr[axis] = -1.0, 1.0
    mirrored = replace(samples, acc=samples.acc * acc, gyr=samples.gyr * gyr)
    straight, found = whole(query), analysed(run_of(query), mirrored)
    other = {"left": "right", "right": "left", None: None}
    assert [type(e) for e in found] == [type(e) for e in straight]
    for a, b in zip(straight, found, strict=True):
        if isinstance(a, Step):
            assert b.side == other[a.side]
        alike(a, b, 1e-6, but={"side"})


def alike(a: object, b: object, tolerance: float, but: set[str], shift: float = 0.0) -> None:
    """All fields of two events agree; times with a shift."""
    for f in fields(a):
        if f.name in but:
            continue
        x, y = getattr(a, f.name), getattr(b, f.name)
        if isinstance(x, float):
            moved = shift if f.name in ("time", "toe_off", "known_at", "start", "end") else 0.0
            assert y == pytest.approx(x + moved, abs=tolerance, rel=tolerance), f.name
        else:
            assert y == x, f.name


# 3. time


@pytest.mark.parametrize("shift", [-5000.0, 0.1234, 86400.0, 1.7e9])
def test_a_shift_in_time_shifts_the_events_and_changes_nothing_else(shift: float) -> None:
    samples = readings(MIXED)
    found = analysed(run_of(MIXED), replace(samples, time=samples.time + shift))
    straight = whole(MIXED)
    assert [type(e) for e in found] == [type(e) for e in straight]
    for a, b in zip(straight, found, strict=True):
        alike(a, b, 1e-3 if shift > 1e6 else 1e-6, but=set(), shift=shift)


def test_the_same_readings_give_the_same_events() -> None:
    assert analysed(run_of(MIXED)) == list(whole(MIXED))


def test_the_readings_of_the_caller_are_left_alone() -> None:
    samples = run_of(RUN).samples()
    before = samples.acc.copy(), samples.gyr.copy(), samples.time.copy()
    analysed(run_of(RUN), samples)
    assert all(np.array_equal(a, b) for a, b in zip(before, (samples.acc, samples.gyr, samples.time), strict=True))


# 4. nothing invented


@pytest.mark.parametrize("offset", range(0, 36, 4))
def test_no_contact_lies_before_the_first_reading(offset: int) -> None:
    samples = run_of(RUN).samples()[1000 + offset :]
    steps = steps_of(analysed(run_of(RUN), samples))
    assert len(steps) > 20
    assert steps[0].time >= samples.time[0]


@settings(deadline=None, max_examples=20, derandomize=True)
@given(st.floats(10.0, 20.0), st.floats(0.5, 4.0))
def test_no_step_lies_in_a_gap(begin: float, length: float) -> None:
    run = run_of(f"{RUN}&gap={begin}:{length}")
    events = analysed(run)
    for step in steps_of(events):
        assert not begin < step.time < begin + length
        assert step.toe_off is None or not begin < step.toe_off < begin + length
        assert step.toe_off is None or not step.time <= begin <= begin + length <= step.toe_off
    after = [s for s in steps_of(events) if s.time > begin + length]
    assert len(after) > 5, "running is found again after the gap"
    assert all(s.step_time_ms is None or s.step_time_ms < 1500.0 for s in after)


@pytest.mark.parametrize("query", ["programme=stand:60", "programme=tap:60", "programme=stand:60&noise=5"])
def test_there_are_no_steps_where_nobody_moves(query: str) -> None:
    assert steps_of(analysed(run_of(query))) == []


def test_activities_follow_each_other_without_gap_or_overlap() -> None:
    for query in SETS:
        changes = [e for e in whole(query) if isinstance(e, ActivityChange)]
        time = readings(query).time
        assert len(changes) > 1
        for a, b in pairwise(changes):
            assert b.start >= a.end - 1e-9
            assert b.end > b.start
            between = time[(time > a.end + 0.05) & (time < b.start - 0.05)]
            assert len(between) == 0, "only what no reading tells of belongs to no activity"


STOPS = "programme=stand:3,jog:25@1.8/10,walk:4@1.2,stairs_up:7,run:12@5&seed=8205&rate=104&roll=-35&pitch=70&yaw=75"
"""The jog ends on a foot that the runner stays on for a while."""


def test_contacts_are_in_order_and_end_after_they_begin_and_before_they_are_told() -> None:
    for query in (*SETS, STOPS):
        steps = steps_of(whole(query))
        assert len(steps) > 10
        assert all(b.time > a.time for a, b in pairwise(steps))
        assert all(s.toe_off is None or s.time < s.toe_off <= s.known_at for s in steps)


# 6. bounded


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("stand=2&seconds=240", id="a run"),
        pytest.param("stand=2&seconds=240&range=1.2", id="readings at the end of the range all the time"),
        pytest.param("programme=walk:240", id="a walk"),
        pytest.param("programme=stand:240", id="nothing to be found"),
        pytest.param("stand=0&seconds=240&rate=15", id="too few readings to look at"),
    ],
)
def test_what_is_remembered_does_not_grow(query: str) -> None:
    run = run_of(query)
    samples = run.samples()
    engine = Engine(SimulatedSource(run).info, GaitSettings())
    sizes = []
    for begin in range(0, len(samples), 500):
        engine.feed(samples[begin : begin + 500])
        sizes.append(len(pickle.dumps(engine)))
    half = len(sizes) // 2
    assert max(sizes[half:]) < 1.02 * max(sizes[:half])


# 7. in time


SETTLED = (
    *(RUN, f"{RUN}&rate=208", f"{RUN}&cadence=145", f"{RUN}&cadence=215&contact_time=160"),
    "stand=2&seconds=60&rate=52&cadence=150&seed=5",
    "stand=2&seconds=40&rate=52&cadence=140&speed=4.5",
    f"{RUN}&position=left_hip&asymmetry=20",
    "stand=2&seconds=40&speed=3.3&impact=8&range=16",
)


@pytest.mark.parametrize("query", SETTLED)
def test_a_step_is_settled_within_400_ms_of_its_toe_off(query: str) -> None:
    late = [s.known_at - s.toe_off for s in steps_of(whole(query)) if s.time > 6.0 and s.toe_off is not None]
    assert len(late) > 30
    assert max(late) <= 0.4


def test_the_first_steps_of_a_bout_come_at_most_2_4_s_after_running_began() -> None:
    run = run_of(RUN)
    first = min(s.known_at for s in steps_of(whole(RUN)))
    assert first - next(run.steps()).toe_off <= 2.4 + 0.4


# 5. no number takes the steps after it away


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6, 1e20, 1e154, 1e300])
@pytest.mark.parametrize("sensor", ["acc", "gyr"])
def test_one_impossible_reading_costs_no_later_step(sensor: str, value: float) -> None:
    samples = readings(RUN)
    spoilt = getattr(samples, sensor).copy()
    spoilt[1200, 1] = value
    found = steps_of(analysed(run_of(RUN), replace(samples, **{sensor: spoilt}), cuts=range(0, len(samples), 50)))
    assert [step.time for step in found] == pytest.approx([step.time for step in steps_of(whole(RUN))], abs=0.01)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_absent_axis_is_no_warning(axis: int) -> None:
    samples = readings("stand=2&seconds=40&speed=3")
    acc = samples.acc.copy()
    acc[:, axis] = np.nan
    analysed(run_of("stand=2&seconds=40&speed=3"), replace(samples, acc=acc, absent={f"acc_{'xyz'[axis]}": "broken"}))


@pytest.mark.parametrize("rate", [25, 26, 40, 52, 100])
@pytest.mark.parametrize("noise", [30, 60])
def test_noise_does_not_walk(rate: int, noise: int) -> None:
    """A sensor that rattles by 0.15 and 0.3 g, a hundred times what it should."""
    assert steps_of(analysed(run_of(f"programme=stand:120&noise={noise}&rate={rate}"))) == []
