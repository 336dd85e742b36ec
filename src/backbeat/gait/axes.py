"""Body axes from the motion itself: x forward, y left, z up.

* **Up** is the mean specific force over whole strides: over a stride the trunk comes back to its
  velocity, so the mean acceleration is 0 and what remains is the reaction to gravity.
* **Forward** comes from symmetry. Left and right step mirror each other in the sagittal plane,
  so forward motion repeats every *step* while lateral motion changes sign from step to step and
  repeats every *stride*. The autocovariance of the horizontal specific force at a lag of one
  step is therefore positive along forward and negative along left: forward is the eigenvector of
  its largest eigenvalue. Nothing is assumed of the shape of either signal.
* **Which end is forward** comes from mechanics, in the phase between forward and vertical at step
  frequency. A runner is a bouncing spring: speed is lost while the body sinks and regained while
  it rises, so forward force lags vertical force by a quarter (Cavagna et al. 1976,
  doi:10.1113/jphysiol.1976.sp011613). A walker is an inverted pendulum: speed is highest where
  the body is lowest, so forward force *leads* by a quarter (Cavagna et al. 1977,
  doi:10.1152/ajpregu.1977.233.5.R243). The sign of the evidence hence follows the gait.

The idea of up from gravity and forward from horizontal variance is Moe-Nilssen 1998
(doi:10.1016/S0268-0033(98)00089-8) and Kunze et al. 2009 (doi:10.1109/ISWC.2009.11, principal
component of the horizontal plane); the lag of one step instead of lag 0 is ours: variance alone
picks the lateral axis in walkers and in runners with a loose belt.

Only means, covariances and eigenvectors of the readings are used, with their signs fixed by the
signal, so a rotated sensor gives exactly rotated axes and a mirrored one mirrored axes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RATE_HZ = 100
WINDOW = 250
"""Readings each update looks back on (2.5 s; fewer while starting)."""


@dataclass(frozen=True, slots=True)
class AxesParams:
    """Limits and memories; one frame is 0.5 s."""

    long_frames: float = 60.0
    """Memory of the axes in use, in frames of motion (30 s)."""
    recent_frames: float = 5.0
    """Memory of the estimate that watches for a slipped sensor, added to the window's 2.5 s."""
    min_amplitude_g: float = 0.06
    """Bounce below which a frame says nothing about the axes."""
    mean_tolerance_g: float = 0.12
    """Largest plausible scale error of the mean; beyond it the mean is not gravity."""
    slip_deg: float = 25.0
    """Angle between recent and long axes that cannot be posture, slope or noise."""
    slip_frames: int = 6
    """Frames in a row beyond it before the axes are found again."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted moments of the motion in sensor axes.

    ``weight`` frames; ``mean`` (3,) g; ``spread`` (3, 3) g², covariance; ``step_lag`` (3, 3) g², symmetric
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
    """Moments kept long and recent, axes in use, frames since recent and long disagree, slips so far."""

    long: Moments | None = None
    recent: Moments | None = None
    axes: Axes | None = None
    disagree: int = 0
    slips: int = 0


def _taper(n: int) -> Array:
    w = np.hanning(n + 2)[1:-1]
    return w / w.sum()


_TAPERS: dict[int, Array] = {WINDOW: _taper(WINDOW)}


def window_moments(acc: Array, step_hz: float, *, running: bool) -> Moments:
    """Moments of one window.

    ``acc``: (n, 3) g, n from 150 to WINDOW, low-passed at 10 Hz, an absent axis 0; ``step_hz`` from `activity.rhythm`;
    ``running`` chooses the law that gives forward its sign.
    """
    n = len(acc)
    taper = _TAPERS[n] if n in _TAPERS else _taper(n)
    mean = taper @ acc
    lag = round(RATE_HZ / step_hz)
    centred = acc - mean
    # The running mean over a stride carries turns and sway of posture; without it those would look step-periodic.
    total = np.concatenate([np.zeros((1, 3)), np.cumsum(centred, axis=0)])
    half = min(lag, (n - lag) // 2 - 1)
    slow = (total[2 * half :] - total[: -2 * half]) / (2 * half)
    y = centred[half : half + len(slow)] - slow
    lagged = y[lag:].T @ y[:-lag] / (len(y) - lag)
    length = float(np.sqrt(mean @ mean)) or 1.0
    up = mean / length
    even = y[lag:] + y[:-lag]
    taper_even = _taper(len(even)) if len(even) not in _TAPERS else _TAPERS[len(even)]
    phase = (2 * np.pi * step_hz / RATE_HZ) * np.arange(len(even))
    c, s = (taper_even * np.cos(phase)) @ even, (taper_even * np.sin(phase)) @ even
    # Quadrature of each axis against the vertical: positive where it lags by a quarter.
    quadrature = s * (c @ up) - c * (s @ up)
    return Moments(1.0, mean, y.T @ y / len(y), (lagged + lagged.T) / 2, quadrature if running else -quadrature)


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


def axes_of(m: Moments, params: AxesParams) -> Axes | None:
    """Axes from moments; None where nothing stands out."""
    length = float(np.sqrt(m.mean @ m.mean))
    from_mean = abs(length - 1.0) <= params.mean_tolerance_g
    if from_mean:
        up = m.mean / length
    else:
        up = np.linalg.eigh(m.spread)[1][:, 2]
        if up @ m.mean < 0:
            up = -up
    across = np.eye(3) - np.outer(up, up)
    values, vectors = np.linalg.eigh(across @ m.step_lag @ across)
    if values[2] <= 0:
        return None
    forward = vectors[:, 2] - up * (up @ vectors[:, 2])
    forward /= np.sqrt(forward @ forward)
    along = float(forward @ m.lead)
    if along < 0:
        forward, along = -forward, -along
    horizontal = float(np.trace(across @ m.spread @ across)) or 1.0
    lead = across @ m.lead
    return Axes(
        np.stack([forward, np.cross(up, forward), up]),
        float(np.clip((values[2] - min(values[0], 0.0)) / horizontal, 0.0, 1.0)),
        along / (float(np.sqrt(lead @ lead)) or 1.0),
        from_mean,
    )


def update(
    state: AxesState, acc: Array, step_hz: float, amplitude: float, *, running: bool, params: AxesParams = AxesParams()
) -> AxesState:
    """Advance by one frame of 0.5 s; see `window_moments` for the arguments.

    Frames without motion leave the state as it is.
    """
    if amplitude < params.min_amplitude_g or step_hz <= 0:
        return state
    new = window_moments(acc, step_hz, running=running)
    long = _blend(state.long, new, params.long_frames)
    recent = _blend(state.recent, new, params.recent_frames)
    axes = axes_of(long, params)
    disagree, slips = 0, state.slips
    if axes is not None and long.weight > 2 * params.recent_frames:
        now = axes_of(recent, params)
        if now is not None and _apart(axes, now) > params.slip_deg:
            disagree = state.disagree + 1
            if disagree >= params.slip_frames:
                long, axes, disagree, slips = replace(recent), now, 0, slips + 1
    return AxesState(long, recent, axes, disagree, slips)


def _apart(a: Axes, b: Axes) -> float:
    """Larger angle between the ups and between the forwards in degrees."""
    cosine = min(float(a.matrix[2] @ b.matrix[2]), float(a.matrix[0] @ b.matrix[0]) if b.confidence > 0.3 else 1.0)
    return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))
