"""From settled stances to steps: everything measured on each, and the foot it lands on."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import isfinite
from typing import Any, NamedTuple

import numpy as np

from backbeat.events import Activity, Side, Step
from backbeat.gait import measures, sides
from backbeat.gait.contacts import ContactFinder, Contacts
from backbeat.gait.grid import RATE_HZ
from backbeat.gait.legs import features
from backbeat.gait.posture import Posture
from backbeat.gait.queue import Settled
from backbeat.gait.stretch import Stretch
from backbeat.gait.strides import Strides, strides
from backbeat.gait.walking import walking_contacts
from backbeat.gait.windows import Windows, cut
from backbeat.samples import FloatArray

LONGEST_STEP = {"running": 60.0, "walking": 120.0}
"""Grid samples between two contacts of one bout; longer is a pause."""
CADENCE_STEPS = 8
"""Step intervals whose median is the cadence."""
FIRST_STEPS = 5
"""Steps of a bout from which left and right are first told apart."""

_NONE = -(10**6)
_MS = 1000.0 / RATE_HZ


@dataclass(slots=True)
class _Draft:
    """A step that lacks nothing but its side."""

    fields: dict[str, Any]
    look: sides.Look
    sink: tuple[float, float]
    at: int


class _Rhythm(NamedTuple):
    """A step's place among those before it.

    Attributes:
        interval: time since the contact before, grid samples; 0 where a bout begins.
        period: expected step time, grid samples.
        begin: grid index of the valley where its stride began, -1 where the step before is not at hand.
    """

    interval: float
    period: float
    begin: int


class StepMaker:
    """Makes the steps of one stretch, in order.

    Args:
        gyroscope: whether the sensor has one.
        sides_state: what an earlier stretch learned of left and right.
        posture: the tilt at the run's start.
    """

    def __init__(self, *, gyroscope: bool, sides_state: sides.SidesState, posture: Posture) -> None:
        self._gyroscope = gyroscope
        self.sides = sides_state
        self._posture = posture
        self._contacts = ContactFinder()
        self._activity: Activity = "other"
        self._contact = self._toe_off = -np.inf
        self._valley = _NONE
        self._intervals: list[float] = []
        self._held: list[_Draft] = []
        self._feature: FloatArray | None = None

    def make(self, stretch: Stretch, settled: Sequence[Settled]) -> list[tuple[int, Step]]:
        """Steps, each with the grid index that settled it; the first of a bout wait for one another."""
        steps: list[tuple[int, Step]] = []
        for activity, group in groupby(settled, key=_activity_of):
            part = list(group)
            w = cut(stretch, part)
            running = activity == "running"
            found = self._contacts.find(w) if running else walking_contacts(w)
            rhythm = self._rhythm(part, found)
            begins = np.array([r.begin for r in rhythm])
            whole = strides(stretch, part, begins, found.initial_contact, found.toe_off)
            periods = np.array([r.period for r in rhythm])
            seen = features(w.body10, found.loaded - w.start, periods)
            measured = _rows_of(_STRIDE_FIELDS, _per_stride(whole))
            if running:
                measured = [a | b for a, b in zip(measured, _rows_of(_FIELDS, _measured(w, found)), strict=True)]
            contact, toe_off = found.initial_contact.tolist(), found.toe_off.tolist()
            sinks = zip(whole.sink_left.tolist(), whole.sink_right.tolist(), strict=True)
            for i, (item, fields, sink) in enumerate(zip(part, measured, sinks, strict=True)):
                self._add_times(fields, stretch, activity, contact[i], toe_off[i], rhythm[i])
                if running and self._gyroscope:
                    axes = stretch.frames.matrices(np.array([item.frame]))[0]
                    fields["pelvic_tilt_drift_deg"] = self._posture.add(whole.pull[i], axes)
                look = sides.Look(activity, seen[i], rhythm[i].interval, rhythm[i].period)
                steps += self._told(stretch, _Draft(fields, look, sink, item.at))
        return steps

    def drop(self, stretch: Stretch, at: int) -> list[tuple[int, Step]]:
        """Let go of steps that still wait to be told apart: their bout is over, they stay without a side."""
        held, self._held = self._held, []
        return [_step(stretch, draft, None, None, at) for draft in held]

    def _rhythm(self, part: Sequence[Settled], found: Contacts) -> list[_Rhythm]:
        """Each step's place among those before it."""
        rhythm: list[_Rhythm] = []
        following = zip(part, found.initial_contact.tolist(), found.step.tolist(), strict=True)
        for item, contact, step in following:
            interval = contact - self._contact
            if item.activity != self._activity or not 0 < interval < LONGEST_STEP[item.activity]:
                self._activity, interval = item.activity, 0.0
                self._intervals, self._valley = [], _NONE
            else:
                self._intervals = [*self._intervals[1 - CADENCE_STEPS :], interval]
            period = statistics.median(self._intervals) if self._intervals else step
            rhythm.append(_Rhythm(interval, period, self._valley))
            self._contact, self._valley = contact, item.stance.before
        return rhythm

    def _add_times(
        self,
        fields: dict[str, Any],
        stretch: Stretch,
        activity: Activity,
        contact: float,
        toe_off: float,
        rhythm: _Rhythm,
    ) -> None:
        following = rhythm.interval > 0
        fields["time"] = stretch.time_of(contact)
        fields["activity"] = activity
        fields["step_time_ms"] = rhythm.interval * _MS if following else None
        fields["cadence_spm"] = 60.0 * RATE_HZ / rhythm.period
        fields["toe_off"] = None
        if activity == "running":
            fields["toe_off"] = stretch.time_of(toe_off)
            fields["contact_time_ms"] = (toe_off - contact) * _MS
            fields["flight_time_ms"] = (contact - self._toe_off) * _MS if following else None
            fields["duty_factor_pct"] = 50.0 * (toe_off - contact) / rhythm.period
            self._toe_off = toe_off

    def _told(self, stretch: Stretch, draft: _Draft) -> list[tuple[int, Step]]:
        """Give the step its side; the first steps of an activity are told apart together."""
        steps: list[tuple[int, Step]] = []
        look = draft.look
        if self._held and (self._held[-1].look.activity != look.activity or look.interval == 0.0):
            steps += self.drop(stretch, draft.at)
        if self.sides.template(look.activity) is not None:
            before = self._feature if look.interval > 0 else None
            self.sides = sides.advance(self.sides, look, before, gyroscope=self._gyroscope)
            told, states = [draft], [self.sides]
        else:
            self._held.append(draft)
            if len(self._held) < FIRST_STEPS:
                return steps
            told, self._held = self._held, []
            states = sides.start(self.sides, [d.look for d in told], gyroscope=self._gyroscope)
            self.sides = states[-1]
        self._feature = look.feature
        for one, state in zip(told, states, strict=True):
            side, confidence = sides.side_of(state, gyroscope=self._gyroscope)
            steps.append(_step(stretch, one, side, confidence, draft.at))
        return steps


_STRIDE_FIELDS = (
    "pelvic_tilt_range_deg",
    "pelvic_drop_range_deg",
    "pelvic_rotation_range_deg",
    "medio_lateral_sway_cm",
)
_FIELDS = (
    "peak_force_bw",
    "peak_force_error_bw",
    "impact_peak_g",
    "impact_rate_g_s",
    "vertical_oscillation_cm",
    "braking_m_s",
    "vertical_stiffness_bw_m",
)


def _per_stride(whole: Strides) -> FloatArray:
    """The values of `_STRIDE_FIELDS`, one row each."""
    return np.stack((whole.tilt, whole.drop, whole.rotation, 100.0 * whole.sway))


def _measured(w: Windows, c: Contacts) -> FloatArray:
    """The values of `_FIELDS`, one row each."""
    force, spread = measures.peak_force(c)
    oscillation, braking = measures.oscillation_and_braking(w, c)
    stiffness = measures.vertical_stiffness(force, c)
    return np.stack((force, spread, *measures.impact(w, c), 100.0 * oscillation, braking, stiffness))


def _rows_of(names: Sequence[str], values: FloatArray) -> list[dict[str, Any]]:
    """For each step the values (names, steps) by their names, None where there is none."""
    return [
        {name: value if isfinite(value) else None for name, value in zip(names, row, strict=True)}
        for row in values.T.tolist()
    ]


def _activity_of(item: Settled) -> Activity:
    return item.activity


def _step(stretch: Stretch, draft: _Draft, side: Side | None, confidence: float | None, at: int) -> tuple[int, Step]:
    left, right = draft.sink
    sink = None if side is None else left if side == "left" else right
    step = Step(
        known_at=stretch.known_at(at),
        side=side,
        side_confidence=confidence,
        pelvic_drop_deg=sink if sink is not None and isfinite(sink) else None,
        **draft.fields,
    )
    return at, step
