"""The true motion of the sensor's place on the pelvis: stances, turning and taps put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from backbeat.samples import STANDARD_GRAVITY, FloatArray, Position
from backbeat.simulator.pelvis import Stride, into_pelvis, lever
from backbeat.simulator.plan import Contact
from backbeat.simulator.programme import Programme
from backbeat.simulator.sensor import PLACES
from backbeat.simulator.stance import Pulses, bump

TAP_EVERY_S, TAP_S, TAP_G = 1.1, 0.02, 6.0
_DELTA_S = 1e-3

Motion: TypeAlias = tuple[FloatArray, FloatArray]
"""Specific force in m/s² and angular rate in rad/s in the axes of the pelvis, each of shape (3, n)."""


class Body:
    """Evaluates the planned contacts at given times; keeps only the contacts that still matter."""

    def __init__(
        self, contacts: Iterator[Contact], programme: Programme, position: Position, hip_gain_pct: float
    ) -> None:
        self._coming = contacts
        self._known: list[Contact] = []
        self._place = PLACES[position]
        near = {"left_hip": 1.0, "right_hip": -1.0}.get(position, 0.0)
        self._near_gain = near * hip_gain_pct / 200.0
        ends = np.cumsum([0.0, *(stretch.seconds for stretch in programme)])
        self._ends = ends[1:]
        self._begins = ends[:-1]
        self._turn = np.radians([stretch.turn_deg_s for stretch in programme])
        self._speed = np.array([stretch.speed for stretch in programme])
        self._taps = np.array([stretch.activity == "tap" for stretch in programme])

    def motion(self, time: FloatArray) -> Motion:
        """The motion at increasing times, none before those of the last call."""
        contacts = self._around(float(time[0]), float(time[-1]))
        pulses, stride = Pulses.of(contacts), Stride.of(contacts)
        stretch = np.minimum(np.searchsorted(self._ends, time, side="right"), len(self._ends) - 1)
        turn = self._turn[stretch]
        force = self._force(pulses, time)
        force[1] += stride.sway(time) + turn * self._speed[stretch] / STANDARD_GRAVITY
        acc = STANDARD_GRAVITY * into_pelvis(force, stride.angles(time))
        acc += self._tapped(stretch, time)
        gyr = stride.rates(time, turn)
        if any(self._place):
            change = (stride.rates(time + _DELTA_S, turn) - stride.rates(time - _DELTA_S, turn)) / (2.0 * _DELTA_S)
            acc += lever(self._place, gyr, change)
        return acc, gyr

    def _around(self, begin: float, end: float) -> Sequence[Contact]:
        """The contacts from two before `begin` to two after `end`, as far as there are any."""
        known = self._known
        while len(known) < 3 or known[-3].time <= end + 0.01:
            contact = next(self._coming, None)
            if contact is None:
                break
            known.append(contact)
        first = sum(1 for contact in known if contact.time <= begin)
        del known[: max(0, first - 4)]
        return known

    def _force(self, pulses: Pulses, time: FloatArray) -> FloatArray:
        last = np.searchsorted(pulses.begin, time, side="right") - 1
        force = np.zeros((3, len(time)))
        for which in (last, last - 1):
            part = pulses.force(np.maximum(which, 0), time)
            gain = 1.0 + self._near_gain * pulses.side[np.maximum(which, 0)]
            part[2] *= gain
            force += np.where(which >= 0, part, 0.0)
        return force

    def _tapped(self, stretch: np.ndarray[tuple[int], np.dtype[np.intp]], time: FloatArray) -> FloatArray:
        since = np.mod(time - self._begins[stretch], TAP_EVERY_S)
        hit = TAP_G * STANDARD_GRAVITY * np.where(self._taps[stretch], bump(since, (0.5, 0.5 + TAP_S)), 0.0)
        return np.stack((0.9 * hit, 0.2 * hit, 0.4 * hit))
