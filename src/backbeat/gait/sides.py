"""Left or right: evidence of each step, tied together by strict alternation.

Two questions are kept apart because their errors differ.

Parity: is this the same leg as two steps ago? The left and the right step of one wearer differ in a way that stays the
same for minutes (hip height, lever arms, a sensor beside the midline). The difference is learned from the run itself as
a template over the step, all channels at once; a matched filter compares each step with it and a two-state filter joins
that with the fact that legs alternate. After a missed or a doubled step the template wins within a step or two.

Sense: which of the two legs is the right one? From mechanics, the same for almost everyone, summed over many steps
(`backbeat.gait.legs`). Whether it is the same for this runner, hops on the right foot can tell
(`backbeat.gait.calibration`).

Lee et al. 2010 (J Sci Med Sport 13:270–273) reads the lateral peak of each step by itself and Kiernan et al. 2023
(doi:10.3390/s23115022) measured 82 % right for it; the template, the filter and the pelvic drop are ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from backbeat.events import Activity, Side
from backbeat.gait.legs import sense_evidence
from backbeat.gait.mount import Legs
from backbeat.gait.template import Template, first_template
from backbeat.samples import FloatArray


@dataclass(frozen=True, slots=True)
class SidesParams:
    """Probabilities and memories, in steps.

    Attributes:
        template_steps: memory of the left-right difference.
        common_steps: memory of what both legs share: short, so that turns and changes of pace or posture are followed.
        sense_steps: memory of the evidence which leg is right.
        slip: chance that a step at the expected time is on the same leg as the last (missed and extra step together).
        max_evidence: most log-odds one step may give: below the log-odds of `slip` (5.3), so that no single step breaks
            the alternation and two do.
        min_noise: least spread of the matched filter's output (1 = the left-right difference itself).
        sure: certainty of the leg from which a step teaches the template.
        overturn_z: standard errors of contrary evidence that turn the sense round once it has been told (with a
            gyroscope; without one it stays: a wrong but constant answer keeps every comparison of the two legs, a
            changing one ruins them).
        trust_gyroscope: share of people in whom the pelvic drop has the textbook sign.
        trust_accelerometer: share of people in whom the lateral force has (Lee 2010, Kiernan 2023: 82 %).
        trust_calibrated: the same, where this runner's own sign was found by hopping on the right foot.
    """

    template_steps: float = 40.0
    common_steps: float = 6.0
    sense_steps: float = 200.0
    slip: float = 0.005
    max_evidence: float = 3.0
    min_noise: float = 0.35
    sure: float = 0.8
    overturn_z: float = 2.5
    trust_gyroscope: float = 0.99
    trust_accelerometer: float = 0.80
    trust_calibrated: float = 0.99


PARAMS = SidesParams()
ROUNDING = 1e-6
"""A probability no further than this from a coin's is one: evidence of nothing adds up to no side."""


@dataclass(frozen=True, slots=True)
class Sense:
    """Physical evidence that the template's positive leg is the right one.

    Attributes:
        total: sum of the pieces of evidence.
        square: sum of their squares.
        weight: number of them.
        told: what the positive leg was said to be: 1 right, -1 left, 0 nothing yet.
    """

    total: float = 0.0
    square: float = 0.0
    weight: float = 0.0
    told: int = 0

    @property
    def z(self) -> float:
        """Standard errors by which the mean evidence differs from 0.

        Neighbouring pieces share one of their two steps, so half as many count as independent.
        """
        if self.weight <= 0.0:
            return 0.0
        mean = self.total / self.weight
        spread = math.sqrt(max(self.square / self.weight - mean * mean, 1e-12))
        return abs(mean) / spread * math.sqrt(0.5 * self.weight)


@dataclass(frozen=True, slots=True)
class SidesState:
    """Everything kept from one step to the next.

    Attributes:
        running: template of running steps, None until learned.
        walking: likewise.
        log_odds: that the last step was on the template's positive leg.
        sense: which leg that is.
        legs: how this runner's evidence is to be read, None where nobody has looked.
    """

    running: Template | None = None
    walking: Template | None = None
    log_odds: float = 0.0
    sense: Sense = Sense()
    legs: Legs | None = None

    @property
    def reading(self) -> float:
        """What the physical evidence is multiplied with: -1 for a runner in whom it is reversed."""
        return -1.0 if self.legs == "reversed" else 1.0

    def template(self, activity: Activity) -> Template | None:
        """That of an activity."""
        return self.running if activity == "running" else self.walking


@dataclass(frozen=True, slots=True)
class Look:
    """One step as the sides see it.

    Attributes:
        activity: running or walking.
        feature: from `backbeat.gait.legs.features`.
        interval: time since the contact before, 0 where a bout begins, grid samples.
        period: expected step time, grid samples.
    """

    activity: Activity
    feature: FloatArray
    interval: float
    period: float


def _alternate(log_odds: float, same: float) -> float:
    """Log-odds after one more step; `same` is the chance that the leg did not change."""
    p = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, log_odds))))
    q = p * same + (1.0 - p) * (1.0 - same)
    return math.log(q / (1.0 - q))


def same_leg_chance(interval: float, period: float, params: SidesParams = PARAMS) -> float:
    """Chance that a contact is on the same leg as the last, from the time between them.

    One missed step doubles the interval; a doubled contact cuts it short.
    """
    ratio = interval / period
    if 0.7 <= ratio <= 1.4:
        return params.slip
    if 1.7 <= ratio <= 2.3:
        return 0.9
    return 0.5


def advance(
    state: SidesState, look: Look, before: FloatArray | None, *, gyroscope: bool, params: SidesParams = PARAMS
) -> SidesState:
    """Advance by one step of an activity that has a template; read the answer with `side_of`.

    Args:
        state: after the step before.
        look: at this step.
        before: features of the step before it in the same bout, None where there is none.
        gyroscope: whether features hold angular rates.
        params: probabilities and memories.
    """
    template = state.template(look.activity)
    if template is None:
        return state
    same = 0.5 if before is None else same_leg_chance(look.interval, look.period, params)
    off, output = template.compare(look.feature)
    evidence = max(-params.max_evidence, min(params.max_evidence, 2.0 * output / template.noise**2))
    log_odds = _alternate(state.log_odds, same) + evidence
    leg = 1.0 if log_odds >= 0 else -1.0
    sure = math.tanh(0.5 * abs(log_odds))
    sense = state.sense
    if before is not None and same <= params.slip:
        running = look.activity == "running"
        evidence = sense_evidence(look.feature, before, look.period, gyroscope=gyroscope, running=running)
        evidence *= leg * state.reading
        keep = 1.0 - 1.0 / params.sense_steps
        sense = Sense(
            keep * sense.total + sure * evidence,
            keep * sense.square + sure * evidence**2,
            keep * sense.weight + sure,
            sense.told,
        )
    if sense.told == 0 or (gyroscope and sense.told * sense.total < 0 and sense.z > params.overturn_z):
        sense = replace(sense, told=_sign(sense.total))
    if sure > params.sure:
        template = template.learned(off, leg, output, params.template_steps, params.common_steps, params.min_noise)
    if look.activity == "running":
        return SidesState(template, state.walking, log_odds, sense, state.legs)
    return SidesState(state.running, template, log_odds, sense, state.legs)


def side_of(state: SidesState, *, gyroscope: bool, params: SidesParams = PARAMS) -> tuple[Side | None, float]:
    """Side of the last step and the probability that it is right."""
    sense = state.sense
    if sense.told == 0:
        return None, 0.5
    parity = 1.0 / (1.0 + math.exp(-min(30.0, abs(state.log_odds))))
    trust = params.trust_gyroscope if gyroscope else params.trust_accelerometer
    trust = trust if state.legs is None else params.trust_calibrated
    z = sense.z if sense.told * sense.total >= 0 else -sense.z
    likely = 0.5 + (trust - 0.5) * math.erf(z / math.sqrt(2.0))
    confidence = parity * likely + (1.0 - parity) * (1.0 - likely)
    if abs(confidence - 0.5) < ROUNDING:
        return None, 0.5
    right = (state.log_odds >= 0) == (sense.told > 0)
    return ("right" if right else "left"), confidence


def start(state: SidesState, looks: list[Look], *, gyroscope: bool, params: SidesParams = PARAMS) -> list[SidesState]:
    """Learn the first template of an activity from its first steps, and label these with what all of them tell.

    If the other activity has a template, the sense of the new one is set to agree with the physical evidence gathered
    so far.

    Args:
        state: after the last step that has a side.
        looks: at the first steps, at least 4.
        gyroscope: whether features hold angular rates.
        params: probabilities and memories.

    Returns:
        The state at each of the steps, to be read with `side_of`; go on from the last one.
    """
    activity = looks[0].activity
    running = activity == "running"
    same = [0.5] + [same_leg_chance(look.interval, look.period, params) for look in looks[1:]]
    template, legs = first_template([look.feature for look in looks], same)
    if state.sense.weight > 0:
        evidence = 0.0
        for leg, leg_before, look, before in zip(legs[1:], legs, looks[1:], looks, strict=False):
            if leg != leg_before:
                evidence += leg * sense_evidence(
                    look.feature, before.feature, look.period, gyroscope=gyroscope, running=running
                )
        if state.reading * evidence * state.sense.total < 0:
            template = replace(template, differ=-template.differ)
    known = state.sense.told != 0
    running_template, walking_template = (template, state.walking) if running else (state.running, template)
    state = SidesState(running_template, walking_template, 0.0, state.sense, state.legs)
    states: list[SidesState] = []
    feature: FloatArray | None = None
    for look in looks:
        state = advance(state, look, feature, gyroscope=gyroscope, params=params)
        if not known:
            state = replace(state, sense=replace(state.sense, told=_sign(state.sense.total)))
        states.append(state)
        feature = look.feature
    return [replace(s, sense=state.sense) for s in states]


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
