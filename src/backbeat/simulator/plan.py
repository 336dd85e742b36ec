"""When and how each foot lands: the programme turned into contacts, one at a time and without end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from math import exp, pi, radians, sqrt

import numpy as np

from backbeat.events import Side
from backbeat.simulator.programme import RUNNING, WALKING, Programme, SimulatedActivity, Stretch
from backbeat.simulator.runner import Runner

STAND_EDGE_S = 0.2
"""Seconds in which standing weight is taken on or given up."""
TAKE_OFF_S = 0.05
"""Seconds in the air between standing and the first step: whoever sets off pushes off before landing."""
STILL = ("stand", "tap")
HOP_PHASE = 1.5 * pi
"""Stride phase (mod 2π) of landing from a hop: the free side of the pelvis is then lowest in the middle of stance."""


@dataclass(frozen=True, slots=True)
class Contact:
    """One foot contact (or one spell of standing) as planned; times in true seconds since the programme's begin.

    Attributes:
        time: initial contact.
        duration: seconds on the ground.
        activity: what the runner is doing.
        phase: of the stride in radians, 0 (mod 2π) at a right contact and π at a left one (`HOP_PHASE` in hops, each of
            which is a whole stride); never falls.
        lean: mean forward tilt of the pelvis, radians.
        grade: slope in %.
        side: the foot, None for standing and for both feet at once.
        step_time: seconds since the contact before, None for the first of a bout.
        flight_before: seconds in the air before it, negative where both feet were down; None for the first.
        impulse: vertical impulse at the ground in body weight seconds.
        humps: 0 for the single pulse of running, up to 0.4 for the double one of walking.
        impact: usual vertical peak of early stance in g, None to leave it as it comes.
        transient: amplitude in g of the shock of landing where `impact` is None.
        harder: how much harder than usual this landing is, a factor on the first half of stance.
        braking: backward peak after landing in g.
        sway: sideways amplitude in g; negative in walking, where the pelvis sways away from the foot that lands.
        tilt: amplitude of forward-backward rotation, radians.
        drop: of side-to-side rotation.
        rotation: of rotation about the vertical; negative in walking, where it goes the other way round.
        speed: m/s.
    """

    time: float
    duration: float
    activity: SimulatedActivity
    phase: float
    lean: float
    grade: float
    side: Side | None = None
    step_time: float | None = None
    flight_before: float | None = None
    impulse: float = 0.0
    humps: float = 0.0
    impact: float | None = None
    transient: float = 0.0
    harder: float = 1.0
    braking: float = 0.0
    sway: float = 0.0
    tilt: float = 0.0
    drop: float = 0.0
    rotation: float = 0.0
    speed: float = 0.0


@dataclass(frozen=True, slots=True)
class _Gait:
    """One activity's mean gait at the stretch's speed and slope."""

    step_time: float
    duration: float
    humps: float = 0.0
    impact: float | None = None
    transient: float = 0.0
    braking: float = 0.0
    turning: float = 1.0
    same_foot: float = 0.0
    """Where above 0, each foot lands twice: the share of two intervals that the first one takes (skipping)."""
    both_feet: bool = False
    right_foot: bool = False
    """Only this one lands."""


def _gait(runner: Runner, stretch: Stretch) -> _Gait:
    speed, grade = stretch.speed, stretch.grade_pct
    slope = exp(-0.03 * grade)
    paced = stretch.cadence_spm if stretch.cadence_spm is not None else runner.cadence(speed, grade)
    step_time = 60.0 / paced
    match stretch.activity:
        case "run":
            contact = min(runner.contact_time(speed), 0.92 * step_time)
            braking = runner.braking_g * speed / 3.3 * slope
            return _Gait(step_time, contact, impact=runner.impact(speed, grade), braking=braking)
        case "jog":
            return _Gait(step_time, 1.04 * step_time, transient=0.45 * slope, braking=0.2 * slope)
        case "in_place":
            return _Gait(step_time, 0.75 * step_time, transient=0.7, turning=0.6)
        case "walk":
            step = 60.0 / (stretch.cadence_spm or 70.0 + 30.0 * speed)
            return _Gait(step, 1.24 * step, humps=0.3, transient=0.2 * slope, braking=0.4 * slope, turning=0.7)
        case "stairs_up":
            return _Gait(60.0 / (stretch.cadence_spm or 96.0), 0.78, humps=0.2, transient=0.1, braking=0.1, turning=0.8)
        case "stairs_down":
            return _Gait(
                60.0 / (stretch.cadence_spm or 108.0), 0.66, humps=0.35, transient=0.8, braking=0.3, turning=0.8
            )
        case "skip":
            step = 60.0 / (stretch.cadence_spm or 165.0)
            return _Gait(step, 0.2, transient=0.8, braking=0.2, same_foot=0.36)
        case "jump":
            return _Gait(60.0 / (stretch.cadence_spm or 46.0), 0.85, humps=0.35, transient=1.6, both_feet=True)
        case "hop":
            step = 60.0 / (stretch.cadence_spm or 115.0)
            return _Gait(step, 0.6 * step, transient=0.9, braking=0.25 * speed, turning=1.5, right_foot=True)
        case _:
            raise AssertionError(stretch.activity)


class _Variation:
    """Step-to-step variation of unit variance: half of it white, half remembered from step to step."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng, self._slow = rng, np.zeros(3)

    def draw(self) -> tuple[float, float, float]:
        white, fresh = self._rng.standard_normal((2, 3))
        self._slow = 0.7 * self._slow + sqrt(1.0 - 0.49) * fresh
        step, contact, impact = sqrt(0.5) * (white + self._slow)
        return float(step), float(contact), float(impact)


def plan(runner: Runner, programme: Programme, rng: np.random.Generator) -> Iterator[Contact]:
    """The contacts and spells of standing of a programme in the order of their time; the last is a standing still.

    The vertical impulse of a contact is what turns the landing velocity into the take-off velocity of flights
    that begin and end at one height: J = t_c + ½(flight before + flight after), in body weight seconds. Over any
    number of strides the mean vertical specific force is therefore 1 g.
    """
    walker = _Walker(runner, rng)
    begin = 0.0
    for stretch, after in zip_longest(programme, programme[1:]):
        end = begin + stretch.seconds
        if stretch.activity in STILL:
            if walker.time < end:
                yield walker.stand(stretch, end, sets_off=after is not None and after.activity not in STILL)
        else:
            yield from walker.move(stretch, end)
        begin = end
    yield walker.stand(Stretch("stand", 1.0), walker.time + 1.0, sets_off=False)


class _Walker:
    """Where the feet are: time of the next contact, its stride phase and side."""

    def __init__(self, runner: Runner, rng: np.random.Generator) -> None:
        self._runner = runner
        self._variation = _Variation(rng)
        self.time = 0.0
        self._left = runner.first_side_left
        self._phase = pi if self._left else 0.0
        self._running_s = 0.0
        self._before: Contact | None = None

    def stand(self, stretch: Stretch, end: float, *, sets_off: bool) -> Contact:
        begin = self.time if self.time > 0.0 else -STAND_EDGE_S
        self.time = end
        self._before = None
        return Contact(
            time=begin,
            duration=max(end - begin - TAKE_OFF_S, STAND_EDGE_S) if sets_off else end - begin + STAND_EDGE_S,
            activity=stretch.activity,
            phase=self._phase,
            lean=radians(self._runner.lean_deg),
            grade=stretch.grade_pct,
        )

    def move(self, stretch: Stretch, end: float) -> Iterator[Contact]:
        gait = _gait(self._runner, stretch)
        hop = False
        if gait.right_foot:
            self._turn_to(HOP_PHASE, left=False)
        while self.time < end:
            contact, interval = self._contact(stretch, gait, hop)
            yield contact
            self._before = contact
            self.time += interval
            self._running_s += interval if stretch.activity in RUNNING else 0.0
            if gait.both_feet or gait.right_foot:
                self._phase += 2.0 * pi
            elif gait.same_foot:
                self._phase += 0.5 * pi
                hop = not hop
            else:
                self._phase += pi
            if not gait.both_feet and not gait.right_foot and not hop:
                self._left = not self._left
        if gait.right_foot:
            self._turn_to(pi, left=True)
        elif hop:  # the skip's second landing is left out: the other foot comes next
            self._turn_to(0.0 if self._left else pi, left=not self._left)

    def _turn_to(self, phase: float, *, left: bool) -> None:
        """Which foot lands next, at which phase of the stride (mod 2π)."""
        self._phase += (phase - self._phase) % (2.0 * pi)
        self._left = left

    def _contact(self, stretch: Stretch, gait: _Gait, hop: bool) -> tuple[Contact, float]:
        """The contact now, and the seconds to the next one."""
        runner, before = self._runner, self._before
        step_z, contact_z, impact_z = self._variation.draw()
        right = -1.0 if self._left else 1.0
        next_right = right if gait.right_foot or (gait.same_foot and not hop) else -right
        tired = runner.tired_min(self._running_s) if stretch.activity in RUNNING else 0.0

        interval = gait.step_time / (1.0 + 0.01 * runner.cadence_drift_pct_min * tired)
        interval *= 1.0 + runner.step_time_asymmetry_pct / 200.0 * next_right
        interval *= 1.0 + 0.01 * runner.step_time_cv_pct * step_z
        if gait.same_foot:
            interval *= 2.0 * (1.0 - gait.same_foot if hop else gait.same_foot)
        duration = gait.duration * (1.0 + 0.01 * runner.contact_time_drift_pct_min * tired)
        duration *= 1.0 + runner.contact_time_asymmetry_pct / 200.0 * right
        duration *= 1.0 + 0.01 * runner.contact_time_cv_pct * contact_z
        usual = 1.0 + 0.01 * runner.impact_drift_pct_min * tired
        harder = exp(0.01 * runner.impact_cv_pct * impact_z)
        harder *= 1.0 + runner.asymmetry(self._running_s) / 200.0 * right

        step_time = None if before is None else self.time - before.time
        flight_before = None if before is None else self.time - before.time - before.duration
        flight_after = interval - duration
        landing = flight_after if flight_before is None else flight_before
        pace = sqrt(max(stretch.speed, 1.0) / 3.3) * gait.turning if stretch.activity not in WALKING else gait.turning
        way = -1.0 if stretch.activity in WALKING else 1.0
        contact = Contact(
            time=self.time,
            duration=duration,
            step_time=step_time,
            flight_before=flight_before,
            side=None if gait.both_feet else "left" if self._left else "right",
            activity=stretch.activity,
            impulse=duration + 0.5 * (landing + flight_after),
            humps=gait.humps,
            impact=None if gait.impact is None else gait.impact * usual,
            transient=gait.transient * usual,
            harder=harder,
            braking=gait.braking,
            sway=0.0 if gait.both_feet else way * runner.sway_g,
            phase=self._phase,
            tilt=radians(runner.tilt_deg) * pace,
            drop=0.0 if gait.both_feet else radians(runner.drop_deg + runner.drop_drift_deg_min * tired) * pace,
            rotation=0.0 if gait.both_feet or gait.right_foot else way * radians(runner.rotation_deg) * pace,
            lean=radians(runner.lean_deg + 0.3 * max(stretch.grade_pct, 0.0)),
            speed=stretch.speed,
            grade=stretch.grade_pct,
        )
        return contact, interval
