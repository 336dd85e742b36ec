"""What feeds an emulated chip."""

import numpy as np
import pytest

from backbeat.samples import Context, Samples
from firmware_host.emulators.feed import Feed
from rigs.chip_bench import HandClock, emulated, run


def blocks(n=400, rate=100.0, start=50.0, size=37):
    time = start + np.arange(n) / rate
    acc = np.stack([np.arange(n) % 7, np.arange(n) % 5, np.full(n, 9.8)], axis=1).astype(float)
    whole = Samples.of(time, acc, acc / 10)
    return [whole[k : k + size] for k in range(0, n, size)]


def test_readings_at_their_own_times_are_themselves():
    feed = Feed(blocks())
    for first in range(0, 400, 50):
        times = np.arange(first, first + 50) / 100
        acc, gyr = feed.at(times)
        assert acc[:, 0] == pytest.approx(np.arange(first, first + 50) % 7, abs=1e-6)
        assert gyr == pytest.approx(acc / 10)


def test_the_end_is_known_when_it_is_reached():
    feed = Feed(blocks())
    feed.at(np.array([1.0]))
    assert feed.ended_at is None
    feed.at(np.array([5.0]))
    assert feed.ended_at == pytest.approx(3.99)


def test_nothing_to_feed_with():
    with pytest.raises(ValueError, match="no readings"):
        Feed([]).at(np.array([0.0]))


def test_context_of_the_feed_comes_at_its_time():
    told = [Context(50.0, "speed_m_s", 3.0), *blocks(n=2000), Context(55.0, "grade_pct", 4.0)]
    told.insert(30, Context(52.0, "speed_m_s", 3.5))
    contexts = [
        c for c in run(emulated("lsm6dsox", Feed(told), clock=HandClock())).contexts if c.kind != "temperature_c"
    ]
    assert [(round(c.time - 1000, 6), c.kind, c.value) for c in contexts] == [
        (0.0, "speed_m_s", 3.0),
        (2.0, "speed_m_s", 3.5),
        (5.0, "grade_pct", 4.0),
    ]
