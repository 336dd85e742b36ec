"""Initial contact and toe-off of running steps.

Initial contact. The foot brakes from its first force on, so the forward specific force falls steeply at contact
(Benson et al. 2019, doi:10.3390/s19071483, take the minimum that follows; 18 methods compared by Kiernan et al. 2023,
doi:10.3390/s23115022). Here: half-way down the steepest fall of the 20 Hz forward signal within 60 ms of where the
10 Hz vertical passes a quarter of the step's own peak. Half-way is relative to the step's own fall, so it does not move
with amplitude, and a difference between left and right is not lost in it.

Toe-off: from two estimates with independent errors. The dip of the 10 Hz forward signal: propulsion has ended and the
leg behind, being swung forward, pulls the pelvis back (Benson: the next forward minimum). And the mirror: the next
contact mirrored in the middle of the flight, which is where the 5 Hz vertical is lowest: between toe-off and contact
the body flies as a projectile; where feet overlap the same holds of the unloading. Each has its error in a runner at a
pace, and their mean has less of it. From step to step they are not alike: the dip belongs to one foot and moves with
it, while the 5 Hz valley mixes what two feet do and moves with half of a difference between them at most. Hence the
dip gives each step its own time, and the level is that of the mean of both: toe-off = dip + half of the running mean
of (mirror - dip). The impulse balance stands in for either where it is not to be had: the mean force over a step is one
body weight, so contact time = shape · step time / peak force.

Deviation from all of them: the forward signal is first made uncorrelated with the vertical over the stride. About
mid-stance vertical is even and forward odd, so on true axes they are uncorrelated, and an axis error of d radians adds
d · vertical; taking the regression away makes both events indifferent to tilts of ±15° and to slope. Over a stride and
not a step, because the tilt is that of the sensor: one of its own for each leg would take from both events a share of
how much harder one of them lands.
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
LEVEL_STEPS = 40
"""Steps that the running mean of mirror less dip remembers: some 14 s, both legs alike, a change of pace followed."""
SHORTEST, LONGEST = 0.35, 1.15
"""Contact time over step time outside which the impulse balance is taken."""
SHAPE = 1.75
"""Peak force × contact time / (body weight × step time); a half sine has π/2, 37 runners 1.753 ± 0.063
(public table of Alcantara et al. 2021, doi:10.7717/peerj.11199)."""
_NEAR = 6
"""Grid samples about the loading in which the steepest braking is sought, and before it the top of the fall."""
_FALL = 5
"""Grid samples after it in which the fall ends."""

_FIRST, _LAST = -2 * _NEAR - 1, _NEAR + _FALL + 1
_ABOUT = np.arange(_FIRST, _LAST + 1)
_STEEP = -_NEAR - _FIRST
_SETTLED = np.arange(1, SETTLE + 1)
_DOWN, _UP = np.arange(_FALL + 1)[:, None], np.arange(_NEAR + 1)[:, None]
_INNER = COLUMN[BEFORE + 1 : -1]
_COLUMN = np.arange(len(_ABOUT))


@dataclass(frozen=True, slots=True)
class Contacts:
    """One row a step; grid indices with fractions.

    Attributes:
        initial_contact: where the foot lands.
        toe_off: where it leaves.
        step: this contact to the next, grid samples; valley to valley where the next is not in reach.
        peak10: peak of the 10 Hz vertical, g.
        loaded: where the vertical passes a quarter of its peak: less exact than contact, and never far off.
        slope: forward per vertical over the stride that ends: the tilt of the axes, mostly.
    """

    initial_contact: FloatArray
    toe_off: FloatArray
    step: FloatArray
    peak10: FloatArray
    loaded: FloatArray
    slope: FloatArray


class ContactFinder:
    """Contacts of the running steps of one stretch, in order."""

    def __init__(self) -> None:
        self._slope: float | None = None
        self._level = 0.0
        self._steps = 0

    def find(self, w: Windows) -> Contacts:
        """Contacts of the stances that come next."""
        n = len(w.start)
        row = np.arange(n)
        f10, v10 = w.body10[:, 0], w.body10[:, 2]
        slope = self._of_the_stride(_share_of_vertical(w))
        r10, r20 = f10 - slope * v10, w.body20[:, 0] - slope * w.body20[:, 2]
        peak10 = (v10 * w.step).max(axis=1)
        level = LOADED * peak10
        low = v10[:, :BEFORE] < level[:, None]
        low[:, 0] = True
        loaded_at = np.maximum(BEFORE - 1 - low[:, ::-1].argmax(axis=1), w.before) + 1
        end = w.after + SETTLE
        high = v10[row[:, None], np.minimum(w.after[:, None] + _SETTLED, COLUMN[-1])] >= level[:, None]
        has_next = high.any(axis=1)
        next_at = np.where(has_next, w.after + 1 + high.argmax(axis=1), end)

        landed, top = _landing(
            r20,
            v10,
            np.concatenate((level, level)),
            np.concatenate((row, row)),
            np.concatenate((loaded_at, next_at)),
            np.concatenate((np.full(n, BEFORE + 3), np.minimum(end, COLUMN[-1]))),
        )
        contact, following, top = landed[:n], landed[n:], top[n:]
        step = np.where(has_next, following - contact, w.after - w.before)
        balance = contact + SHAPE * step / peak10
        mirror = np.where(has_next, 2 * (w.valley + VALLEY_LEAD_S * RATE_HZ) - following, balance)
        stop = np.where(has_next & (top >= 0), np.minimum(w.after + 3, top), w.after)
        dip = _dip(r10, v10, peak10, w.after, stop, mirror)
        agreed = np.abs(dip - mirror) <= AGREE_S * RATE_HZ
        toe_off = np.where(agreed, dip + 0.5 * self._levels(mirror - dip, agreed), 0.5 * (mirror + balance))
        share = (toe_off - contact) / step
        toe_off = np.where((share > SHORTEST) & (share < LONGEST), toe_off, balance)
        loaded = rows.crossing(v10, level, row, loaded_at)
        return Contacts(contact + w.start, toe_off + w.start, step, peak10, loaded + w.start, slope[:, 0])

    def _of_the_stride(self, slope: FloatArray) -> FloatArray:
        """Mean of each step's slope (steps, 1) and that of the step before it; the first one's is its own."""
        before = slope[:1] if self._slope is None else [[self._slope]]
        self._slope = float(slope[-1, 0])
        return np.asarray(0.5 * (slope + np.concatenate((before, slope[:-1]))))

    def _levels(self, lead: FloatArray, agreed: BoolArray) -> FloatArray:
        """Running mean of how far the mirror comes after the dip, at each step; those not agreed do not count."""
        levels: list[float] = []
        for value, counts in zip(lead.tolist(), agreed.tolist(), strict=True):
            if counts:
                self._steps = min(self._steps + 1, LEVEL_STEPS)
                self._level += (value - self._level) / self._steps
            levels.append(self._level)
        return np.array(levels)


def _share_of_vertical(w: Windows) -> FloatArray:
    """Slope of the regression of the forward on the vertical signal over each step, shape (stances, 1)."""
    v10 = w.body10[:, 2]
    mean = rows.total(v10[:, None], w.step) / rows.total(w.step[:, None], w.step)
    moving = (v10 - mean) * w.step
    product = rows.total(w.body10[:, :3], moving)
    power = product[:, 2:]
    return np.asarray(product[:, :1] / np.where(power > 0, power, np.inf))


def _landing(
    residual: FloatArray,
    v10: FloatArray,
    level: FloatArray,
    row: rows.Columns,
    loaded_at: rows.Columns,
    end: rows.Columns,
) -> tuple[FloatArray, rows.Columns]:
    """Column of initial contact near where the vertical is loaded, and of the top of the braking fall (-1: none).

    Args:
        residual: forward signal without its share of the vertical.
        v10: vertical.
        level: of the loaded vertical.
        row: of each landing in the two signals; a row may have several.
        loaded_at: column from which the vertical is loaded.
        end: last column that may be looked at.
    """
    k = np.arange(len(row))
    column = np.minimum(loaded_at[:, None] + _ABOUT, end[:, None])
    r = residual[row[:, None], np.maximum(column, 0)]
    change = r[:, _STEEP + 1 : _STEEP + 2 * _NEAR + 2] - r[:, _STEEP : _STEEP + 2 * _NEAR + 1]
    steepest = change.argmin(axis=1)
    steep = _STEEP + steepest
    bottom = steep + r[k, steep + _DOWN].argmin(axis=0)
    top = steep - r[k, steep - _UP].argmax(axis=0)
    half = 0.5 * (rows.vertex(r, k, top)[1] + rows.vertex(r, k, bottom)[1])
    below = (r <= half[:, None]) & (top[:, None] < _COLUMN) & (bottom[:, None] >= _COLUMN)
    first = below.argmax(axis=1)
    offset = loaded_at + _FIRST
    by_braking = rows.crossing(r, half, k, first) + (offset - CONTACT_LAG_S * RATE_HZ)
    by_loading = rows.crossing(v10, level, row, loaded_at) - RISE_LAG_S * RATE_HZ
    braked = below[k, first] & (change[k, steepest] < 0) & (np.abs(by_braking - by_loading) <= BELIEVED_S * RATE_HZ)
    return np.where(braked, by_braking, by_loading), np.where(braked, top + offset, -1)


def _dip(
    r10: FloatArray, v10: FloatArray, peak10: FloatArray, after: rows.Columns, stop: rows.Columns, expected: FloatArray
) -> FloatArray:
    """Column of the dip of the forward signal nearest to where toe-off is expected, NaN where there is none."""
    unloaded = v10[:, BEFORE + 1 :] < 0.5 * peak10[:, None]
    unloaded[:, -1] = True
    first = np.minimum(BEFORE + 1 + unloaded.argmax(axis=1), after)
    middle = r10[:, BEFORE + 1 : -1]
    dip = (middle <= r10[:, BEFORE:-2]) & (middle < r10[:, BEFORE + 2 :])
    dip &= (first[:, None] < _INNER) & (stop[:, None] > _INNER)
    lag = TOE_OFF_LAG_S * RATE_HZ
    distance = np.where(dip, np.abs(_INNER - (lag + expected)[:, None]), np.inf)
    row, nearest = np.arange(len(r10)), distance.argmin(axis=1)
    place, _ = rows.vertex(r10, row, nearest + BEFORE + 1)
    return np.where(dip[row, nearest], place - lag, np.nan)
