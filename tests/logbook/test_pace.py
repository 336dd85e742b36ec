"""Pacing and cutting: with a clock that is wound by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.logbook.pace import SLICE_S, InBlocks, RealTime
from backbeat.logbook.recording import Recording
from backbeat.samples import Context, Samples, SourceInfo, joined


class Scripted(Recording):
    """A recording from memory."""

    def __init__(self, blocks: list[Samples | Context]) -> None:
        super().__init__(SourceInfo(name="scripted", origin="replay"))
        self.blocks = blocks

    def _blocks(self):
        yield from self.blocks


def block(start: int, end: int) -> Samples:
    time = np.arange(start, end) / 100
    return Samples.of(time, np.outer(time, [1.0, 2.0, 3.0]), gap_before=np.arange(start, end) % 7 == 0)


@given(st.lists(st.integers(0, 40), max_size=6), st.integers(1, 50))
@settings(deadline=None, max_examples=100, derandomize=True)
def test_blocks_of_any_size_hold_the_same_readings(cuts: list[int], size: int) -> None:
    places = np.cumsum([0, *cuts, 3])
    blocks = [block(a, b) for a, b in itertools.pairwise(places)]
    got = [b for b in InBlocks(Scripted([*blocks]), size) if isinstance(b, Samples)]
    assert all(len(b) == size for b in got[:-1])
    assert len(got[-1]) <= size
    assert joined(got).time.tolist() == joined(blocks).time.tolist()
    assert joined(got).gap_before.tolist() == joined(blocks).gap_before.tolist()


def test_context_overtakes_readings_and_is_never_lost() -> None:
    context = Context(0.3, "speed_m_s", 3.0)
    got = list(InBlocks(Scripted([block(0, 25), context, block(25, 50)]), 20))
    assert got.index(context) == 1
    assert [len(b) for b in got if isinstance(b, Samples)] == [20, 20, 10]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def test_readings_come_when_they_were_measured() -> None:
    clock = Clock()
    source = RealTime(Scripted([block(0, 1000), Context(5.0, "shoe", "blue"), block(1000, 1500)]), clock, clock.wait)
    arrivals = []
    for part in source:
        if isinstance(part, Samples):
            arrivals.append((part.time[-1], clock.now))
            assert part.time[-1] - part.time[0] <= SLICE_S
    due = np.array(arrivals)
    assert due[:, 1] - due[:, 0] == pytest.approx(due[0, 1] - due[0, 0], abs=1e-6)
    assert due[-1, 0] == 14.99


def test_stop_ends_a_wait() -> None:
    clock = Clock()
    source = RealTime(Scripted([block(0, 1000)]), clock, lambda _: source.stop())
    assert len(list(source)) == 1
