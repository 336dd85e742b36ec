"""Initial contact, toe-off and force of running steps (interim)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backbeat.gait.windows import AFTER, BEFORE, Windows

Array = NDArray[np.float64]
Index = NDArray[np.intp]
RATE = 100.0
SETTLE = 13
SHAPE_FACTOR = 1.70
# --- small vectorised helpers -----------------------------------------------------------------------------------------


def _vertex(rows: Array, column: Index) -> tuple[Array, Array]:
    """Sub-sample place and value of the extremum at `column` of each row, by the parabola through three samples."""
    n = np.arange(len(rows))
    c = np.clip(column, 1, rows.shape[1] - 2)
    left, middle, right = rows[n, c - 1], rows[n, c], rows[n, c + 1]
    bend = left - 2 * middle + right
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(bend != 0, 0.5 * (left - right) / bend, 0.0)
    shift = np.clip(shift, -0.5, 0.5)
    return c + shift, middle - 0.25 * (left - right) * shift


def _masked_arg(rows: Array, mask: NDArray[np.bool_], largest: bool) -> Index:
    return np.argmax(np.where(mask, rows if largest else -rows, -np.inf), axis=1)


def _crossing(rows: Array, level: Array, column: Index) -> Array:
    """Place where each row crosses `level` between `column - 1` and `column`, by the straight line."""
    n = np.arange(len(rows))
    c = np.clip(column, 1, rows.shape[1] - 1)
    a, b = rows[n, c - 1], rows[n, c]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(b != a, (level - a) / (b - a), 0.5)
    return c - 1 + np.clip(share, 0.0, 1.0)


# --- contacts ---------------------------------------------------------------------------------------------------------

CONTACT_LAG = 0.009  # s, half-way of the braking fall comes this much after the first force
TOE_OFF_LAG = 0.008  # s, forward minimum comes this much after the last force
VALLEY_LEAD = 0.010  # s, the 5 Hz valley comes this much before the middle of the flight
AGREE = 0.040  # s, two toe-off estimates further apart than this are not averaged


@dataclass(frozen=True, slots=True)
class Contacts:
    """One row a step. Times in s from grid sample 0."""

    initial_contact: Array
    toe_off: Array
    next_contact: Array  # NaN where it is not within reach
    step_time: Array  # this contact to the next, valley to valley where the next is not within reach
    peak10: Array  # g, peak of the 10 Hz vertical
    agreed: NDArray[np.bool_]  # both toe-off estimates were there and agreed


def _braking(residual: Array, around: Index, end: Index) -> tuple[Array, Index]:
    """Half-way point of the steepest fall of each row within +-6 samples of `around`, NaN where there is none; its top."""
    n = np.arange(len(residual))
    column = np.arange(residual.shape[1])
    slope = np.diff(residual, axis=1, append=residual[:, -1:])
    near = (np.abs(column - around[:, None]) <= 6) & (column < end[:, None])
    steep = _masked_arg(slope, near, largest=False)
    bottom = _masked_arg(
        residual, (column >= steep[:, None]) & (column <= np.minimum(steep + 5, end)[:, None]), largest=False
    )
    top = _masked_arg(residual, (column <= steep[:, None]) & (column >= steep[:, None] - 6), largest=True)
    level = 0.5 * (_vertex(residual, top)[1] + _vertex(residual, bottom)[1])
    below = (residual <= level[:, None]) & (column > top[:, None]) & (column <= bottom[:, None])
    place = _crossing(residual, level, np.argmax(below, axis=1))
    ok = below.any(axis=1) & near.any(axis=1) & (slope[n, steep] < 0)
    return np.where(ok, place, np.nan), top


def running_contacts(w: Windows) -> Contacts:
    """Initial contact and toe-off of running stances."""
    v5, v10, v20, a10, a20 = w.up5, w.up10, w.up20, w.forward10, w.forward20
    peak = w.peak
    n = np.arange(len(peak))
    column = np.arange(BEFORE + AFTER + 1)
    m0 = np.maximum(w.before, 0)
    m1 = np.minimum(w.after, BEFORE + AFTER - SETTLE)
    end = m1 + SETTLE
    step = (column >= m0[:, None]) & (column <= m1[:, None])

    # forward made uncorrelated with vertical over the step: takes a tilt of the axes away
    count = step.sum(axis=1)
    va = np.where(step, v10, 0.0)
    mean_v = va.sum(axis=1) / count
    dv = np.where(step, v10 - mean_v[:, None], 0.0)
    beta = (dv * np.where(step, a10, 0.0)).sum(axis=1) / (dv * dv).sum(axis=1)
    r10 = a10 - beta[:, None] * v10
    r20 = a20 - beta[:, None] * v20

    peak10 = np.where(step, v10, -np.inf).max(axis=1)
    low = v10 < 0.25 * peak10[:, None]
    rise = low & (column >= m0[:, None]) & (column < BEFORE)
    up_at = np.where(rise.any(axis=1), column[-1] - np.argmax(rise[:, ::-1], axis=1), m0) + 1
    contact, _ = _braking(r20, up_at, np.full(len(peak), BEFORE + 3))
    fallback = _crossing(v10, 0.25 * peak10, up_at)
    contact = np.where(np.isnan(contact), fallback, contact)

    rise = ~low & (column > m1[:, None]) & (column <= end[:, None])
    has_next = rise.any(axis=1)
    next_at = np.where(has_next, np.argmax(rise, axis=1), end)
    following, top = _braking(r20, next_at, end)
    following = np.where(has_next, following, np.nan)

    half_fall = (v10 < 0.5 * peak10[:, None]) & (column > BEFORE)
    start = np.argmax(half_fall, axis=1)
    stop = np.where(np.isnan(following), m1, np.minimum(m1 + 3, top))
    dip = (r10 <= np.roll(r10, 1, axis=1)) & (r10 < np.roll(r10, -1, axis=1))
    dip &= (column > start[:, None]) & (column < stop[:, None])
    lowest = _masked_arg(r10, dip, largest=False)
    inside = dip.any(axis=1)
    pull = np.where(inside, _vertex(r10, lowest)[0], np.nan) - TOE_OFF_LAG * RATE

    contact = contact - CONTACT_LAG * RATE
    following = following - CONTACT_LAG * RATE
    valley = _vertex(v5, m1)[0]
    mirror = 2 * (valley + VALLEY_LEAD * RATE) - following

    period = np.where(np.isnan(following), m1 - m0, following - contact)
    impulse = contact + SHAPE_FACTOR * period / peak10

    both = np.isfinite(pull) & np.isfinite(mirror)
    agreed = both & (np.abs(pull - mirror) <= AGREE * RATE)
    nearer = np.where(np.abs(pull - impulse) <= np.abs(mirror - impulse), pull, mirror)
    single = np.where(np.isfinite(pull), pull, np.where(np.isfinite(mirror), mirror, impulse))
    toe_off = np.where(agreed, 0.5 * (pull + mirror), np.where(both, nearer, single))
    zero = peak - BEFORE
    return Contacts(
        (contact + zero) / RATE, (toe_off + zero) / RATE, (following + zero) / RATE, period / RATE, peak10, agreed
    )


SHAPE_SPREAD = 0.036  # relative SD of the shape factor between runners
PEAK_SHARE = 0.25  # weight of the measured 10 Hz peak; the rest is the impulse balance
PEAK_SPREAD = 0.24  # BW, SD of the measured peak between runners
CONTACT_TIME_SPREAD = 0.012  # s


def peak_force(contacts: Contacts) -> tuple[Array, Array]:
    contact_time = contacts.toe_off - contacts.initial_contact
    balance = SHAPE_FACTOR * contacts.step_time / contact_time
    force = PEAK_SHARE * contacts.peak10 + (1 - PEAK_SHARE) * balance
    relative = np.hypot(SHAPE_SPREAD, CONTACT_TIME_SPREAD / contact_time)
    return force, np.hypot(PEAK_SHARE * PEAK_SPREAD, (1 - PEAK_SHARE) * balance * relative)
