"""Left or right: evidence of each step, tied together by strict alternation.

Two questions are kept apart because their errors differ.

* **Parity**: is this the same leg as two steps ago? The left and the right step of one wearer differ in a way
  that stays the same for minutes (hip height, lever arms, a sensor beside the midline). The difference
  is learned from the run itself as a template over the step, all channels at once; a matched filter compares each step
  with it and a two-state filter joins that with the fact that legs alternate. After a missed or a doubled step
  the template wins within a step or two.
* **Sense**: which of the two legs is the right one? From mechanics, the same for everyone, summed over many steps.
  With a gyroscope: after contact the pelvis falls towards the swinging leg and comes back before toe-off (pelvic drop;
  Novacheck 1998, doi:10.1016/S0966-6362(97)00038-6; the roll-rate sign at contact of Wixted et al. 2010,
  doi:10.1080/19346182.2012.686504 reads the same movement). On the right foot the left side drops: roll about forward
  dips. Without one: the lateral specific force, which in walking points to the swing side (the foot pushes from
  beside the body: left on the right foot) and in running to the stance side (the dropped pelvis leans the lateral
  axis out of a vertical force of two body weights or more, which outweighs the small lateral force of a narrow track).
  That argument is far weaker, and the confidence says so.

Lee et al. 2010 (doi:10.1016/j.jsams.2009.01.005) reads the lateral peak of each step by itself and Kiernan et al. 2023
(doi:10.3390/s23115022) measured 82 % right for it; the template, the filter and the pelvic drop are ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

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
    max_evidence: float = 5.0
    """Most log-odds one step may give: no step is surer than 0.993."""
    min_noise: float = 0.35
    """Least spread of the matched filter's output (1 = the left-right difference itself)."""
    trust_gyroscope: float = 0.99
    """Share of people in whom the pelvic drop has the textbook sign."""
    trust_accelerometer: float = 0.80
    """Share of people in whom the lateral force has (Lee 2010, Kiernan 2023: 82 %)."""


@dataclass(frozen=True, slots=True)
class Template:
    """What the two legs have in common and how they differ, for one activity.

    ``common``, ``differ``, ``variance``: (POINTS * channels,); a right step is common + differ, a left one common - differ.
    ``noise`` spread of the matched filter's output; ``steps`` learned from.
    """

    common: Array
    differ: Array
    variance: Array
    noise: float
    steps: float


@dataclass(frozen=True, slots=True)
class SidesState:
    """``log_odds`` that the last step was right-footed, before the sense; ``templates`` by activity (name → Template);
    ``sense`` sum and ``sense_square`` of the physical evidence per template leg, ``sense_weight`` steps in them.
    """

    templates: tuple[tuple[str, Template], ...] = ()
    log_odds: float = 0.0
    sense: float = 0.0
    sense_square: float = 0.0
    sense_weight: float = 0.0


def features(body_acc: Array, body_gyr: Array | None, contact: Array, period: Array) -> Array:
    """Steps cut out of the signal, (steps, POINTS * channels).

    ``body_acc`` (n, 3) g and ``body_gyr`` (n, 3) rad/s in forward, left, up, low-passed at 10 Hz; ``contact`` (steps,) initial
    contacts in readings (fractions allowed), ``period`` (steps,) step period in readings *expected* at that step (median of the last
    few: the next contact need not be known).
    """
    x = body_acc if body_gyr is None else np.concatenate([body_acc, body_gyr], axis=1)
    at = contact[:, None] + period[:, None] * _PHASE
    k = np.clip(at.astype(np.intp), 0, len(x) - 2)
    part = (at - k)[:, :, None]
    return (x[k] * (1 - part) + x[k + 1] * part).reshape(len(contact), -1)


def sense_evidence(step: Array, before: Array, period_s: float, *, gyroscope: bool, running: bool) -> float:
    """Physical evidence that ``step`` is right-footed and ``before`` left-footed (positive), unit rad or g.

    The difference of two steps in a row takes away whatever is the same on both legs: mounting tilt, turns, gyroscope bias.
    """
    channels = 6 if gyroscope else 3
    difference = (step - before).reshape(POINTS, channels)
    if gyroscope:
        angle = np.cumsum(difference[:, 3]) * (period_s * SPAN / POINTS)
        return float(0.5 * (angle[0] + angle[-1]) - angle[POINTS // 3])
    lateral = float(difference[1:, 1].mean())
    return -lateral if running else lateral


def _alternate(log_odds: float, same: float) -> float:
    """Log-odds of right after one more step, ``same`` = chance that the leg did not change."""
    p = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, log_odds))))
    q = p * same + (1.0 - p) * (1.0 - same)
    return math.log(q / (1.0 - q))


def same_leg_chance(interval: float, period: float, params: SidesParams) -> float:
    """Chance that this contact is on the same leg as the last, from the time between them.

    ``interval`` and ``period`` in the same unit. One missed step doubles the interval; a doubled contact cuts it short.
    """
    ratio = interval / period
    if 0.7 <= ratio <= 1.4:
        return params.slip
    if 1.7 <= ratio <= 2.3:
        return 0.9
    return 0.5


def first_template(steps: Array, same: Array) -> tuple[Template, Array]:
    """Template from the first steps, ``steps`` (n, features), ``same`` (n,) chances from `same_leg_chance` (the first is not used).

    Returns the template and the legs (n,) +-1, up to one common sign. The sequence with the largest left-right difference is
    taken among strict alternation and alternation broken once (a step missed or doubled while the bout starts).
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
    feature: Array,
    before: Array | None,
    interval: float,
    period: float,
    *,
    gyroscope: bool,
    params: SidesParams = SidesParams(),
) -> SidesState:
    """Advance by one step whose activity has a template.

    ``feature`` (features,) of this step, ``before`` of the one before it in the same bout or None, ``interval`` since that contact and ``period``
    expected, both in seconds. Read the answer with `side_of`.
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
    return SidesState(kept, log_odds, sense, square, weight_sum)


def side_of(state: SidesState, *, gyroscope: bool, params: SidesParams = SidesParams()) -> tuple[str | None, float]:
    """Side of the last step and its confidence 0.5-1: ("left" | "right" | None, probability)."""
    if state.sense_weight == 0.0 or state.sense == 0.0:
        return None, 0.5
    parity = 1.0 / (1.0 + math.exp(-min(30.0, abs(state.log_odds))))
    mean = state.sense / state.sense_weight
    spread = math.sqrt(max(state.sense_square / state.sense_weight - mean * mean, 1e-12))
    # Neighbouring steps share one of their two halves: half as many independent pieces of evidence.
    z = abs(mean) / spread * math.sqrt(0.5 * state.sense_weight)
    trust = params.trust_gyroscope if gyroscope else params.trust_accelerometer
    sense = 0.5 + (trust - 0.5) * math.erf(z / math.sqrt(2.0))
    right = (state.log_odds >= 0) == (state.sense >= 0)
    return ("right" if right else "left"), parity * sense + (1.0 - parity) * (1.0 - sense)


def start(
    state: SidesState,
    activity: str,
    steps: Array,
    interval: Array,
    period: Array,
    *,
    gyroscope: bool,
    params: SidesParams = SidesParams(),
) -> SidesState:
    """Learn the first template of an activity from its first steps; no step is advanced.

    ``steps`` (n, features), ``interval`` (n,) s since the contact before (the first is not used), ``period`` (n,) s. Afterwards call `step` on each of them
    in order. If the other activity has a template, the sense of the new one is set to agree with the physical evidence gathered so far.
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
    return replace(state, templates=(*state.templates, (activity, template)), log_odds=0.0)
