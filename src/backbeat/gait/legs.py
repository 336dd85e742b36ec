"""What tells the left leg from the right one: steps as feature vectors, and the physical evidence in them.

With a gyroscope: after contact the pelvis falls towards the swinging leg and comes back before toe-off (pelvic drop;
Novacheck 1998, doi:10.1016/S0966-6362(97)00038-6; the roll-rate sign at contact of Wixted et al. 2010, Sports
Engineering 12, reads the same movement). On the right foot the left side drops: roll about forward dips. Without one:
the lateral specific force, which in walking points to the swing side (the foot pushes from beside the body: left on the
right foot) and in running to the stance side (the dropped pelvis leans the lateral axis out of a vertical force of two
body weights or more, which outweighs the small lateral force of a narrow track). That argument is far weaker.
"""

from __future__ import annotations

import numpy as np

from backbeat.samples import FloatArray

POINTS = 12
SPAN = 0.75
"""A step is looked at from its contact over this part of the step period: till shortly before or after toe-off."""
_PHASE = SPAN * np.arange(POINTS) / POINTS


def features(body: FloatArray, contact: float, period: float) -> FloatArray:
    """A step cut out of its window.

    Args:
        body: forward, left, up in g and with a gyroscope roll, pitch, yaw in rad/s, 10 Hz, shape (channels, columns).
        contact: column of initial contact.
        period: step period *expected* (median of the last few: the next contact need not be known), grid samples.

    Returns:
        Shape (POINTS · channels,).
    """
    end = body.shape[1] - 1  # a slow walker's step may outlast its window: the last column stands in
    at = np.minimum(np.maximum(contact + period * _PHASE, 0.0), end)
    k = np.minimum(at, end - 1).astype(np.intp)
    left = body.take(k, axis=1)
    return np.asarray(left + (at - k) * (body.take(k + 1, axis=1) - left)).T.ravel()


def sense_evidence(step: FloatArray, before: FloatArray, period: float, *, gyroscope: bool, running: bool) -> float:
    """Physical evidence that `step` is right-footed and `before` left-footed (positive); its unit does not matter.

    The difference of two steps in a row takes away whatever is the same on both legs: mounting tilt, turns,
    gyroscope bias.
    """
    if gyroscope:
        return float((step - before) @ _DROP) * period
    lateral = float((step - before) @ _LATERAL)
    return -lateral if running else lateral


def _drop_weights() -> FloatArray:
    """Weights over (POINTS, 6) for the dip of the roll angle.

    Roll is integrated; the angle a third into the look is taken from the mean of the angles at its ends.
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
