"""From settled stances to steps: everything measured on each, and the foot it lands on."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from backbeat.events import Activity, Side, Step
from backbeat.gait import measures, sides
from backbeat.gait.contacts import Contacts, contacts
from backbeat.gait.grid import RATE_HZ
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

_MS = 1000.0 / RATE_HZ


@dataclass(slots=True)
class _Draft:
    """A step that lacks nothing but its side."""

    fields: dict[str, Any]
    activity: Activity
    feature: FloatArray
    interval: float
    period: float
    sink: dict[Side, float]
    at: int


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
        self._activity: Activity = "other"
        self._contact = self._toe_off = -np.inf
        self._valleys: list[int] = []
        self._intervals: list[float] = []
        self._held: list[_Draft] = []
        self._feature: FloatArray | None = None

    def make(self, stretch: Stretch, settled: Sequence[Settled]) -> list[tuple[int, Step]]:
        """Steps, each with the grid index that settled it; the first of a bout wait for one another."""
        steps: list[tuple[int, Step]] = []
        for activity, group in groupby(settled, key=lambda s: s.activity):
            part = list(group)
            w = cut(stretch, part)
            found = contacts(w) if activity == "running" else walking_contacts(w)
            measured = _measured(w, found) if activity == "running" else {}
            intervals, periods, begins = self._rhythm(part, found)
            whole = strides(stretch, part, np.array(begins), found.initial_contact, found.toe_off)
            features = sides.features(w.body10, found.loaded - w.start, np.array(periods))
            for i, item in enumerate(part):
                fields = self._fields(stretch, item, found, intervals, periods, i)
                fields.update({name: _known(values[i]) for name, values in measured.items()})
                fields.update(_stride_fields(whole, i))
                if activity == "running" and self._gyroscope:
                    fields["pelvic_tilt_drift_deg"] = self._posture.add(whole.pull[i], stretch.axes_in(item.frame))
                sink: dict[Side, float] = {"left": float(whole.sink_left[i]), "right": float(whole.sink_right[i])}
                draft = _Draft(fields, activity, features[i], intervals[i], periods[i], sink, item.at)
                steps += self._told(stretch, draft)
        return steps

    def drop(self, stretch: Stretch, at: int) -> list[tuple[int, Step]]:
        """Let go of steps that still wait to be told apart: their bout is over, they stay without a side."""
        held, self._held = self._held, []
        return [_step(stretch, draft, None, None, at) for draft in held]

    def _rhythm(self, part: Sequence[Settled], found: Contacts) -> tuple[list[float], list[float], list[int]]:
        """For each step: time since the contact before (0: a bout begins), expected step time, and where its stride began."""
        intervals, periods, begins = [], [], []
        for i, item in enumerate(part):
            contact = float(found.initial_contact[i])
            interval = contact - self._contact
            if item.activity != self._activity or not 0 < interval < LONGEST_STEP[item.activity]:
                self._activity, interval = item.activity, 0.0
                self._intervals, self._valleys = [], []
            else:
                self._intervals = [*self._intervals[1 - CADENCE_STEPS :], interval]
            self._contact = contact
            begins.append(self._valleys[-1] if self._valleys else -1)
            self._valleys = [item.stance.before]
            intervals.append(interval)
            periods.append(statistics.median(self._intervals) if self._intervals else float(found.step[i]))
        return intervals, periods, begins

    def _fields(
        self, stretch: Stretch, item: Settled, found: Contacts, intervals: list[float], periods: list[float], i: int
    ) -> dict[str, Any]:
        contact = float(found.initial_contact[i])
        following = intervals[i] > 0
        fields: dict[str, Any] = {
            "time": stretch.time_of(contact),
            "toe_off": None,
            "activity": item.activity,
            "step_time_ms": intervals[i] * _MS if following else None,
            "cadence_spm": 60.0 * RATE_HZ / periods[i],
        }
        if item.activity == "running":
            toe_off = float(found.toe_off[i])
            fields |= {
                "toe_off": stretch.time_of(toe_off),
                "contact_time_ms": (toe_off - contact) * _MS,
                "flight_time_ms": (contact - self._toe_off) * _MS if following else None,
                "duty_factor_pct": 50.0 * (toe_off - contact) / periods[i],
            }
            self._toe_off = toe_off
        return fields

    def _told(self, stretch: Stretch, draft: _Draft) -> list[tuple[int, Step]]:
        """Give the step its side; the first steps of an activity are told apart together."""
        steps: list[tuple[int, Step]] = []
        if self._held and (self._held[-1].activity != draft.activity or draft.interval == 0.0):
            steps += self.drop(stretch, draft.at)
        if draft.activity in dict(self.sides.templates):
            before = self._feature if draft.interval > 0 else None
            self.sides = sides.step(
                self.sides,
                draft.activity,
                draft.feature,
                before,
                draft.interval,
                draft.period,
                gyroscope=self._gyroscope,
            )
            told, states = [draft], [self.sides]
        else:
            self._held.append(draft)
            if len(self._held) < FIRST_STEPS:
                return steps
            told, self._held = self._held, []
            states = list(
                sides.start(
                    self.sides,
                    draft.activity,
                    np.array([d.feature for d in told]),
                    np.array([d.interval for d in told]),
                    np.array([d.period for d in told]),
                    gyroscope=self._gyroscope,
                )
            )
            self.sides = states[-1]
        self._feature = draft.feature
        for one, state in zip(told, states, strict=True):
            side, confidence = sides.side_of(state, gyroscope=self._gyroscope)
            steps.append(_step(stretch, one, side, confidence, draft.at))
        return steps


def _stride_fields(whole: Strides, i: int) -> dict[str, float | None]:
    return {
        "pelvic_tilt_range_deg": _known(whole.tilt[i]),
        "pelvic_drop_range_deg": _known(whole.drop[i]),
        "pelvic_rotation_range_deg": _known(whole.rotation[i]),
        "medio_lateral_sway_cm": _known(100.0 * whole.sway[i]),
    }


def _measured(w: Windows, c: Contacts) -> dict[str, FloatArray]:
    """The measures of running steps by their names in `Step`."""
    force, spread = measures.peak_force(c)
    peak, rate = measures.impact(w, c)
    return {
        "peak_force_bw": force,
        "peak_force_error_bw": spread,
        "impact_peak_g": peak,
        "impact_rate_g_s": rate,
        "vertical_oscillation_cm": 100.0 * measures.vertical_oscillation(w),
        "braking_m_s": measures.braking(w, c),
        "vertical_stiffness_bw_m": measures.vertical_stiffness(force, c),
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _step(stretch: Stretch, draft: _Draft, side: Side | None, confidence: float | None, at: int) -> tuple[int, Step]:
    sink = None if side is None else _known(draft.sink[side])
    step = Step(
        known_at=stretch.known_at(at), side=side, side_confidence=confidence, pelvic_drop_deg=sink, **draft.fields
    )
    return at, step
