"""The force of one stance: what each contact adds to the specific force, in g, as functions of time since contact.

Vertical: a skewed half-sine (or, in walking, its double-humped relative) whose area is the contact's impulse, and the
shock of landing, a bump at 37 ms and its rebound, whose area is nil. A harder landing scales the first half of stance
and takes the same impulse from the last third, so that the peak changes by exactly the wanted share and the balance
of momentum stays. The shape follows the mean stance of the force-plate runners (Alcantara et al. 2022,
doi:10.7717/peerj.12752; Fukuchi et al. 2017, doi:10.7717/peerj.3298).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backbeat.samples import STANDARD_GRAVITY, FloatArray
from backbeat.simulator.plan import STAND_EDGE_S, STILL, Contact

SKEW = 0.22
BUMP_S = (0.012, 0.062)
REBOUND_S = (0.045, 0.170)
BRAKE_S = (0.005, 0.055)
SIDE_S = (0.045, 0.125)
SIDE_G = 0.4
"""Peak of the short sideways push after landing: to the standing side in running, away from it in walking."""
SWING_S = 0.12
SWING_SHARE = 0.6
"""Backward pull of the leg that swings forward after toe-off: its length, and its peak as a share of the braking."""
_FULL, _TAKEN = 0.5, 0.75
"""Shares of stance up to which a harder landing counts in full, and from which it is taken back."""
LIMIT = 0.3
"""Largest share by which a landing can be harder than usual: beyond, late stance would pull."""
_GRID = np.linspace(0.0, 1.0, 129)


def bump(time: FloatArray, span: tuple[float, float]) -> FloatArray:
    """A raised cosine over the span: 0 at its ends and 1 in the middle."""
    share = np.clip((time - span[0]) / (span[1] - span[0]), 0.0, 1.0)
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * share)


def _smooth(share: FloatArray) -> FloatArray:
    share = np.clip(share, 0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)


def _late(share: FloatArray) -> FloatArray:
    return _smooth((share - _FULL) / (_TAKEN - _FULL))


@dataclass(frozen=True, slots=True)
class Pulses:
    """The stances of some contacts, each attribute of shape (n,)."""

    begin: FloatArray
    duration: FloatArray
    standing: FloatArray
    active: FloatArray
    humps: FloatArray
    shock: FloatArray
    harder: FloatArray
    taken: FloatArray
    braking: FloatArray
    side: FloatArray
    push: FloatArray

    @classmethod
    def of(cls, contacts: Sequence[Contact]) -> Pulses:
        """The pulse shapes that give each contact its impulse and its impact."""
        duration = np.array([c.duration for c in contacts])
        humps = np.array([c.humps for c in contacts])
        area = 2.0 / np.pi * (1.0 + humps / 3.0)
        active = np.array([c.impulse for c in contacts]) / (duration * area)
        usual = np.array([np.nan if c.impact is None else c.impact for c in contacts])
        at_bump = active * _active(0.5 * (BUMP_S[0] + BUMP_S[1]) / duration, humps)
        given = np.isnan(usual)
        shock = np.where(given, [c.transient for c in contacts], np.maximum(0.0, np.nan_to_num(usual) - at_bump))
        plain = _shape(_GRID[:, None] * duration, duration, active, humps, shock)
        peak = np.maximum(plain.max(axis=0), 1e-9)
        factor = np.array([c.harder for c in contacts]) * np.where(given, 1.0, np.nan_to_num(usual) / peak)
        late = _late(_GRID)[:, None]
        taken = (plain * (1.0 - late)).sum(axis=0) / np.maximum((plain * late).sum(axis=0), 1e-9)
        return cls(
            begin=np.array([c.time for c in contacts]),
            duration=duration,
            standing=np.array([float(c.activity in STILL) for c in contacts]),
            active=active,
            humps=humps,
            shock=shock,
            harder=np.clip(factor - 1.0, -LIMIT, LIMIT),
            taken=taken,
            braking=np.array([c.braking for c in contacts]),
            side=np.array([0.0 if c.side is None else 1.0 if c.side == "left" else -1.0 for c in contacts]),
            push=np.sign([c.sway for c in contacts]),
        )

    def force(self, which: np.ndarray[tuple[int], np.dtype[np.intp]], time: FloatArray) -> FloatArray:
        """Specific force in g, shape (3, n): forward, left, up, of contact `which[i]` at `time[i]`."""
        since, duration = time - self.begin[which], self.duration[which]
        down = (since >= 0.0) & (since < duration)
        share = np.where(down, since / duration, 0.0)
        up = self._landing(which, since, share)
        edge = np.minimum(since, duration - since) / STAND_EDGE_S
        standing = self.standing[which]
        brake = self.braking[which]
        backward = brake * 0.5 * (BRAKE_S[1] - BRAKE_S[0] + SWING_SHARE * SWING_S)
        even = backward / (duration * 2.0 / np.pi)
        forward = even * np.sin(np.pi * share) - 0.4 * brake * np.sin(2.0 * np.pi * share)
        forward -= brake * bump(since, BRAKE_S)
        left = SIDE_G * self.side[which] * self.push[which] * np.minimum(1.0, self.shock[which]) * bump(since, SIDE_S)
        up = np.where(standing > 0.0, _smooth(edge), up)
        force = np.where(down, np.stack((forward, left, up)), 0.0)
        force[0] -= SWING_SHARE * brake * bump(since - duration, (-0.5 * SWING_S, 0.5 * SWING_S))
        return force

    def _landing(
        self, which: np.ndarray[tuple[int], np.dtype[np.intp]], since: FloatArray, share: FloatArray
    ) -> FloatArray:
        plain = _shape(since, self.duration[which], self.active[which], self.humps[which], self.shock[which])
        late = _late(share)
        return plain * (1.0 + self.harder[which] * (1.0 - late - self.taken[which] * late))

    def ground_force(self) -> FloatArray:
        """Peak vertical ground reaction force of each contact in body weights: the pulse without the shock."""
        late = _late(_GRID)[:, None]
        plain = self.active * _active(_GRID[:, None], self.humps)
        return np.asarray((plain * (1.0 + self.harder * (1.0 - late - self.taken * late))).max(axis=0))

    def impact(self) -> FloatArray:
        """Peak vertical specific force of each stance in g."""
        grid = _GRID[:, None] * np.ones_like(self.duration)
        which = np.broadcast_to(np.arange(len(self.duration)), grid.shape)
        return np.asarray(self._landing(which, grid * self.duration, grid).max(axis=0))

    def speed_lost(self) -> FloatArray:
        """Forward speed lost from landing to its minimum, m/s."""
        time = _GRID[:, None] * self.duration
        which = np.broadcast_to(np.arange(len(self.duration)), time.shape)
        forward = self.force(which, self.begin + np.minimum(time, self.duration * (1.0 - 1e-9)))[0]
        change = np.cumsum(forward, axis=0) * self.duration / (len(_GRID) - 1) * STANDARD_GRAVITY
        return np.asarray(np.maximum(0.0, -change.min(axis=0)))


def _active(share: FloatArray, humps: FloatArray) -> FloatArray:
    pulse = np.sin(np.pi * share) + humps * np.sin(3.0 * np.pi * share)
    return pulse + SKEW * np.where(humps > 0.0, 0.2, 1.0) * np.sin(2.0 * np.pi * share)


def _shape(
    since: FloatArray, duration: FloatArray, active: FloatArray, humps: FloatArray, shock: FloatArray
) -> FloatArray:
    rebound = 0.4 * bump(since, REBOUND_S)
    return active * _active(since / duration, humps) + shock * (bump(since, BUMP_S) - rebound)
