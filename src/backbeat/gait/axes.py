"""Body axes from the motion itself: x forward, y left, z up.

* **Up** is the mean specific force over whole strides: over a stride the trunk comes back to its
  velocity, so the mean acceleration is 0 and what remains is the reaction to gravity.
* **Forward** comes from symmetry. Left and right step mirror each other in the sagittal plane,
  so forward motion repeats every *step* (it is even) while lateral motion changes sign from step to step (odd). The
  autocovariance of the horizontal specific force at a lag of one step is even minus odd, the one at lag 0 even
  plus odd; forward is the eigenvector of the largest eigenvalue of 3 even - odd, which is largest along forward
  and negative along left. Odd alone must not rule: beside the midline the turning pelvis moves the sensor
  forward and back once a stride.
* **Which end is forward** comes from mechanics, in the phase between forward and vertical at step
  frequency. A runner is a bouncing spring: speed is lost while the body sinks and regained while
  it rises, so forward force lags vertical force by a quarter (Cavagna et al. 1976,
  doi:10.1113/jphysiol.1976.sp011613). A walker is an inverted pendulum: speed is highest where
  the body is lowest, so forward force *leads* by a quarter (Cavagna et al. 1977,
  doi:10.1152/ajpregu.1977.233.5.R243). The sign of the evidence hence follows the gait.

The idea of up from gravity and forward from horizontal variance is Moe-Nilssen 1998
(doi:10.1016/S0268-0033(98)00089-8) and Kunze et al. 2009 (doi:10.1109/ISWC.2009.33, principal
component of the horizontal plane); the lag of one step is ours: variance alone
picks the lateral axis in walkers and in runners with a loose belt.

Only means, covariances and eigenvectors of the readings are used, with their signs fixed by the
signal, so a rotated sensor gives exactly rotated axes and a mirrored one mirrored axes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RATE_HZ = 50
"""Samples a second: enough for a 10 Hz band."""
WINDOW = 125
"""Samples each update looks back on (2.5 s; fewer while starting)."""


@dataclass(frozen=True, slots=True)
class AxesParams:
    """Limits and memories, in windows looked at: one each 0.5 s of motion at first, then one a second."""

    long_windows: float = 40.0
    """Memory of the axes in use."""
    recent_windows: float = 3.0
    """Memory of the estimate that watches for a slipped sensor, added to the window's own 2.5 s."""
    settled_windows: float = 10.0
    """Windows after which every second frame is enough."""
    min_amplitude_g: float = 0.06
    """Bounce below which a frame says nothing about the axes."""
    mean_tolerance_g: float = 0.12
    """Largest plausible scale error of the mean; beyond it the mean is not gravity."""
    first_walking_windows: int = 2
    """Windows of walking before the first axes are given (the first holds the standing start); of running one does."""
    slip_deg: float = 18.0
    """Angle between recent and long axes that cannot be posture, slope or noise."""
    slip_windows: int = 4
    """Windows in a row beyond it before the axes are found again."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted moments of the motion in sensor axes.

    ``weight`` windows; ``mean`` (3,) g; ``spread`` (3, 3) g², covariance; ``step_lag`` (3, 3) g², symmetric
    autocovariance at a lag of one step; ``lead`` (3,) g², horizontal force that follows the gait's
    law of braking and propulsion (points forward).
    """

    weight: float
    mean: Array
    spread: Array
    step_lag: Array
    lead: Array


@dataclass(frozen=True, slots=True)
class Axes:
    """Axes found: ``matrix`` (3, 3) has the rows forward, left, up in sensor axes, so that body = matrix @ sensor.

    ``confidence`` 0-1 of the direction of forward, ``sign_confidence`` 0-1 of which end is forward,
    ``from_mean`` False where the mean was no gravity and up is the axis of largest motion.
    """

    matrix: Array
    confidence: float
    sign_confidence: float
    from_mean: bool


@dataclass(frozen=True, slots=True)
class AxesState:
    """Everything kept from one frame to the next.

    ``long`` and ``recent`` moments; ``axes`` in use; ``disagree`` looks in a row at which recent and long
    disagreed; ``slips`` so far; ``resting`` if the next frame is passed over (once settled, windows of 2.5 s are
    looked at once a second).
    """

    long: Moments | None = None
    recent: Moments | None = None
    axes: Axes | None = None
    disagree: int = 0
    slips: int = 0
    resting: bool = False


_TAPER = np.hanning(WINDOW + 2)[1:-1]


def window_moments(acc: Array, step_hz: float, *, running: bool) -> Moments:
    """Moments of one window.

    ``acc``: (n, 3) g, n from 150 to WINDOW, low-passed at 10 Hz, an absent axis 0; ``step_hz`` from
    `activity.rhythm`; ``running`` chooses the law that gives forward its sign.
    """
    n = len(acc)
    lag = round(RATE_HZ / step_hz)
    taper = _TAPER if n == WINDOW else np.hanning(n + 2)[1:-1]
    mean = (taper @ acc) / taper.sum()
    # The running mean over a stride carries turns and sway of posture; left in, those would look step-periodic.
    half = min(lag, (n - lag) // 3)
    total = np.cumsum(acc - mean, axis=0)
    y = acc[half + 1 : n - half] - mean - (total[2 * half + 1 :] - total[: n - 2 * half - 1]) / (2 * half + 1)
    early, late = y[:-lag], y[lag:]
    lagged = late.T @ early / len(late)
    # What both steps share, over whole steps, at step frequency: two vectors in sensor axes.
    even = (early + late)[: max(1, len(late) // lag) * lag]
    turn = np.exp((2j * np.pi * step_hz / RATE_HZ) * np.arange(len(even)))
    line = turn @ even / len(even)
    # Quadrature of each axis against the vertical: positive where it lags by a quarter.
    up = line @ (mean / (math.sqrt(float(mean @ mean)) or 1.0))
    lead = line.imag * up.real - line.real * up.imag
    return Moments(1.0, mean, y.T @ y / len(y), 0.5 * (lagged + lagged.T), lead if running else -lead)


def _blend(old: Moments | None, new: Moments, memory: float) -> Moments:
    if old is None:
        return new
    weight = min(old.weight + 1.0, memory)
    k = 1.0 / weight
    return Moments(
        weight,
        old.mean + k * (new.mean - old.mean),
        old.spread + k * (new.spread - old.spread),
        old.step_lag + k * (new.step_lag - old.step_lag),
        old.lead + k * (new.lead - old.lead),
    )


def axes_of(m: Moments, params: AxesParams, up: Array | None = None) -> Axes | None:
    """Axes from moments; None where nothing stands out (no motion, or none that repeats every step).

    ``up`` (3,): where a setting says so.
    """
    length = math.sqrt(float(m.mean @ m.mean))
    from_mean = abs(length - 1.0) <= params.mean_tolerance_g
    if up is not None:
        pass
    elif from_mean:
        up = m.mean / length
    else:
        up = np.linalg.eigh(m.spread)[1][:, 2]
        if float(up @ m.mean) < 0:
            up = -up
    # A basis of the horizontal plane that turns with the sensor: the lead vector and what is across it.
    first = m.lead - up * float(up @ m.lead)
    size = math.sqrt(float(first @ first))
    if size < 1e-9:
        return None
    plane = np.array([first / size, _cross(up, first) / size])
    # spread is even + odd, step_lag even - odd: three parts of what repeats every step less one of what alternates.
    (along, mixed), (_, across) = (plane @ (m.spread + 2.0 * m.step_lag) @ plane.T).tolist()
    # Largest eigenvalue of the symmetric 2 x 2 matrix and the angle of its vector.
    half_gap = math.hypot(0.5 * (along - across), mixed)
    largest, smallest = 0.5 * (along + across) + half_gap, 0.5 * (along + across) - half_gap
    if largest <= 0.0:
        return None
    angle = 0.5 * math.atan2(2.0 * mixed, along - across)  # within 90 degrees of the lead: its end is the front
    forward = np.array([math.cos(angle), math.sin(angle)]) @ plane
    return Axes(
        np.array([forward, _cross(up, forward), up]),
        (largest - smallest) / (largest + abs(smallest)),
        math.cos(angle),
        from_mean,
    )


def _cross(a: Array, b: Array) -> Array:
    """Cross product of two vectors (numpy's own is ten times slower at this size)."""
    (a0, a1, a2), (b0, b1, b2) = a.tolist(), b.tolist()
    return np.array([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0])


def update(
    state: AxesState,
    acc: Array,
    step_hz: float,
    amplitude: float,
    *,
    running: bool,
    up: Array | None = None,
    params: AxesParams = AxesParams(),
) -> AxesState:
    """Advance by one frame of 0.5 s; see `window_moments` for the arguments.

    Frames without motion leave the state as it is.
    """
    if amplitude < params.min_amplitude_g or step_hz <= 0:
        return state
    if (
        state.long is not None
        and state.long.weight >= params.settled_windows
        and state.disagree == 0
        and not state.resting
    ):
        return replace(state, resting=True)
    new = window_moments(acc, step_hz, running=running)
    long = _blend(state.long, new, params.long_windows)
    recent = _blend(state.recent, new, params.recent_windows)
    axes = axes_of(long, params, up) if running or long.weight >= params.first_walking_windows else None
    disagree, slips = 0, state.slips
    if axes is not None and long.weight > 2 * params.recent_windows:
        now = axes_of(recent, params, up)
        if now is not None and _apart(axes, now) > params.slip_deg:
            disagree = state.disagree + 1
            if disagree >= params.slip_windows:
                long, axes, disagree, slips = recent, now, 0, slips + 1
    return AxesState(long, recent, axes, disagree, slips)


def _apart(a: Axes, b: Axes) -> float:
    """Larger angle between the ups and between the forwards in degrees (0 for forwards that are not sure)."""
    cosine = float(a.matrix[2] @ b.matrix[2])
    if min(b.confidence, b.sign_confidence) > 0.3:
        cosine = min(cosine, float(a.matrix[0] @ b.matrix[0]))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
