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

_RISE = np.arange(9)


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
    (Int J Sports Med 22:414–419) and depends on the band as theirs does: compare only equal bands.
    """
    up = w.body20[:, 2]
    row = np.arange(len(up))
    peak = rows.vertex(up, row, np.where(in_stance(w, c), up, -np.inf).argmax(axis=1))[1]
    first = np.ceil(c.initial_contact - w.start - 2.5).astype(np.intp)
    rise = up[row[:, None], np.maximum(first[:, None] + _RISE, 0)]
    return peak, (rise[:, 1:] - rise[:, :-1]).max(axis=1) * RATE_HZ


def oscillation_and_braking(w: Windows, c: Contacts) -> tuple[FloatArray, FloatArray]:
    """What forward and vertical motion do over one step, flight to flight.

    Both forces are integrated over a step that begins and ends in the same phase: there the mean acceleration is zero,
    and the mean velocity for what does not travel, which takes the place of a high-pass filter.

    Returns:
        Vertical oscillation: highest minus lowest point of the sensor, m; and braking: forward speed at initial contact
        less the lowest in stance, m/s ("step speed loss").
    """
    force = np.stack((w.body10[:, 0] - c.slope[:, None] * w.body10[:, 2], w.body10[:, 2]), axis=1)
    length = rows.total(w.step[:, None], w.step)
    step = w.step[:, None]
    pull = (force - (rows.total(force, w.step) / length)[:, :, None]) * step
    speed = (pull.cumsum(axis=2) - 0.5 * pull) * (STANDARD_GRAVITY / RATE_HZ)
    rising = speed[:, 1]
    place = ((rising - rows.total(rising[:, None], w.step) / length) * w.step).cumsum(axis=1)
    # outside the step the place is 0 before and the same as at its end, 0, after: neither is beyond its ends
    oscillation = (place.max(axis=1) - place.min(axis=1)) / RATE_HZ

    forward = speed[:, 0]
    row, contact = np.arange(len(forward)), c.initial_contact - w.start
    first = np.maximum(contact, 0.0).astype(np.intp)
    a, b = forward[row, first], forward[row, first + 1]
    lowest = np.where(in_stance(w, c), forward, np.inf).min(axis=1)
    return oscillation, a + (contact - first) * (b - a) - lowest


def vertical_stiffness(force: FloatArray, c: Contacts) -> FloatArray:
    """Peak force over the fall of the centre of mass in stance, body weights a metre (Morin et al. 2005).

    Fall = F·g·tc²/π² − g·tc²/8; times body mass and g it is N/m.
    """
    contact = (c.toe_off - c.initial_contact) / RATE_HZ
    return np.asarray(force / (STANDARD_GRAVITY * contact**2 * (force / np.pi**2 - 0.125)))


def in_stance(w: Windows, c: Contacts) -> BoolArray:
    """Columns from initial contact to toe-off."""
    return np.asarray(((c.initial_contact - w.start)[:, None] <= COLUMN) & ((c.toe_off - w.start)[:, None] >= COLUMN))
