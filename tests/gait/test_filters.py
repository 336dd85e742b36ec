"""Linear-phase filters over hops, against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import firwin, freqz

from backbeat.gait.filters import HOP, FilterBank, low_pass, slope_of
from backbeat.gait.track import Track


def test_taps_are_those_of_scipys_window_method() -> None:
    theirs = firwin(27, 10.0, window="blackman", fs=100.0)  # its first and last tap are 0
    assert low_pass(10.0, 12) == pytest.approx(theirs[1:-1])


@pytest.mark.parametrize("cutoff_hz", [2.25, 5.0, 20.0])
def test_gain_is_one_at_rest_and_a_half_at_the_cut_off(cutoff_hz: float) -> None:
    gain = np.abs(freqz(low_pass(cutoff_hz, round(250 / cutoff_hz)), worN=[0.0, cutoff_hz, 3 * cutoff_hz], fs=100.0)[1])
    assert gain == pytest.approx([1.0, 0.5, 0.0], abs=0.02)


def test_the_slope_of_a_ramp_is_its_rise_a_sample() -> None:
    taps = slope_of(low_pass(5.0, 11))
    ramp = 0.3 * np.arange(len(taps))
    assert float(taps @ ramp) == pytest.approx(0.3)


def test_hops_are_convolved_alike_alone_and_together() -> None:
    bank = FilterBank.of(low_pass(20.0, 6), low_pass(10.0, 8))
    signal = np.random.default_rng(0).normal(size=(3, 200))
    track = Track(3)
    track.append(signal)
    together = bank.apply(track, 16, 10)
    alone = np.concatenate([bank.apply(track, 16 + k * HOP, 1) for k in range(10)], axis=1)
    assert np.array_equal(together, alone)
    expected = np.array([np.convolve(row, low_pass(10.0, 8), mode="same") for row in signal])
    signals = together[1].transpose(1, 0, 2).reshape(3, -1)
    assert signals == pytest.approx(expected[:, 16 : 16 + 10 * HOP])
