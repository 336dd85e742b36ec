"""The sensor's clock on the host's: late arrivals do not matter, wraps are undone, jumps are few and forward."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_host.clock import ClockSettings, Counter, DeviceClock

PROMISE = settings(deadline=None, max_examples=30, derandomize=True)


def simulated(clock, slow, rate_hz, seconds, *, delay, flight=0.0, poll_s=0.05, start=50.0):
    """Poll a sensor whose clock is `slow` (host seconds a device second); errors of the host times, s, and times.

    A poll comes `delay(number of the poll)` late; what it finds arrives `flight` to ten times `flight` later.
    """
    rng = np.random.default_rng(0)
    true = start + np.arange(int(seconds * rate_hz)) / rate_hz
    device = (true - start) / slow + 7.0
    given_out, done, now, poll = [], 0, start, 0
    while done < len(true):
        poll += 1
        now = max(start + poll * poll_s + delay(poll), now)
        ready = min(int((now - start) * rate_hz) + 1, len(true))
        if ready > done:
            clock.observe(device[ready - 1], now + flight * (1 + 9 * rng.random()))
            given_out.append(clock.host(device[done:ready]))
            done = ready
    times = np.concatenate(given_out)
    return times - true, times


@pytest.mark.parametrize("slow", [0.995, 1.0, 1.005, 1.009])
def test_follows_a_wrong_device_clock(slow):
    rng = np.random.default_rng(1)
    clock = DeviceClock()
    error, _ = simulated(clock, slow, 208, 600, delay=lambda _: rng.exponential(0.003))
    settled = error[60 * 208 :]
    assert clock.rate == pytest.approx(slow, abs=1e-5)
    assert settled.std() < 0.5e-3
    assert abs(settled.mean()) < 1e-3
    assert abs(error).max() < 20e-3


def test_late_polls_do_not_move_the_times():
    """Stalls of up to half a second, as an SD card or a garbage collector makes them."""
    rng = np.random.default_rng(2)
    error, _ = simulated(
        DeviceClock(), 1.003, 208, 300, delay=lambda _: 0.5 * rng.random() if rng.random() < 0.05 else 0.001
    )
    assert error[30 * 208 :].std() < 0.5e-3


def test_uneven_radio_arrivals():
    error, _ = simulated(DeviceClock(), 0.996, 100, 600, delay=lambda _: 0.0, flight=0.005, poll_s=0.09)
    settled = error[60 * 100 :]
    assert settled.std() < 1e-3
    assert settled.mean() == pytest.approx(0.005, abs=2e-3)  # the least delay cannot be told from the clock


def test_a_number_of_readings_serves_as_a_clock():
    """A sensor that says 200 Hz and gives 203: its true rate comes out."""
    clock = DeviceClock(ClockSettings(rate_error=0.05))
    simulated(clock, 200 / 203, 203, 120, delay=lambda _: 0.0007)
    assert clock.rate == pytest.approx(200 / 203, rel=1e-4)


@PROMISE
@given(
    slow=st.floats(0.99, 1.01),
    delays=st.lists(st.floats(0, 0.3), min_size=20, max_size=80),
    rate=st.sampled_from([100, 208, 416]),
)
def test_times_always_increase_and_stay_near_the_device_clock(slow, delays, rate):
    clock = DeviceClock()
    _, times = simulated(clock, slow, rate, 20, delay=lambda k: delays[k % len(delays)])
    steps = np.diff(times) * rate
    assert (steps > 0.985 / 1.01).all()  # the slope's limit less the slewing, for the slowest clock
    stepped = steps > 1.015 / 0.99  # a jump is only taken forward, and only when large
    assert (steps[stepped] > 0.2 * rate).all()


def test_a_jump_of_the_device_is_stepped_and_told():
    clock = DeviceClock()
    for k in range(400):
        assert not clock.observe(0.05 * k, 100 + 0.05 * k)
        clock.host(np.array([0.05 * k]))
    told = []
    for k in range(400, 500):  # the device slept for 3 s without counting on
        told.append(clock.observe(0.05 * k, 103 + 0.05 * k))
        last = clock.host(np.array([0.05 * k]))[0]
    assert sum(told) == 1
    assert last == pytest.approx(103 + 0.05 * 499, abs=0.02)


def test_one_late_burst_is_no_jump():
    clock = DeviceClock()
    for k in range(1000):
        # packets 500 to 599 (5 s) wait for the link and come at once
        now = 100 + 0.05 * (max(k, 600) if 500 <= k < 600 else k)
        assert not clock.observe(0.05 * k, now)
        assert clock.host(np.array([0.05 * k]))[0] == pytest.approx(100 + 0.05 * k, abs=5e-3)


def test_after_a_restart_times_go_on_and_the_rate_is_kept():
    clock = DeviceClock()
    simulated(clock, 1.006, 208, 60, delay=lambda _: 0.0)
    rate = clock.rate
    last = clock.host(np.array([1e4]))[0]
    clock.restart()
    clock.observe(0.5, last - 0.2)
    times = clock.host(np.array([0.0, 0.25, 0.5]))
    assert times[0] > last
    assert np.diff(times) == pytest.approx(0.25 * rate)
    assert clock.rate == pytest.approx(1.006, abs=1e-5)


def test_readings_lost_unseen_show_in_the_floor():
    """Four of 100 readings a second vanish from a sensor that only counts."""
    clock = DeviceClock(ClockSettings(rate_error=0.02))
    for k in range(3000):
        lost = 4 if k > 2600 else 0
        clock.observe(0.01 * k, 10 + 0.01 * (k + lost) + 0.001 * (k % 3))
        clock.host(np.array([0.01 * k]))
        if k == 2600:
            assert abs(clock.floor) < 2e-3
    assert clock.floor == pytest.approx(0.04, abs=3e-3)


def test_nothing_observed_is_an_error():
    with pytest.raises(ValueError, match="observe"):
        DeviceClock().host(np.array([1.0]))


@PROMISE
@given(
    bits=st.sampled_from([8, 16, 24, 32]),
    start=st.integers(0, 2**32),
    steps=st.lists(st.integers(0, 200), min_size=1, max_size=50),
    cuts=st.lists(st.integers(1, 7), min_size=1, max_size=50),
)
def test_a_counter_counts_on_over_its_wrap(bits, start, steps, cuts):
    true = start + np.cumsum(steps)
    counter, out, at = Counter(bits), [], 0
    for cut in cuts * len(true):
        out.extend(counter.unwrap([int(v) % (1 << bits) for v in true[at : at + cut]]))
        at += cut
    assert (np.diff(out) == np.diff(true)).all()


def test_a_counter_that_went_round_unseen_is_placed_by_the_host():
    counter = Counter(16)
    assert list(counter.unwrap([65530, 3])) == [65530, 65539]
    assert list(counter.unwrap([100], near=5 * 65536)) == [5 * 65536 + 100]
    assert list(counter.unwrap([50], near=5 * 65536)) == [6 * 65536 + 50]  # never back
    counter.restart()
    assert list(counter.unwrap([7])) == [7]
    assert not len(counter.unwrap([]))
