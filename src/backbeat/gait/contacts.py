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
from operator import mul

from backbeat.gait.curve import Curve, crossing, vertex
from backbeat.gait.grid import RATE_HZ
from backbeat.gait.queue import LONGEST as LONGEST_STEP
from backbeat.gait.queue import SETTLE
from backbeat.gait.windows import BEFORE, Window

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

_BEFORE, _BEHIND = 2 * _NEAR + 1, _NEAR + _FALL + 1
"""Columns about the loading that a landing looks at."""
_STEEP = _BEFORE - _NEAR


@dataclass(frozen=True, slots=True)
class Contact:
    """One step; grid indices with fractions.

    Attributes:
        initial_contact: where the foot lands.
        toe_off: where it leaves.
        step: this contact to the next, grid samples; valley to valley where the next is not in reach.
        loaded: where the vertical passes a quarter of its peak: less exact than contact, and never far off.
        peak10: peak of the 10 Hz vertical, g.
        slope: forward per vertical over the stride that ends: the tilt of the axes, mostly.
    """

    initial_contact: float
    toe_off: float
    step: float
    loaded: float
    peak10: float
    slope: float


class ContactFinder:
    """Contacts of the running steps of one stretch, in order."""

    def __init__(self) -> None:
        self._slope: float | None = None
        self._level = 0.0
        self._steps = 0

    def find(self, w: Window) -> Contact:
        """Contact of the stance that comes next."""
        up, slope = w.up10, self._of_the_stride(_share_of_vertical(w))
        peak = max(up[w.before : w.after + 1])
        level = LOADED * peak
        loaded_at = _loaded_at(up, level, w.before)
        loaded = crossing(up, level, loaded_at)
        contact, _ = _landing(w, slope, loaded_at, loaded, BEFORE + 3)

        stop, end = w.after, min(w.after + SETTLE, len(up) - 1)
        following = None
        next_at = w.after + 1
        while next_at <= end and up[next_at] < level:
            next_at += 1
        if next_at <= end:
            landed, top = _landing(w, slope, next_at, crossing(up, level, next_at), end)
            if landed > contact:
                following = landed
                stop = w.after if top is None else min(w.after + 3, top)
        # Who stops stays on the foot: then the valleys are further apart than two steps are.
        step = float(min(w.after - w.before, LONGEST_STEP)) if following is None else following - contact
        balance = contact + min(SHAPE / peak, LONGEST) * step
        mirror = balance if following is None else 2.0 * (w.valley + VALLEY_LEAD_S * RATE_HZ) - following
        toe_off = self._toe_off(_dip(w, slope, peak, stop, mirror), mirror, balance)
        if not SHORTEST * step < toe_off - contact < LONGEST * step:
            toe_off = balance
        return Contact(contact + w.start, toe_off + w.start, step, loaded + w.start, peak, slope)

    def _of_the_stride(self, slope: float) -> float:
        """Mean of a step's slope and that of the step before it; the first one's is its own."""
        before, self._slope = self._slope, slope
        return slope if before is None else 0.5 * (slope + before)

    def _toe_off(self, dip: float | None, mirror: float, balance: float) -> float:
        """From the dip and the running mean of how far the mirror comes after it."""
        if dip is None or abs(dip - mirror) > AGREE_S * RATE_HZ:
            return 0.5 * (mirror + balance)
        self._steps = min(self._steps + 1, LEVEL_STEPS)
        self._level += (mirror - dip - self._level) / self._steps
        return dip + 0.5 * self._level


def _share_of_vertical(w: Window) -> float:
    """Slope of the regression of the forward on the vertical signal over a step."""
    forward, up = w.forward10[w.before : w.after + 1], w.up10[w.before : w.after + 1]
    mean = sum(up) / len(up)
    moving = [value - mean for value in up]
    power = sum(map(mul, up, moving))
    return sum(map(mul, forward, moving)) / power if power > 0.0 else 0.0


def _loaded_at(up: Curve, level: float, before: int) -> int:
    """First column of the stance from which the vertical is loaded."""
    column = BEFORE - 1
    while column > before and up[column] >= level:
        column -= 1
    return column + 1


def _landing(w: Window, slope: float, loaded_at: int, loaded: float, end: int) -> tuple[float, int | None]:
    """Column of initial contact near where the vertical is loaded, and of the top of the braking fall, if it has one.

    Args:
        w: the signals.
        slope: forward per vertical, to be taken away.
        loaded_at: column from which the vertical is loaded.
        loaded: the same between columns.
        end: last column that may be looked at.
    """
    first, last = max(loaded_at - _BEFORE, 0), min(loaded_at + _BEHIND, end) + 1
    r = [f - slope * v for f, v in zip(w.forward20[first:last], w.up20[first:last], strict=True)]
    r = [r[0]] * (first - loaded_at + _BEFORE) + r
    r += [r[-1]] * (_BEFORE + _BEHIND + 1 - len(r))
    change = [b - a for a, b in zip(r[_STEEP:], r[_STEEP + 1 : _STEEP + 2 * _NEAR + 2], strict=False)]
    fastest = min(change)
    steep = _STEEP + change.index(fastest)
    ahead, behind = r[steep : steep - _NEAR - 1 : -1], r[steep : steep + _FALL + 1]
    top, bottom = steep - ahead.index(max(ahead)), steep + behind.index(min(behind))
    half = 0.5 * (vertex(r, top)[1] + vertex(r, bottom)[1])
    below = top + 1
    while below <= bottom and r[below] > half:
        below += 1
    by_loading = loaded - RISE_LAG_S * RATE_HZ
    if below <= bottom and fastest < 0.0:
        by_braking = crossing(r, half, below) + (loaded_at - _BEFORE - CONTACT_LAG_S * RATE_HZ)
        if abs(by_braking - by_loading) <= BELIEVED_S * RATE_HZ:
            return by_braking, top + loaded_at - _BEFORE
    return by_loading, None


def _dip(w: Window, slope: float, peak: float, stop: int, expected: float) -> float | None:
    """Column of the dip of the forward signal nearest to where toe-off is expected, None where there is none."""
    up, lag = w.up10, TOE_OFF_LAG_S * RATE_HZ
    first, unloaded = BEFORE + 1, 0.5 * peak
    while first < w.after and up[first] >= unloaded:
        first += 1
    last = min(stop, len(up) - 1)
    r = [f - slope * v for f, v in zip(w.forward10[first : last + 1], up[first : last + 1], strict=True)]
    dips = [c for c in range(1, len(r) - 1) if r[c - 1] >= r[c] < r[c + 1]]
    if not dips:
        return None
    expected += lag - first
    return vertex(r, min(dips, key=lambda c: abs(c - expected)))[0] + first - lag
