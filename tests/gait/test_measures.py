"""Measures of motions whose answer is a formula."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backbeat.gait import measures
from backbeat.gait.contacts import SHAPE, Contact
from backbeat.gait.windows import AFTER, BEFORE, Window
from backbeat.samples import STANDARD_GRAVITY

COLUMNS = BEFORE + AFTER + 1
T = np.arange(COLUMNS)


def window(forward: np.ndarray, up: np.ndarray, before: int, after: int) -> Window:
    body = np.stack([forward, np.zeros(COLUMNS), up])
    f, u = forward.tolist(), up.tolist()
    return Window(1000, before, after, float(after), body, f, u, f, u)


def contact(begin: float, end: float, step: float = 36.0, peak: float = 2.5, slope: float = 0.0) -> Contact:
    return Contact(1000 + begin, 1000 + end, step, 1000 + begin, peak, slope)


def test_oscillation_of_a_sine_bounce() -> None:
    step, amplitude = 36, 1.2
    up = 1.0 + amplitude * np.cos(2 * np.pi * (T - BEFORE) / step)
    w = window(np.zeros(COLUMNS), up, BEFORE - step // 2, BEFORE + step // 2 - 1)
    oscillation, braking = measures.oscillation_and_braking(w, contact(30, 50))
    assert oscillation == pytest.approx(2 * amplitude * STANDARD_GRAVITY / (2 * np.pi * 100 / step) ** 2, rel=0.01)
    assert braking == pytest.approx(0.0, abs=1e-9)


def test_braking_is_the_speed_lost_in_the_first_half_of_stance() -> None:
    up, forward = np.ones(COLUMNS), np.zeros(COLUMNS)
    forward[30:50] = -0.3 * np.sin(2 * np.pi * (np.arange(20) + 0.5) / 20)
    w = window(forward, up, 22, 57)
    _, braking = measures.oscillation_and_braking(w, contact(29.5, 50))
    assert braking == pytest.approx(0.3 * STANDARD_GRAVITY * 0.2 / np.pi, rel=0.03)


def test_braking_does_not_know_a_tilt() -> None:
    up = 1.0 + np.cos(2 * np.pi * (T - BEFORE) / 36)
    forward = -0.3 * np.sin(2 * np.pi * (T - BEFORE) / 36)
    level = measures.oscillation_and_braking(window(forward, up, 22, 57), contact(30, 50))
    tilted = measures.oscillation_and_braking(window(forward + 0.2 * up, up, 22, 57), contact(30, 50, slope=0.2))
    assert tilted == pytest.approx(level)


def test_impact_is_the_highest_point_of_stance_and_its_steepest_rise() -> None:
    up = np.zeros(COLUMNS)
    up[30:36] = [0.2, 0.8, 1.6, 2.0, 1.9, 1.0]
    up[60] = 9.0  # not in stance
    peak, rise = measures.impact(window(np.zeros(COLUMNS), up, 20, 70), contact(29.5, 50))
    assert peak == pytest.approx(2.0, abs=0.05)
    assert peak >= 2.0
    assert rise == pytest.approx(80.0)


def test_peak_force_weighs_the_measured_peak_and_the_balance_of_impulse() -> None:
    force, spread = measures.peak_force(contact(30, 54, step=36.0, peak=2.4))
    assert force == pytest.approx(0.25 * 2.4 + 0.75 * SHAPE * 36 / 24)
    assert 0.1 < spread < 0.3


def test_stiffness_is_that_of_morin_and_none_where_the_body_would_not_fall() -> None:
    c = contact(30, 54)
    fall = 2.5 * STANDARD_GRAVITY * 0.24**2 / math.pi**2 - STANDARD_GRAVITY * 0.24**2 / 8
    assert measures.vertical_stiffness(2.5, c) == pytest.approx(2.5 / fall)
    assert measures.vertical_stiffness(1.2, c) is None


def test_stance_lies_between_contact_and_toe_off() -> None:
    w = window(np.zeros(COLUMNS), np.ones(COLUMNS), 20, 70)
    assert measures.in_stance(w, contact(29.5, 50.2)) == (30, 51)
    assert measures.in_stance(w, contact(-3.0, 50.0)) == (0, 51)
