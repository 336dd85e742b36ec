"""Left or right: evidence of each step, tied together by strict alternation.

Two questions are kept apart because their errors differ.

* **Parity**: is this the same leg as two steps ago? The left and the right step of one wearer differ in a way
  that stays the same for minutes (hip height, lever arms, a sensor beside the midline). The difference
  is learned from the run itself as a template over the step, all channels at once; a matched filter compares
  each step with it and a two-state filter joins that with the fact that legs alternate. After a missed or a
  doubled step the template wins within a step or two.
* **Sense**: which of the two legs is the right one? From mechanics, the same for everyone, summed over many steps.
  With a gyroscope: after contact the pelvis falls towards the swinging leg and comes back before toe-off (pelvic
  drop; Novacheck 1998, doi:10.1016/S0966-6362(97)00038-6; the roll-rate sign at contact of Wixted et al. 2010,
  Sports Engineering 12 reads the same movement). On the right foot the left side drops: roll about
  forward dips. Without one: the lateral specific force, which in walking points to the swing side (the foot
  pushes from beside the body: left on the right foot) and in running to the stance side (the dropped pelvis
  leans the lateral axis out of a vertical force of two body weights or more, which outweighs the small lateral
  force of a narrow track). That argument is far weaker, and the confidence says so.

Lee et al. 2010 (doi:10.1016/j.jsams.2009.01.005) reads the lateral peak of each step by itself and Kiernan et
al. 2023 (doi:10.3390/s23115022) measured 82 % right for it; the template, the filter and the pelvic drop are ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from backbeat.samples import FloatArray

RATE_HZ = 100
POINTS = 12
SPAN = 0.75
"""A step is looked at from its contact over this part of the step period: till shortly before or after toe-off."""
_PHASE = SPAN * np.arange(POINTS) / POINTS


@dataclass(frozen=True, slots=True)
class SidesParams:
    """Probabilities and memories, in steps."""

    start_steps: int = 8
    """Steps from which the first template is made."""
    template_steps: float = 40.0
    """Memory of the left-right difference."""
    common_steps: float = 6.0
    """Memory of what both legs share: short, so that turns and changes of pace or posture are followed."""
    sense_steps: float = 200.0
    """Memory of the evidence which leg is right."""
    slip: float = 0.005
    """Chance that a step at the expected time is on the same leg as the last (missed and extra step together)."""
    max_evidence: float = 3.0
    """Most log-odds one step may give: below the log-odds of `slip` (5.3), so that no single step breaks the
    alternation and two do."""
    min_noise: float = 0.35
    """Least spread of the matched filter's output (1 = the left-right difference itself)."""
    overturn_z: float = 2.5
    """Standard errors of contrary evidence that turn the sense round once it has been told (with a gyroscope;
    without one it stays: a wrong but constant answer keeps every comparison of the two legs, a changing one
    ruins them)."""
    trust_gyroscope: float = 0.99
    """Share of people in whom the pelvic drop has the textbook sign."""
    trust_accelerometer: float = 0.80
    """Share of people in whom the lateral force has (Lee 2010, Kiernan 2023: 82 %)."""


@dataclass(frozen=True, slots=True)
class Template:
    """What the two legs have in common and how they differ, for one activity.

    ``common``, ``differ``, ``variance``: (POINTS * channels,); a right step is common + differ, a left one
    common - differ. ``noise`` spread of the matched filter's output; ``steps`` learned from.
    """

    common: FloatArray
    differ: FloatArray
    variance: FloatArray
    noise: float
    steps: float


@dataclass(frozen=True, slots=True)
class SidesState:
    """Everything kept from one step to the next.

    ``templates`` by activity; ``log_odds`` that the last step was on the template's positive leg; ``sense``,
    ``sense_square`` and ``sense_weight``: sum, sum of squares and number of the pieces of physical evidence that
    the positive leg is the right one; ``told`` +-1 once the first side was told: what the positive leg was said
    to be.
    """

    templates: tuple[tuple[str, Template], ...] = ()
    log_odds: float = 0.0
    sense: float = 0.0
    sense_square: float = 0.0
    sense_weight: float = 0.0
    told: int = 0


def features(body: FloatArray, contact: FloatArray, period: FloatArray) -> FloatArray:
    """Steps cut out of their windows.

    Args:
        body: forward, left, up in g and with a gyroscope roll, pitch, yaw in rad/s, 10 Hz, shape (steps, channels,
            columns).
        contact: columns of initial contact, shape (steps,).
        period: step period *expected* (median of the last few: the next contact need not be known), grid samples.

    Returns:
        Shape (steps, POINTS · channels).
    """
    at = contact[:, None] + period[:, None] * _PHASE
    k = np.minimum(np.maximum(at, 0.0), body.shape[2] - 2).astype(np.intp)
    part = (at - k)[:, :, None]
    row = np.arange(len(contact))[:, None]
    left, right = body[row, :, k], body[row, :, k + 1]
    return np.asarray(left + part * (right - left)).reshape(len(contact), -1)


def sense_evidence(step: FloatArray, before: FloatArray, period_s: float, *, gyroscope: bool, running: bool) -> float:
    """Physical evidence that ``step`` is right-footed and ``before`` left-footed (positive), unit rad or g.

    The difference of two steps in a row takes away whatever is the same on both legs: mounting tilt, turns,
    gyroscope bias.
    """
    if gyroscope:
        return float((step - before) @ _DROP) * period_s
    lateral = float((step - before) @ _LATERAL)
    return -lateral if running else lateral


def _drop_weights() -> FloatArray:
    """Weights over (POINTS, 6) for the dip of the roll angle.

    Roll is integrated; the angle a quarter into the step is taken from the mean of the angles at its ends.
    """
    at = np.zeros((POINTS, 6))
    up_to = np.tri(POINTS)  # row p sums the rates up to point p
    at[:, 3] = (0.5 * (up_to[0] + up_to[-1]) - up_to[POINTS // 3]) * (SPAN / POINTS)
    return at.ravel()


def _lateral_weights() -> FloatArray:
    """Weights over (POINTS, 3): mean lateral force after the first moment of contact, where the shock is."""
    at = np.zeros((POINTS, 3))
    at[1:, 1] = 1.0 / (POINTS - 1)
    return at.ravel()


_DROP = _drop_weights()
_LATERAL = _lateral_weights()


def _alternate(log_odds: float, same: float) -> float:
    """Log-odds of right after one more step, ``same`` = chance that the leg did not change."""
    p = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, log_odds))))
    q = p * same + (1.0 - p) * (1.0 - same)
    return math.log(q / (1.0 - q))


def same_leg_chance(interval: float, period: float, params: SidesParams) -> float:
    """Chance that this contact is on the same leg as the last, from the time between them.

    ``interval`` and ``period`` in the same unit. One missed step doubles the interval; a doubled contact cuts it
    short.
    """
    ratio = interval / period
    if 0.7 <= ratio <= 1.4:
        return params.slip
    if 1.7 <= ratio <= 2.3:
        return 0.9
    return 0.5


def first_template(steps: FloatArray, same: FloatArray) -> tuple[Template, FloatArray]:
    """Template from the first steps.

    ``steps`` (n, features), n at least 4; ``same`` (n,) chances from `same_leg_chance`, the first not used. Returns the
    template and the legs (n,) +-1, up to one common sign. The sequence with the largest left-right difference
    is taken among strict alternation and alternation broken once (a step missed or doubled while the bout starts).
    """
    n = len(steps)
    legs = np.where(np.cumsum(np.concatenate([[0.0], np.where(same[1:] > 0.5, 0.0, 1.0)])) % 2 == 0, 1.0, -1.0)
    breaks = np.where(np.arange(n)[None, :] >= np.arange(1, n - 1)[:, None], -1.0, 1.0)
    tries = legs * np.concatenate([np.ones((1, n)), breaks])
    scale = steps.std(axis=0) + 1e-6
    unit = (steps - steps.mean(axis=0)) / scale
    tries_centred = tries - tries.mean(axis=1, keepdims=True)
    size = ((tries_centred @ unit) ** 2).sum(axis=1)
    size[0] *= 1.5  # alternation is far likelier than a break
    legs = tries[int(size.argmax())]
    if abs(legs.sum()) == n:  # every interval was doubtful: nothing better than alternation
        legs = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    right, left = steps[legs > 0].mean(axis=0), steps[legs < 0].mean(axis=0)
    common, differ = 0.5 * (right + left), 0.5 * (right - left)
    residual = steps - common - legs[:, None] * differ
    variance = (residual**2).sum(axis=0) / max(1, n - 2)
    variance = (
        0.5 * variance
        + 0.5 * variance.reshape(POINTS, -1).mean(axis=0).repeat(1)[None, :].repeat(POINTS, 0).ravel()
        + 1e-8
    )
    return Template(common, differ, variance, 0.7, float(n)), legs


def step(
    state: SidesState,
    activity: str,
    feature: FloatArray,
    before: FloatArray | None,
    interval: float,
    period: float,
    *,
    gyroscope: bool,
    params: SidesParams = SidesParams(),
) -> SidesState:
    """Advance by one step whose activity has a template.

    ``feature`` (features,) of this step, ``before`` of the one before it in the same bout or None, ``interval``
    since that contact and ``period`` expected, both in seconds. Read the answer with `side_of`.
    """
    template = dict(state.templates)[activity]
    same = 0.5 if before is None else same_leg_chance(interval, period, params)
    prior = _alternate(state.log_odds, same)
    off = feature - template.common
    weight = template.differ / template.variance
    gain = float(template.differ @ weight) or 1e-12
    output = float(off @ weight) / gain
    log_odds = prior + max(-params.max_evidence, min(params.max_evidence, 2.0 * output / template.noise**2))
    leg = 1.0 if log_odds >= 0 else -1.0
    sure = math.tanh(0.5 * abs(log_odds))
    sense, square, weight_sum = state.sense, state.sense_square, state.sense_weight
    if before is not None and same <= params.slip:
        evidence = leg * sense_evidence(feature, before, period, gyroscope=gyroscope, running=activity == "running")
        keep = 1.0 - 1.0 / params.sense_steps
        sense, square, weight_sum = (
            keep * sense + sure * evidence,
            keep * square + sure * evidence**2,
            keep * weight_sum + sure,
        )
    if sure > 0.8:
        k = 1.0 / min(template.steps + 1.0, params.template_steps)
        residual = off - leg * template.differ
        noise = math.sqrt(template.noise**2 + k * ((leg * output - 1.0) ** 2 - template.noise**2))
        template = Template(
            template.common + max(k, 1.0 / params.common_steps) * residual,
            template.differ + (k * leg) * residual,
            template.variance + k * (residual * residual - template.variance),
            max(params.min_noise, noise),
            template.steps + 1.0,
        )
    kept = tuple((name, template if name == activity else old) for name, old in state.templates)
    told = state.told
    if told == 0 or (gyroscope and told * sense < 0 and _sense_z(sense, square, weight_sum) > params.overturn_z):
        told = 1 if sense > 0 else -1 if sense < 0 else 0
    return SidesState(kept, log_odds, sense, square, weight_sum, told)


def _sense_z(total: float, square: float, weight: float) -> float:
    """Standard errors by which the mean evidence differs from 0.

    Neighbouring pieces share one of their two steps, so half as many count as independent.
    """
    if weight <= 0.0:
        return 0.0
    mean = total / weight
    spread = math.sqrt(max(square / weight - mean * mean, 1e-12))
    return abs(mean) / spread * math.sqrt(0.5 * weight)


def side_of(state: SidesState, *, gyroscope: bool, params: SidesParams = SidesParams()) -> tuple[str | None, float]:
    """Side of the last step and its confidence: ("left" | "right" | None, probability)."""
    if state.told == 0:
        return None, 0.5
    parity = 1.0 / (1.0 + math.exp(-min(30.0, abs(state.log_odds))))
    trust = params.trust_gyroscope if gyroscope else params.trust_accelerometer
    z = _sense_z(state.sense, state.sense_square, state.sense_weight)
    if state.told * state.sense < 0:
        z = -z
    sense = 0.5 + (trust - 0.5) * math.erf(z / math.sqrt(2.0))
    right = (state.log_odds >= 0) == (state.told > 0)
    return ("right" if right else "left"), parity * sense + (1.0 - parity) * (1.0 - sense)


def start(
    state: SidesState,
    activity: str,
    steps: FloatArray,
    interval: FloatArray,
    period: FloatArray,
    *,
    gyroscope: bool,
    params: SidesParams = SidesParams(),
) -> tuple[SidesState, ...]:
    """Learn the first template of an activity from its first steps, and label these with what all of them tell.

    ``steps`` (n, features), ``interval`` (n,) s since the contact before (the first is not used), ``period``
    (n,) s. Returns the state at each of the steps, to be read with `side_of`; go on from the last one. If the
    other activity has a template, the sense of the new one is set to agree with the physical evidence gathered
    so far.
    """
    same = np.array(
        [0.5] + [same_leg_chance(float(i), float(p), params) for i, p in zip(interval[1:], period[1:], strict=True)]
    )
    template, legs = first_template(steps, same)
    if state.sense_weight > 0:
        evidence = sum(
            legs[k]
            * sense_evidence(
                steps[k], steps[k - 1], float(period[k]), gyroscope=gyroscope, running=activity == "running"
            )
            for k in range(1, len(steps))
            if legs[k] != legs[k - 1]
        )
        if evidence * state.sense < 0:
            template = replace(template, differ=-template.differ)
    state = replace(state, templates=(*state.templates, (activity, template)), log_odds=0.0)
    known = state.told != 0
    states = []
    for k in range(len(steps)):
        before = steps[k - 1] if k else None
        state = step(
            state, activity, steps[k], before, float(interval[k]), float(period[k]), gyroscope=gyroscope, params=params
        )
        if not known:
            state = replace(state, told=(state.sense > 0) - (state.sense < 0))
        states.append(state)
    return tuple(
        replace(s, sense=state.sense, sense_square=state.sense_square, sense_weight=state.sense_weight, told=state.told)
        for s in states
    )
