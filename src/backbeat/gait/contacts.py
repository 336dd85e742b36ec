"""Initial contact and toe-off of running steps.

Initial contact. The foot brakes from its first force on, so the forward specific force falls steeply at contact
(Benson et al. 2019, doi:10.3390/s19071483, take the minimum that follows; 18 methods compared by Kiernan et al. 2023,
doi:10.3390/s23115022). Here: half-way down the steepest fall of the 20 Hz forward signal within 60 ms of where the
10 Hz vertical passes a quarter of the step's own peak. Half-way is relative to the step's own fall, so it does not move
with amplitude, and a difference between left and right is not lost in it.

Toe-off: the mean of two estimates with independent errors. The dip of the 10 Hz forward signal: propulsion has ended
and the leg behind, being swung forward, pulls the pelvis back (Benson: the next forward minimum). And the next contact
mirrored in the middle of the flight, which is where the 5 Hz vertical is lowest: between toe-off and contact the body
flies as a projectile; where feet overlap the same holds of the unloading. The impulse balance stands in for either where
it is not to be had: the mean force over a step is one body weight, so contact time = shape · step time / peak force.

Deviation from all of them: the forward signal is first made uncorrelated with the vertical over the step. About
mid-stance vertical is even and forward odd, so on true axes they are uncorrelated, and an axis error of d radians adds
d · vertical; taking the regression away makes both events indifferent to tilts of ±15° and to slope.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backbeat.gait import rows
from backbeat.gait.grid import RATE_HZ
from backbeat.gait.queue import SETTLE
from backbeat.gait.windows import BEFORE, COLUMN, Windows
from backbeat.samples import BoolArray, FloatArray

LOADED = 0.25
"""Share of a step's own peak from which the vertical is called loaded."""
CONTACT_LAG_S = 0.009
"""Half-way of the braking fall comes this much after the first force."""
RISE_LAG_S = 0.006
"""The vertical reaches `LOADED` this much after the first force."""
BELIEVED_S = 0.025
"""A fall of the forward signal further from the loading than this is something else."""
TOE_OFF_LAG_S = 0.008
"""The forward minimum comes this much after the last force."""
VALLEY_LEAD_S = 0.010
"""The 5 Hz valley comes this much before the middle of the flight."""
AGREE_S = 0.050
"""A forward dip further from the mirrored contact than this is not the toe-off's."""
SHORTEST, LONGEST = 0.35, 1.15
"""Contact time over step time outside which the impulse balance is taken."""
SHAPE = 1.75
"""Peak force × contact time / (body weight × step time); a half sine has π/2, 37 runners 1.753 ± 0.063
(public table of Alcantara et al. 2021, doi:10.7717/peerj.11199)."""
_NEAR = 6
_FALL = 5


@dataclass(frozen=True, slots=True)
class Contacts:
    """One row a step; grid indices with fractions.

    Attributes:
        initial_contact: where the foot lands.
        toe_off: where it leaves.
        step: this contact to the next, grid samples; valley to valley where the next is not in reach.
        peak10: peak of the 10 Hz vertical, g.
        loaded: where the vertical passes a quarter of its peak: less exact than contact, and never far off.
    """

    initial_contact: FloatArray
    toe_off: FloatArray
    step: FloatArray
    peak10: FloatArray
    loaded: FloatArray


def contacts(w: Windows) -> Contacts:
    """Contacts of running stances."""
    v10, a10 = w.body10[2], w.body10[0]
    before, after = w.before[:, None], w.after[:, None]
    end = w.after + SETTLE
    slope = rows.decorrelated(a10, v10, w.step)
    r10, r20 = a10 - slope * v10, w.forward20 - slope * w.up20
    peak10 = np.where(w.step, v10, -np.inf).max(axis=1)
    low = v10 < LOADED * peak10[:, None]

    rise = low & (before <= COLUMN) & (COLUMN < BEFORE)
    loaded_at = np.where(rise.any(axis=1), COLUMN[-1] - np.argmax(rise[:, ::-1], axis=1), w.before) + 1
    contact, _ = _landing(r20, v10, peak10, loaded_at, np.full(len(peak10), BEFORE + 3))

    rise = ~low & (after < COLUMN) & (end[:, None] >= COLUMN)
    has_next = rise.any(axis=1)
    following, top = _landing(r20, v10, peak10, np.where(has_next, np.argmax(rise, axis=1), end), end)
    following = np.where(has_next, following, np.nan)
    step = np.where(has_next, following - contact, w.after - w.before)

    balance = contact + SHAPE * step / peak10
    mirror = 2 * (w.valley + VALLEY_LEAD_S * RATE_HZ) - following
    expected = np.where(has_next, mirror, balance)
    pull = _pull(r10, v10, peak10, w, np.where(has_next & (top >= 0), np.minimum(w.after + 3, top), w.after), expected)
    agreed = np.abs(pull - expected) <= AGREE_S * RATE_HZ
    toe_off = 0.5 * (expected + np.where(agreed, pull, balance))
    share = (toe_off - contact) / step
    toe_off = np.where((share > SHORTEST) & (share < LONGEST), toe_off, balance)
    loaded = rows.crossing(v10, LOADED * peak10, loaded_at)
    return Contacts(contact + w.start, toe_off + w.start, step, peak10, loaded + w.start)


def _landing(
    residual: FloatArray, v10: FloatArray, peak10: FloatArray, loaded_at: rows.Columns, end: rows.Columns
) -> tuple[FloatArray, rows.Columns]:
    """Column of initial contact near where the vertical is loaded, and of the top of the braking fall (-1: none)."""
    change = np.diff(residual, axis=1, append=residual[:, -1:])
    near = (np.abs(COLUMN - loaded_at[:, None]) <= _NEAR) & (end[:, None] > COLUMN)
    steep = rows.lowest(change, near)[:, None]
    bottom = rows.lowest(residual, (steep <= COLUMN) & (np.minimum(steep + _FALL, end[:, None]) >= COLUMN))
    top = rows.highest(residual, (steep >= COLUMN) & (steep - _NEAR <= COLUMN))
    half = 0.5 * (rows.vertex(residual, top)[1] + rows.vertex(residual, bottom)[1])
    below: BoolArray = (residual <= half[:, None]) & (top[:, None] < COLUMN) & (bottom[:, None] >= COLUMN)
    braked = below.any(axis=1) & near.any(axis=1) & (np.take_along_axis(change, steep, axis=1)[:, 0] < 0)
    by_braking = rows.crossing(residual, half, np.argmax(below, axis=1)) - CONTACT_LAG_S * RATE_HZ
    by_loading = rows.crossing(v10, LOADED * peak10, loaded_at) - RISE_LAG_S * RATE_HZ
    braked &= np.abs(by_braking - by_loading) <= BELIEVED_S * RATE_HZ
    return np.where(braked, by_braking, by_loading), np.where(braked, top, -1)


def _pull(
    r10: FloatArray, v10: FloatArray, peak10: FloatArray, w: Windows, stop: rows.Columns, expected: FloatArray
) -> FloatArray:
    """Column of the dip of the forward signal nearest to where toe-off is expected, NaN where there is none."""
    unloaded = (v10 < 0.5 * peak10[:, None]) & (COLUMN > BEFORE) & (w.after[:, None] > COLUMN)
    first = np.where(unloaded.any(axis=1), np.argmax(unloaded, axis=1), w.after)
    dip = (r10 <= np.roll(r10, 1, axis=1)) & (r10 < np.roll(r10, -1, axis=1))
    dip &= (first[:, None] < COLUMN) & (stop[:, None] > COLUMN)
    lag = TOE_OFF_LAG_S * RATE_HZ
    nearest = rows.lowest(np.abs(COLUMN - lag - expected[:, None]), dip)
    return np.where(dip.any(axis=1), rows.vertex(r10, nearest)[0] - lag, np.nan)
