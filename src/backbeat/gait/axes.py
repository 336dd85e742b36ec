"""Body axes from the motion itself: x forward, y left, z up.

Up is the mean specific force over whole strides: over a stride the trunk comes back to its velocity, so the mean
acceleration is 0 and what remains is the reaction to gravity.

Forward comes from symmetry. Left and right step mirror each other in the sagittal plane, so forward motion repeats
every *step* (it is even) while lateral motion changes sign from step to step (odd). The autocovariance of the
horizontal specific force at a lag of one step is even minus odd, the one at lag 0 even plus odd; forward is the
eigenvector of the largest eigenvalue of 3 even - odd, which is largest along forward and negative along left. Odd alone
must not rule: beside the midline the turning pelvis moves the sensor forward and back once a stride.

Which end is forward comes from mechanics, in the phase between forward and vertical at step frequency. A runner is a
bouncing spring: speed is lost while the body sinks and regained while it rises, so forward force lags vertical force by
a quarter (Cavagna et al. 1976, doi:10.1113/jphysiol.1976.sp011613). A walker is an inverted pendulum: speed is highest
where the body is lowest, so forward force *leads* by a quarter (Cavagna et al. 1977,
doi:10.1152/ajpregu.1977.233.5.R243). The sign of the evidence hence follows the gait.

The idea of up from gravity and forward from horizontal variance is Moe-Nilssen 1998
(doi:10.1016/S0268-0033(98)00089-8) and Kunze et al. 2009 (doi:10.1109/ISWC.2009.33, principal component of the
horizontal plane); the lag of one step is ours: variance alone picks the lateral axis in walkers and in runners with a
loose belt.

Only means, covariances and eigenvectors of the readings are used, with their signs fixed by the signal, so a rotated
sensor gives rotated axes and a mirrored one mirrored axes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from backbeat.samples import FloatArray

RATE_HZ = 50
"""Samples a second: enough for a 10 Hz band."""
Vector: TypeAlias = "tuple[float, float, float]"
"""Three numbers are faster as such than as an array."""
WINDOW = 125
"""Samples each update looks back on (2.5 s; fewer while starting)."""


@dataclass(frozen=True, slots=True)
class AxesParams:
    """Limits and memories, in windows looked at: one each 0.5 s of motion at first, then one a second.

    Attributes:
        long_windows: memory of the axes in use.
        recent_windows: memory of the estimate that watches for a slipped sensor, added to the window's own 2.5 s.
        settled_windows: windows after which every second frame is enough.
        min_amplitude_g: bounce below which a frame says nothing about the axes.
        mean_tolerance_g: largest plausible scale error of the mean; beyond it the mean is not gravity.
        first_walking_windows: windows of walking before the first axes are given (the first holds the standing start);
            of running one does.
        slip_deg: angle between recent and long axes that cannot be posture, slope or noise.
        reversed_deg: angle between two forwards from which on they differ in which end is the front: on the border
            between running and walking the law that tells it changes; the axes follow, and nothing has slipped.
        slip_windows: windows in a row beyond it before the axes are found again.
        sure: confidence from which a recent forward direction counts as evidence of a slip.
    """

    long_windows: float = 40.0
    recent_windows: float = 3.0
    settled_windows: float = 10.0
    min_amplitude_g: float = 0.06
    mean_tolerance_g: float = 0.12
    first_walking_windows: int = 2
    slip_deg: float = 18.0
    reversed_deg: float = 155.0
    slip_windows: int = 4
    sure: float = 0.3


PARAMS = AxesParams()


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted moments of the motion in sensor axes.

    Attributes:
        weight: windows.
        values: the four below in a row, shape (24,).
    """

    weight: float
    values: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Mean specific force, g, shape (3,)."""
        return self.values[:3]

    @property
    def lead(self) -> FloatArray:
        """Force that follows the gait's law of braking and propulsion (points forward), g², shape (3,)."""
        return self.values[3:6]

    @property
    def spread(self) -> FloatArray:
        """Covariance, g², shape (3, 3)."""
        return self.values[6:15].reshape(3, 3)

    @property
    def step_lag(self) -> FloatArray:
        """Symmetric autocovariance at a lag of one step, g², shape (3, 3)."""
        return self.values[15:].reshape(3, 3)


@dataclass(frozen=True, slots=True)
class Axes:
    """Axes found.

    Attributes:
        matrix: forward, left, up in sensor axes as rows (3, 3), so that body = matrix @ sensor.
        confidence: of the direction of forward, 0 to 1.
        sign_confidence: of which end is forward, 0 to 1.
    """

    matrix: FloatArray
    confidence: float
    sign_confidence: float


@dataclass(frozen=True, slots=True)
class AxesState:
    """Everything kept from one frame to the next.

    Attributes:
        long: moments with a long memory, None before any motion.
        recent: those with a short one.
        axes: in use.
        disagree: looks in a row at which recent and long disagreed.
        slips: so far.
        resting: the next frame is looked at (once settled, windows of 2.5 s are looked at once a second).
        whole: what is known comes from windows full of motion.
    """

    long: Moments | None = None
    recent: Moments | None = None
    axes: Axes | None = None
    disagree: int = 0
    slips: int = 0
    resting: bool = False
    whole: bool = False


def _taper(n: int) -> FloatArray:
    taper = np.hanning(n + 2)[1:-1]
    return np.asarray(taper / taper.sum())


_TAPER = _taper(WINDOW)


def window_moments(acc: FloatArray, step_hz: float, *, running: bool, whole: bool = True) -> Moments:
    """Moments of one window.

    Args:
        acc: specific force in g, low-passed at 10 Hz, 50 a second, an absent axis 0; shape (n, 3), n from 75 to WINDOW.
        step_hz: from `backbeat.gait.activity.rhythm`.
        running: chooses the law that gives forward its sign.
        whole: whether the motion fills the window. If not, the mean is that of its last two strides: under the taper
            it would lean towards the foot that began.
    """
    n = len(acc)
    lag = round(RATE_HZ / step_hz)
    mean = (_TAPER if n == WINDOW else _taper(n)) @ acc if whole else acc[-4 * lag :].mean(axis=0)
    # The running mean over a stride carries turns and sway of posture; left in, those would look step-periodic.
    half = min(lag, (n - lag) // 3)
    centred = acc - mean
    total = centred.cumsum(axis=0)
    y = centred[half + 1 : n - half] - (total[2 * half + 1 :] - total[: n - 2 * half - 1]) / (2 * half + 1)
    early, late = y[:-lag], y[lag:]
    lagged = late.T @ early / len(late)
    # What both steps share, over whole steps, at step frequency: two vectors in sensor axes.
    even = (early + late)[: max(1, len(late) // lag) * lag]
    turn = np.exp((2j * np.pi * step_hz / RATE_HZ) * np.arange(len(even)))
    line = turn @ even / len(even)
    # Quadrature of each axis against the vertical: positive where it lags by a quarter.
    up = line @ (mean / (math.sqrt(float(mean @ mean)) or 1.0))
    lead = line.imag * up.real - line.real * up.imag
    spread, step_lag = y.T @ y / len(y), 0.5 * (lagged + lagged.T)
    return Moments(1.0, np.concatenate((mean, lead if running else -lead, spread.ravel(), step_lag.ravel())))


def _blend(old: Moments | None, new: Moments, memory: float) -> Moments:
    if old is None:
        return new
    weight = min(old.weight + 1.0, memory)
    return Moments(weight, old.values + (new.values - old.values) / weight)


def axes_of(m: Moments, up: FloatArray | None = None, params: AxesParams = PARAMS) -> Axes | None:
    """Axes from moments; None where nothing stands out (no motion, or none that repeats every step).

    Args:
        m: the moments.
        up: unit vector (3,) where a setting says so.
        params: limits.
    """
    if up is None:
        up = _up_of(m, params)
    above: Vector = tuple(up.tolist())
    # A basis of the horizontal plane that turns with the sensor: the lead vector and what is across it.
    lead: Vector = tuple(m.lead.tolist())
    first = _sum(1.0, lead, -_dot(lead, above), above)
    size = math.sqrt(_dot(first, first))
    if size < 1e-9:
        return None
    first = _sum(1.0 / size, first, 0.0, first)
    second = _cross(above, first)
    plane = np.array((first, second))
    # spread is even + odd, step_lag even - odd: three parts of what repeats every step less one of what alternates.
    (along, mixed), (_, across) = (plane @ (m.spread + 2.0 * m.step_lag) @ plane.T).tolist()
    # Largest eigenvalue of the symmetric 2 x 2 matrix and the angle of its vector.
    half_gap = math.hypot(0.5 * (along - across), mixed)
    largest, smallest = 0.5 * (along + across) + half_gap, 0.5 * (along + across) - half_gap
    if largest <= 0.0:
        return None
    angle = 0.5 * math.atan2(2.0 * mixed, along - across)  # within 90 degrees of the lead: its end is the front
    forward = _sum(math.cos(angle), first, math.sin(angle), second)
    confidence = (largest - smallest) / (largest + abs(smallest))
    return Axes(np.array((forward, _cross(above, forward), above)), confidence, math.cos(angle))


def _up_of(m: Moments, params: AxesParams) -> FloatArray:
    """The mean; where that is not gravity (filtered or wrongly scaled signals), the direction of largest motion."""
    length = math.sqrt(float(m.mean @ m.mean))
    if abs(length - 1.0) <= params.mean_tolerance_g:
        return m.mean / length
    largest: FloatArray = np.linalg.eigh(m.spread)[1][:, 2]
    return -largest if float(largest @ m.mean) < 0 else largest


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _sum(p: float, a: Vector, q: float, b: Vector) -> Vector:
    return p * a[0] + q * b[0], p * a[1] + q * b[1], p * a[2] + q * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def update(
    state: AxesState,
    acc: FloatArray,
    step_hz: float,
    amplitude: float,
    *,
    running: bool,
    whole: bool,
    up: FloatArray | None = None,
    params: AxesParams = PARAMS,
) -> AxesState:
    """Advance by one frame of 0.5 s; frames without motion leave the state as it is.

    A window that reaches back to before the motion began serves until there are whole ones; these start anew.

    Args:
        state: so far.
        acc: see `window_moments`.
        step_hz: step frequency.
        amplitude: of the bounce, g.
        running: whether the gait is a bounce.
        whole: whether the motion fills the window.
        up: unit vector (3,) where a setting says so.
        params: limits and memories.
    """
    if amplitude < params.min_amplitude_g or step_hz <= 0 or (state.whole and not whole):
        return state
    settled = state.long is not None and state.long.weight >= params.settled_windows and state.disagree == 0
    if settled and not state.resting:
        return replace(state, resting=True)
    new = window_moments(acc, step_hz, running=running, whole=whole)
    anew = whole and not state.whole
    long = _blend(None if anew else state.long, new, params.long_windows)
    recent = _blend(None if anew else state.recent, new, params.recent_windows)
    axes = axes_of(long, up, params) if running or long.weight >= params.first_walking_windows else None
    disagree, slips = 0, state.slips
    if axes is not None and long.weight > 2 * params.recent_windows:
        now = axes_of(recent, up, params)
        if now is not None and _apart(axes, now, params) > params.slip_deg:
            disagree = state.disagree + 1
            if disagree >= params.slip_windows:
                slips += not _reversed(axes, now, params)
                long, axes, disagree = recent, now, 0
    return AxesState(long, recent, axes, disagree, slips, whole=whole)


def _apart(a: Axes, b: Axes, params: AxesParams) -> float:
    """Larger angle between the ups and between the forwards in degrees (0 for forwards that are not sure)."""
    cosine = float(a.matrix[2] @ b.matrix[2])
    if min(b.confidence, b.sign_confidence) > params.sure:
        cosine = min(cosine, float(a.matrix[0] @ b.matrix[0]))
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def _reversed(a: Axes, b: Axes, params: AxesParams) -> bool:
    """Whether the two differ in nothing but which end is the front."""
    upright = float(a.matrix[2] @ b.matrix[2]) > math.cos(math.radians(params.slip_deg))
    return upright and float(a.matrix[0] @ b.matrix[0]) < math.cos(math.radians(params.reversed_deg))
