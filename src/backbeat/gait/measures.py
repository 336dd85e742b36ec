"""What is measured on each running step, besides its times."""

from __future__ import annotations

import math
from itertools import accumulate, pairwise

from backbeat.gait.contacts import SHAPE, Contact
from backbeat.gait.curve import vertex
from backbeat.gait.grid import RATE_HZ
from backbeat.gait.windows import Window
from backbeat.samples import STANDARD_GRAVITY

SHAPE_SPREAD = 0.036
"""Relative standard deviation of `SHAPE` between runners."""
PEAK_SHARE = 0.25
"""Weight of the measured 10 Hz peak in the force; the rest is the impulse balance."""
PEAK_SPREAD_BW = 0.24
"""Standard deviation of the measured peak between runners."""
CONTACT_TIME_SPREAD_S = 0.012

_RISE = 8
"""Grid samples in which the steepest rise is sought."""


def peak_force(c: Contact) -> tuple[float, float]:
    """Peak vertical ground reaction force and its standard deviation, body weights.

    Weighted mean of the 10 Hz vertical's peak (Day et al. 2021, doi:10.1016/j.jbiomech.2021.110323: 10 Hz is best for
    the peak) and of the impulse balance SHAPE · step time / contact time (Morin et al. 2005, doi:10.1123/jab.21.2.167,
    take a half sine, π/2).
    """
    contact = c.toe_off - c.initial_contact
    balance = SHAPE * c.step / contact
    relative = math.hypot(SHAPE_SPREAD, CONTACT_TIME_SPREAD_S * RATE_HZ / contact)
    force = PEAK_SHARE * c.peak10 + (1 - PEAK_SHARE) * balance
    return force, math.hypot(PEAK_SHARE * PEAK_SPREAD_BW, (1 - PEAK_SHARE) * balance * relative)


def impact(w: Window, c: Contact) -> tuple[float, float]:
    """Peak (g) of the vertical in stance, and its steepest rise (g/s) from 20 ms before to 60 ms after contact.

    Band: 20 Hz, linear phase, 13 taps at 100 Hz. The rise corresponds to the acceleration rate of Ogon et al. 2001
    (Int J Sports Med 22:414–419) and depends on the band as theirs does: compare only equal bands.
    """
    first, last = in_stance(w, c)
    stance = w.up20[first:last]
    peak = vertex(w.up20, first + stance.index(max(stance)))[1]
    first = max(math.ceil(c.initial_contact - w.start - 2.5), 0)
    rise = w.up20[first : first + _RISE + 1]
    return peak, max(after - before for before, after in pairwise(rise)) * RATE_HZ


def oscillation_and_braking(w: Window, c: Contact) -> tuple[float, float]:
    """What forward and vertical motion do over one step, flight to flight.

    Both forces are integrated over a step that begins and ends in the same phase: there the mean acceleration is zero,
    and the mean velocity for what does not travel, which takes the place of a high-pass filter.

    Gullstrand et al. 2009 (doi:10.1016/j.gaitpost.2009.03.001) hold the sacrum's path, from an accelerometer too,
    against that of the centre of mass: 7 mm of random difference within a runner. The speed lost is defined as in the
    "step speed loss" of running watches; the forward force is first made uncorrelated with the vertical
    (`backbeat.gait.contacts`), because one degree of tilt would add some 2 cm/s.

    Returns:
        Vertical oscillation: highest minus lowest point of the sensor, m; and braking: forward speed at initial contact
        less the lowest in stance, m/s.
    """
    step = slice(w.before, w.after + 1)
    up = w.up10[step]
    rising = _integrated(up)
    mean = sum(rising) / len(rising)
    place = list(accumulate([speed - mean for speed in rising], initial=0.0))

    forward = _integrated([f - c.slope * v for f, v in zip(w.forward10[step], up, strict=True)])
    first, last = in_stance(w, c)
    lowest = min(forward[max(first - w.before, 0) : max(last - w.before, 1)])
    at = c.initial_contact - w.start - w.before
    k = min(max(int(at), 0), len(forward) - 2)
    landing = forward[k] + (at - k) * (forward[k + 1] - forward[k])
    return (max(place) - min(place)) * STANDARD_GRAVITY / RATE_HZ**2, (landing - lowest) * STANDARD_GRAVITY / RATE_HZ


def _integrated(force: list[float]) -> list[float]:
    """Sum up to the middle of each sample of a force less its mean."""
    mean = sum(force) / len(force)
    pull = [value - mean for value in force]
    return [after - 0.5 * value for after, value in zip(accumulate(pull), pull, strict=True)]


def vertical_stiffness(force: float, c: Contact) -> float | None:
    """Peak force over the fall of the centre of mass in stance, body weights a metre (Morin et al. 2005).

    Fall = F·g·tc²/π² − g·tc²/8; times body mass and g it is N/m. None where the body would not fall.
    """
    contact = (c.toe_off - c.initial_contact) / RATE_HZ
    fall = STANDARD_GRAVITY * contact**2 * (force / math.pi**2 - 0.125)
    return force / fall if fall > 0.0 else None


def in_stance(w: Window, c: Contact) -> tuple[int, int]:
    """First column after initial contact, and the one after the last before toe-off."""
    first = min(max(math.ceil(c.initial_contact - w.start), 0), len(w.up20) - 1)
    return first, max(math.floor(c.toe_off - w.start), first) + 1
