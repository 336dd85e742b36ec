"""LSM6DSOX family: FIFO words to readings, held against the emulated chip."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.errors import SourceError
from firmware_host.chips.lsm6dsox import Fifo
from firmware_host.emulators.faults import Fault, Faults
from rigs.chip_bench import HandClock, Numbered, Wave, account, emulated, run

PROMISE = settings(deadline=None, max_examples=50, derandomize=True)


def words(numbers, *, period=192, order=(1, 2, 4), start=1000):
    """FIFO words of readings; acceleration (n, 0, 1), angular rate (-n, 2, 3)."""
    content = bytearray()
    for place, n in enumerate(numbers):
        for tag in order:
            data = {
                1: struct.pack("<hhh", -n, 2, 3),
                2: struct.pack("<hhh", n, 0, 1),
                4: struct.pack("<IH", (start + n * period) & 0xFFFFFFFF, 0),
            }[tag]
            content += bytes([tag << 3 | (place & 3) << 1]) + data
    return bytes(content)


def numbers(*batches):
    return [int(n) for batch in batches for n in batch.acc[:, 0]]


@pytest.mark.parametrize("order", [(1, 2, 4), (4, 2, 1), (2, 4, 1)])
def test_words_come_in_any_order(order):
    batch = Fifo(208, 25e-6).decode(words(range(5), order=order))
    assert numbers(batch) == [0, 1, 2, 3, 4]
    assert batch.gyr.tolist() == [[-n, 2, 3] for n in range(5)]
    assert np.diff(batch.device) == pytest.approx(192 * 25e-6)
    assert batch.restarted
    assert not batch.gap_before.any()
    assert batch.faults == 0


@PROMISE
@given(cuts=st.lists(st.integers(0, 20), max_size=20))
def test_it_does_not_matter_where_a_burst_ends(cuts):
    content, fifo, at, batches = words(range(40)), Fifo(208, 25e-6), 0, []
    for cut in [*cuts, 1000]:
        batches.append(fifo.decode(content[at * 7 : (at + cut) * 7]))
        at += cut
    assert numbers(*batches) == list(range(40))
    assert sum(b.faults for b in batches) == 0


def test_time_goes_on_over_its_wrap():
    batch = Fifo(208, 25e-6).decode(words(range(6), start=2**32 - 500))
    assert np.diff(batch.device) == pytest.approx(192 * 25e-6)


def test_missing_readings_are_marked():
    batch = Fifo(208, 25e-6).decode(words([0, 1, 2, 7, 8]))
    assert batch.gap_before.tolist() == [False, False, False, True, False]


def test_a_wrong_time_is_left_out_and_marked():
    content = bytearray(words(range(6)))
    content[3 * 21 + 14 + 3] ^= 0x40  # a bit of the fourth reading's time
    batch = Fifo(208, 25e-6).decode(bytes(content))
    assert numbers(batch) == [0, 1, 2, 4, 5]
    assert batch.gap_before.tolist() == [False, False, False, True, False]
    assert batch.faults == 1


def test_the_newest_reading_waits_when_its_time_is_doubtful():
    fifo = Fifo(208, 25e-6)
    first = fifo.decode(words([0, 1, 2, 9]))
    second = fifo.decode(words(range(10, 14)))
    assert numbers(first) == [0, 1, 2]
    assert numbers(second) == [9, 10, 11, 12, 13]
    assert second.gap_before.tolist() == [True, False, False, False, False]


def test_start_up_garbage_is_dropped():
    batch = Fifo(208, 25e-6).decode(words([0x7FFE, 0x7FFF]) + words(range(2, 5), start=1000 + 0x7FFE * 192))
    assert 0x7FFE not in numbers(batch)


@PROMISE
@given(st.binary(max_size=400))
def test_random_bytes_are_no_reading_out_of_the_blue(data):
    """Without two times that are a period apart nothing comes out, and nothing is raised."""
    batch = Fifo(208, 25e-6).decode(data)
    assert len(batch) * 21 <= len(data)
    assert (np.diff(batch.device) > 0).all()


@PROMISE
@given(place=st.integers(0, 40 * 21 - 1), bit=st.integers(0, 7))
def test_one_flipped_bit_never_moves_a_reading(place, bit):
    content = bytearray(words(range(40)))
    content[place] ^= 1 << bit
    batch = Fifo(208, 25e-6).decode(bytes(content))
    ticks = np.round(batch.device / 25e-6)
    wrong = np.flatnonzero(np.abs(batch.acc[:, 0] * 192 + 1000 - ticks) > 20)
    assert len(wrong) <= 1  # only the value itself may be off where the bit was in a value
    assert len(batch) >= 36
    missing = np.diff(ticks) > 1.5 * 192
    assert (batch.gap_before[1:] == missing).all()


def test_readings_are_those_that_the_chip_measured():
    clock = HandClock()
    source = emulated("lsm6dsox", Wave(20.0, noise=0.0), clock=clock)
    taken = []
    source.chip.on_reading = taken.append
    readings = run(source).readings
    acc, gyr = Wave.smooth(np.concatenate(taken)[-len(readings) :])
    assert np.abs(readings.acc - acc).max() <= source.info.acc_scale * 0.501
    assert np.abs(readings.gyr - gyr).max() <= source.info.gyr_scale * 0.501


def test_readings_are_whole_counts_times_the_scale():
    source = emulated("lsm6dsox", Wave(5.0))
    readings = run(source).readings
    counts = np.round(readings.acc / source.info.acc_scale)
    assert (readings.acc == counts * source.info.acc_scale).all()
    assert (readings.gyr == np.round(readings.gyr / source.info.gyr_scale) * source.info.gyr_scale).all()


@pytest.mark.parametrize(("name", "wide"), [("lsm6dsox", 16), ("lsm6dso32", 32), ("ism330dhcx", 16)])
def test_the_family(name, wide):
    source = emulated(name, Wave(5.0, noise=0.0))
    assert source.info.acc_range_g == wide
    readings = run(source).readings
    assert np.abs(np.median(readings.acc[:, 2]) - 9.8) < 4


@pytest.mark.parametrize("rate", [104, 208, 416])
def test_rates(rate):
    clock, motion = HandClock(), Numbered(30.0)
    readings = run(emulated("lsm6dsox", motion, clock=clock, query=f"rate={rate}")).readings
    error, unmarked, needless = account(readings, motion, 1000.0)
    assert len(readings) == pytest.approx(30 * rate, rel=0.02)
    assert (unmarked, needless) == (0, 0)
    assert np.abs(error).max() < 1.5 / rate


def test_a_rate_that_it_does_not_have():
    with pytest.raises(SourceError, match="choose rate= one of 104, 208, 416"):
        emulated("lsm6dsox", Wave(), query="rate=1000")


def test_a_wrong_chip_is_named_and_can_be_forced():
    with pytest.raises(SourceError, match="identity 0x70 and not 0x6c"):
        emulated("lsm6dsox", Wave(), Faults(identity=0x70))
    with emulated("lsm6dsox", Wave(), Faults(identity=0x70), query="force=1") as source:
        assert source.info.name.startswith("LSM6DSOX")


def test_a_stalled_reader_loses_readings_and_marks_them():
    """The reader is busy for two seconds; the FIFO holds 0.8."""
    clock, motion = HandClock(), Numbered(20.0)
    stalls = iter([5.0, 11.0])
    next_stall = [next(stalls)]

    def between(_):
        if clock.now() - 1000 > next_stall[0]:
            clock.sleep(2.0)
            next_stall[0] = next(stalls, 1e9)

    readings = run(emulated("lsm6dsox", motion, clock=clock), between=between).readings
    error, unmarked, needless = account(readings, motion, 1000.0)
    assert readings.gap_before.sum() == 2
    assert (unmarked, needless) == (0, 0)
    assert np.abs(error).max() < 10e-3


def test_saturation_is_marked():
    class Fall(Wave):
        def at(self, times):
            acc, gyr = super().at(times)
            acc[np.asarray(times) % 1.0 < 0.1, 2] = 400.0
            return acc, gyr

    readings = run(emulated("lsm6dsox", Fall(5.0))).readings
    assert readings.saturated.any()
    assert (readings.saturated == (readings.acc[:, 2] > 150)).all()


def test_a_motion_beyond_the_range_of_one_part_only():
    faults = Faults(planned=(Fault("sleep", 2.0, 0.2),))
    motion = Numbered(6.0)
    readings = run(emulated("lsm6dso32", motion, faults)).readings
    _, unmarked, _ = account(readings, motion, 1000.0)
    assert unmarked == 0


@settings(deadline=None, max_examples=150, derandomize=True)
@given(
    cuts=st.lists(st.integers(1, 60), min_size=2, max_size=12),
    flips=st.lists(st.tuples(st.integers(0, 40 * 21 - 1), st.integers(0, 7)), max_size=2),
    lost=st.lists(st.integers(0, 119), max_size=1),
    start=st.sampled_from([1000, 2**32 - 3000]),
)
def test_the_short_way_through_a_steady_fifo_gives_what_the_long_way_gives(cuts, flips, lost, start):
    content = bytearray(words(range(40), start=start))
    for at, bit in flips:
        content[at] ^= 1 << bit
    for word in lost:
        del content[word * 7 : word * 7 + 7]
    short, long = Fifo(208, 25e-6), Fifo(208, 25e-6)
    long._steady = lambda _: None
    at = 0
    for cut in [*cuts, 1000]:
        part = bytes(content[at * 7 : (at + cut) * 7])
        at += cut
        one, other = short.decode(part), long.decode(part)
        for name in ("device", "acc", "gyr", "gap_before"):
            assert getattr(one, name).tolist() == getattr(other, name).tolist()
        assert (one.restarted, one.faults) == (other.restarted, other.faults)
