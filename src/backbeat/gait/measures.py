"""What is measured on each running step, besides its times. Every function takes and gives one row a step."""

from __future__ import annotations

import numpy as np

from backbeat.gait import rows
from backbeat.gait.contacts import SHAPE, Contacts
from backbeat.gait.grid import RATE_HZ
from backbeat.gait.windows import COLUMN, Windows
from backbeat.samples import STANDARD_GRAVITY, BoolArray, FloatArray

SHAPE_SPREAD = 0.036
"""Relative standard deviation of `SHAPE` between runners."""
PEAK_SHARE = 0.25
"""Weight of the measured 10 Hz peak in the force; the rest is the impulse balance."""
PEAK_SPREAD_BW = 0.24
"""Standard deviation of the measured peak between runners."""
CONTACT_TIME_SPREAD_S = 0.012


def peak_force(c: Contacts) -> tuple[FloatArray, FloatArray]:
    """Peak vertical ground reaction force and its standard deviation, body weights.

    Weighted mean of the 10 Hz vertical's peak (Day et al. 2021, doi:10.1016/j.jbiomech.2021.110323: 10 Hz is best for
    the peak) and of the impulse balance SHAPE · step time / contact time (Morin et al. 2005, doi:10.1123/jab.21.2.167,
    take a half sine, π/2).
    """
    contact = c.toe_off - c.initial_contact
    balance = SHAPE * c.step / contact
    relative = np.hypot(SHAPE_SPREAD, CONTACT_TIME_SPREAD_S * RATE_HZ / contact)
    force = PEAK_SHARE * c.peak10 + (1 - PEAK_SHARE) * balance
    return np.asarray(force), np.hypot(PEAK_SHARE * PEAK_SPREAD_BW, (1 - PEAK_SHARE) * balance * relative)


def impact(w: Windows, c: Contacts) -> tuple[FloatArray, FloatArray]:
    """Peak (g) of the vertical in stance, and its steepest rise (g/s) from 20 ms before to 60 ms after contact.

    Band: 20 Hz, linear phase, 13 taps at 100 Hz. The rise corresponds to the acceleration rate of Ogon et al. 2001
    (doi:10.1097/00007632-200107150-00021) and depends on the band as theirs does: compare only equal bands.
    """
    start, stop = _stance(w, c)
    high = rows.highest(w.up20, (start <= COLUMN) & (stop >= COLUMN))
    slope = np.diff(w.up20, axis=1, append=w.up20[:, -1:]) * RATE_HZ
    middle = COLUMN + 0.5
    rise = np.where((start - 2 <= middle) & (start + 6 >= middle), slope, -np.inf).max(axis=1)
    return rows.vertex(w.up20, high)[1], np.asarray(rise)


def vertical_oscillation(w: Windows) -> FloatArray:
    """Highest minus lowest point of the sensor over one step, flight to flight, m.

    The vertical is integrated twice; over a step that begins and ends in the same phase the mean acceleration and the
    mean velocity are zero, which takes the place of a high-pass filter.
    """
    return _travel(w.body10[2], w.step)


def braking(w: Windows, c: Contacts) -> FloatArray:
    """Forward speed at initial contact less the lowest in stance, m/s ("step speed loss")."""
    forward = w.body10[0] - rows.decorrelated(w.body10[0], w.body10[2], w.step) * w.body10[2]
    speed = _velocity(forward, w.step)
    start, stop = _stance(w, c)
    first = np.clip(np.floor(start).astype(np.intp), 0, len(COLUMN) - 2)
    a, b = np.take_along_axis(speed, first, axis=1), np.take_along_axis(speed, first + 1, axis=1)
    at_contact = (a + (start - first) * (b - a))[:, 0]
    return np.asarray(at_contact - np.where((start <= COLUMN) & (stop >= COLUMN), speed, np.inf).min(axis=1))


def vertical_stiffness(force: FloatArray, c: Contacts) -> FloatArray:
    """Peak force over the fall of the centre of mass in stance, body weights a metre (Morin et al. 2005).

    Fall = F·g·tc²/π² − g·tc²/8; times body mass and g it is N/m.
    """
    contact = (c.toe_off - c.initial_contact) / RATE_HZ
    return np.asarray(force / (STANDARD_GRAVITY * contact**2 * (force / np.pi**2 - 0.125)))


def _stance(w: Windows, c: Contacts) -> tuple[FloatArray, FloatArray]:
    """Columns of initial contact and toe-off, shape (steps, 1)."""
    return (c.initial_contact - w.start)[:, None], (c.toe_off - w.start)[:, None]


def _velocity(force: FloatArray, mask: BoolArray) -> FloatArray:
    """m/s from specific force in g, its mean over the mask taken as no acceleration (trapezium, less a constant)."""
    pull = np.where(mask, force - rows.mean(force, mask), 0.0) * (STANDARD_GRAVITY / RATE_HZ)
    return np.asarray(np.cumsum(pull, axis=1) - 0.5 * pull)


def _travel(force: FloatArray, mask: BoolArray) -> FloatArray:
    """Range (m) of the periodic displacement over the mask."""
    speed = _velocity(force, mask)
    place = np.cumsum(np.where(mask, speed - rows.mean(speed, mask), 0.0), axis=1) / RATE_HZ
    return np.asarray(np.where(mask, place, -np.inf).max(axis=1) - np.where(mask, place, np.inf).min(axis=1))
