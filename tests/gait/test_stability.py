"""Regularity, harmonic ratio and RMS ratio of periodic motions."""

from __future__ import annotations

import numpy as np
import pytest

from backbeat.gait.stability import WINDOW, stability

STEP_HZ = 2.5
STRIDE = np.pi * STEP_HZ * np.arange(WINDOW) / 100.0


def motion(limp: float = 0.0, noise: float = 0.0) -> np.ndarray:
    """Up and forward repeat every step but for the limp, left every stride."""
    rng = np.random.default_rng(3)
    up = np.cos(2 * STRIDE) + limp * np.cos(STRIDE)
    forward = 0.5 * np.sin(2 * STRIDE) + limp * np.sin(STRIDE)
    left = 0.25 * np.sin(STRIDE) + limp * np.sin(2 * STRIDE)
    return np.stack([forward, left, up]) + noise * rng.normal(size=(3, WINDOW))


def test_what_repeats_itself_is_regular() -> None:
    found = stability(motion(), STEP_HZ)
    assert found["step_regularity"] == pytest.approx(1.0, abs=0.01)
    assert found["stride_regularity"] == pytest.approx(1.0, abs=0.01)


def test_a_limp_costs_the_step_regularity_and_noise_both() -> None:
    limping, noisy = stability(motion(limp=0.5), STEP_HZ), stability(motion(noise=0.5), STEP_HZ)
    assert limping["step_regularity"] == pytest.approx((1 - 0.25) / (1 + 0.25), abs=0.02)
    assert limping["stride_regularity"] == pytest.approx(1.0, abs=0.01)
    assert noisy["stride_regularity"] == pytest.approx(0.5 / (0.5 + 0.25), abs=0.06)


def test_harmonic_ratios_set_what_belongs_to_the_step_against_the_rest() -> None:
    found = stability(motion(limp=0.2), STEP_HZ)
    assert found["harmonic_ratio_vertical"] == pytest.approx(1.0 / 0.2, rel=0.02)
    assert found["harmonic_ratio_forward"] == pytest.approx(0.5 / 0.2, rel=0.02)
    assert found["harmonic_ratio_lateral"] == pytest.approx(0.25 / 0.2, rel=0.02)


def test_rms_ratios_are_shares_of_the_whole_motion() -> None:
    found = stability(motion(), STEP_HZ)
    whole = np.sqrt(1.0 + 0.25 + 0.0625)
    assert found["rms_ratio_vertical"] == pytest.approx(1.0 / whole, rel=0.01)
    assert found["rms_ratio_forward"] == pytest.approx(0.5 / whole, rel=0.01)
    assert found["rms_ratio_lateral"] == pytest.approx(0.25 / whole, rel=0.01)
