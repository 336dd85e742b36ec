"""From settled stances to steps: everything measured on each, and the foot it lands on."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from backbeat.events import Activity, Side, Step
from backbeat.gait import measures, sides
from backbeat.gait.contacts import Contact, ContactFinder
from backbeat.gait.grid import RATE_HZ
from backbeat.gait.legs import features
from backbeat.gait.posture import Posture
from backbeat.gait.queue import Settled
from backbeat.gait.stretch import Stretch
from backbeat.gait.strides import stride
from backbeat.gait.walking import walking_contact
from backbeat.gait.windows import Window, cut
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
    """A step that lacks nothing but its side; `sink` is the pelvic drop if it is a left, and if it is a right one."""

    fields: dict[str, Any]
    look: sides.Look
    sink: tuple[float | None, float | None]


class _Rhythm(NamedTuple):
    """A step's place among those before it.

    Attributes:
        interval: time since the contact before, grid samples; 0 where a bout begins.
        period: expected step time, grid samples.
        begin: grid index of the valley where its stride began, None where the step before is not at hand.
    """

    interval: float
    period: float
    begin: int | None


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
        self._contact = self._toe_off = -math.inf
        self._valley: int | None = None
        self._intervals: list[float] = []
        self._held: list[_Draft] = []
        self._feature: FloatArray | None = None

    def make(self, stretch: Stretch, settled: Sequence[Settled]) -> list[tuple[int, Step]]:
        """Steps, each with the grid index that settled it; the first of a bout wait for one another."""
        steps: list[tuple[int, Step]] = []
        for item in settled:
            draft = self._draft(stretch, item)
            if draft is not None:
                steps += self._told(stretch, draft, item.at)
        return steps

    def drop(self, stretch: Stretch, at: int) -> list[tuple[int, Step]]:
        """Let go of steps that still wait to be told apart: their bout is over, they stay without a side."""
        held, self._held = self._held, []
        return [(at, _step(stretch, draft, None, None, at)) for draft in held]

    def _draft(self, stretch: Stretch, item: Settled) -> _Draft | None:
        """Everything but the side; None where the contact lies before the first reading."""
        matrix = stretch.frames.matrix(item.frame)
        w = cut(stretch, item, matrix)
        c = self._contacts.find(w) if item.activity == "running" else None
        if c is None:
            contact = loaded = walking_contact(w)
            toe_off, length = None, float(w.after - w.before)
        else:
            contact, toe_off, loaded, length = c.initial_contact, c.toe_off, c.loaded, c.step
        if contact < 0.0:
            return None
        rhythm = self._rhythm(item, contact, length)
        whole = None
        if rhythm.begin is not None:
            whole = stride(stretch.low, rhythm.begin, item.stance.after, matrix, contact, toe_off)
        fields: dict[str, Any] = {
            "time": stretch.time_of(contact),
            "toe_off": None,
            "activity": item.activity,
            "step_time_ms": rhythm.interval * _MS if rhythm.interval > 0 else None,
            "cadence_spm": 60.0 * RATE_HZ / rhythm.period,
        }
        sink: tuple[float | None, float | None] = (None, None)
        if whole is not None:
            sink = whole.sink_left, whole.sink_right
            fields["pelvic_tilt_range_deg"] = whole.tilt
            fields["pelvic_drop_range_deg"] = whole.drop
            fields["pelvic_rotation_range_deg"] = whole.rotation
            fields["medio_lateral_sway_cm"] = 100.0 * whole.sway
            if c is not None and self._gyroscope:
                fields["pelvic_tilt_drift_deg"] = self._posture.add(whole.pull, matrix)
        if c is not None:
            self._measure(fields, stretch, w, c, rhythm)
        feature = features(w.body10, loaded - w.start, rhythm.period)
        return _Draft(fields, sides.Look(item.activity, feature, rhythm.interval, rhythm.period), sink)

    def _rhythm(self, item: Settled, contact: float, length: float) -> _Rhythm:
        """The step's place among those before it."""
        interval = contact - self._contact
        if item.activity != self._activity or not 0 < interval < LONGEST_STEP[item.activity]:
            self._activity, interval = item.activity, 0.0
            self._intervals, self._valley = [], None
        else:
            self._intervals = [*self._intervals[1 - CADENCE_STEPS :], interval]
        period = statistics.median(self._intervals) if self._intervals else length
        begin, self._contact, self._valley = self._valley, contact, item.stance.before
        return _Rhythm(interval, period, begin)

    def _measure(self, fields: dict[str, Any], stretch: Stretch, w: Window, c: Contact, rhythm: _Rhythm) -> None:
        """Add what only running steps have."""
        contact_time = c.toe_off - c.initial_contact
        fields["toe_off"] = stretch.time_of(c.toe_off)
        fields["contact_time_ms"] = contact_time * _MS
        fields["flight_time_ms"] = (c.initial_contact - self._toe_off) * _MS if rhythm.interval > 0 else None
        fields["duty_factor_pct"] = 50.0 * contact_time / rhythm.period
        self._toe_off = c.toe_off
        force, fields["peak_force_error_bw"] = measures.peak_force(c)
        fields["peak_force_bw"] = force
        fields["impact_peak_g"], fields["impact_rate_g_s"] = measures.impact(w, c)
        oscillation, fields["braking_m_s"] = measures.oscillation_and_braking(w, c)
        fields["vertical_oscillation_cm"] = 100.0 * oscillation
        fields["vertical_stiffness_bw_m"] = measures.vertical_stiffness(force, c)

    def _told(self, stretch: Stretch, draft: _Draft, at: int) -> list[tuple[int, Step]]:
        """Give the step its side; the first steps of an activity are told apart together."""
        steps: list[tuple[int, Step]] = []
        look = draft.look
        if self._held and (self._held[-1].look.activity != look.activity or look.interval == 0.0):
            steps += self.drop(stretch, at)
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
            steps.append((at, _step(stretch, one, side, confidence, at)))
        return steps


def _step(stretch: Stretch, draft: _Draft, side: Side | None, confidence: float | None, at: int) -> Step:
    left, right = draft.sink
    return Step(
        known_at=stretch.known_at(at),
        side=side,
        side_confidence=confidence,
        pelvic_drop_deg=None if side is None else left if side == "left" else right,
        **draft.fields,
    )
