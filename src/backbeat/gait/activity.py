"""Rhythm of the vertical and the decision running / walking / other.

Everything here looks at one number a reading that no rotation of the sensor can change: the
specific force along its own windowed mean ("vertical"). A window of two seconds under a Hann
taper gives the step frequency ``f`` (the strongest line between 0.8 and 4.2 Hz), the amplitude
``a1`` of that line in g and its share of the whole variance (``purity``).

Physics behind the thresholds
-----------------------------
* Running is a bounce: one loading and one unloading a step, so the vertical is close to a
  sine at step frequency; when there is flight the specific force falls to about 0 and, its mean
  being 1 g, ``a1`` is near 1 g or above. A walker vaults over the leg: two humps a step, the fundamental
  shares its power with the harmonics and the trough cannot come near 0 g (Froude number < 0.5
  at the walk-run transition, Alexander 1989, doi:10.1152/physrev.1989.69.4.1199).
* Slow jogging without flight ("grounded running") keeps the bounce but not the flight; it is
  told from stair descent, its nearest neighbour, by step frequency, purity and persistence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backbeat.events import Activity

Array = NDArray[np.float64]

RATE_HZ = 50
"""Samples a second: enough for a 10 Hz band."""
WINDOW = 100
"""Samples that one decision looks back on."""


@dataclass(frozen=True, slots=True)
class ActivityParams:
    """Limits, in physical units; see README for how flat the scores are around each.

    The bouncing amplitudes are for the fundamental of the vertical specific force in g.
    """

    min_running_hz: float = 2.2
    """140 steps/min is 2.33 Hz; a tenth of a hertz for the resolution of the window."""
    max_running_hz: float = 3.9
    """220 steps/min is 3.67 Hz."""
    flight_g: float = 0.9
    """Amplitude from which the trough of a one-hump step lies in flight (see module)."""
    flight_purity: float = 0.5
    """Share of the variance in the fundamental. Taps, jumps and stumbles reach 0.1-0.4."""
    most_limp: float = 0.45
    """Skipping and galloping put two contacts close together, then a long flight: the line at half the frequency
    is then as strong as the one at it (two equal pulses 0.35 of a cycle apart: 0.8). A sensor on the side of the
    hip with 45 % between alternate peaks reaches 0.15."""
    jog_g: float = 0.6
    """Amplitude from which a bounce without flight may be a jog."""
    jog_purity: float = 0.65
    """One smooth hump a step; stair descent scatters more."""
    flight_frames: int = 1
    """Frames in a row that establish running with flight (a frame sees five or more steps)."""
    jog_frames: int = 8
    """Frames in a row that establish a jog: longer than one flight of stairs takes."""
    walking_g: tuple[float, float] = (0.05, 0.85)
    """Amplitudes of walking, the shuffle of an old walker to stairs."""
    walking_hz: tuple[float, float] = (1.0, 2.6)
    walking_purity: float = 0.12


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Rhythm of one window.

    ``step_hz`` Hz, ``amplitude`` g, ``purity`` 0-1, ``mean`` g (length of the mean vector), ``limp`` amplitude
    at half the step frequency over the one at step frequency: how much every second step differs.
    """

    step_hz: float
    amplitude: float
    purity: float
    mean: float
    limp: float


_STEP = 0.05
_LOWEST = 0.8
_HZ = np.arange(_LOWEST, 4.2 + _STEP / 2, _STEP)
_T = np.arange(WINDOW) / RATE_HZ
_TAPER = np.hanning(WINDOW + 2)[1:-1]
_TAPER = _TAPER / _TAPER.sum()
_COS = 2 * _TAPER[:, None] * np.cos(2 * np.pi * np.outer(_T, _HZ))
_SIN = 2 * _TAPER[:, None] * np.sin(2 * np.pi * np.outer(_T, _HZ))
_BASIS = np.ascontiguousarray(np.concatenate([_COS, _SIN], axis=1))
_LINES = len(_HZ)


def rhythm(acc: Array) -> Rhythm:
    """Step frequency and strength of the vertical bounce in one window.

    ``acc``: (WINDOW, 3) specific force in g, low-passed at 10 Hz; an absent axis is 0.
    The mean is taken under the taper, so that a part of a stride at either end hardly tilts it.
    """
    mean = _TAPER @ acc
    length = math.sqrt(float(mean @ mean))
    if length < 1e-6:
        return Rhythm(0.0, 0.0, 0.0, length, 0.0)
    vertical = acc @ (mean / length) - length
    power = float(_TAPER @ (vertical * vertical))
    lines = vertical @ _BASIS
    squared = lines[:_LINES] ** 2 + lines[_LINES:] ** 2
    k = int(squared.argmax())
    hz = float(_HZ[k])
    if 0 < k < _LINES - 1:
        left, top, right = float(squared[k - 1]), float(squared[k]), float(squared[k + 1])
        hz += _STEP * 0.5 * (left - right) / (left - 2 * top + right)
    peak = float(squared[k])
    half = round((0.5 * hz - _LOWEST) / _STEP)
    limp = math.sqrt(float(squared[half]) / peak) if half >= 0 and peak > 0 else 0.0
    return Rhythm(hz, math.sqrt(peak), peak / (2 * power + 1e-12), length, limp)


@dataclass(frozen=True, slots=True)
class ActivityState:
    """Decision in force and what speaks for the next one.

    ``activity`` in force; ``flight`` and ``jog`` frames in a row that speak for running; ``step_hz`` of the last
    frame; ``bounce`` g, amplitude running had when it was last seen.
    """

    activity: Activity = "other"
    flight: int = 0
    jog: int = 0
    step_hz: float = 0.0
    bounce: float = 0.0
    bouncing: bool = False


def update(state: ActivityState, r: Rhythm, params: ActivityParams = ActivityParams()) -> ActivityState:
    """Advance by one frame of 0.5 s.

    Running begins after `flight_frames` frames of a bounce with flight or `jog_frames` of one without; the
    frames look back two seconds, so the bout's first steps lie before them: walk back over the contacts with
    `same_bout`. It ends when the bounce falls below half of what it was or leaves the range of cadence;
    `same_bout` says so sooner, at the step.
    """
    in_range = params.min_running_hz <= r.step_hz <= params.max_running_hz and r.limp <= params.most_limp
    steady = abs(r.step_hz - state.step_hz) <= 0.2
    strong = in_range and r.amplitude >= params.flight_g and r.purity >= params.flight_purity
    smooth = in_range and r.amplitude >= params.jog_g and r.purity >= params.jog_purity
    flight = state.flight + 1 if strong else 0
    jog = state.jog + 1 if smooth and steady else 0
    established = flight >= params.flight_frames or jog >= params.jog_frames
    was_running = state.activity == "running"
    goes_on = was_running and in_range and r.amplitude >= 0.5 * state.bounce and r.purity >= 0.3
    walking = (
        params.walking_hz[0] <= r.step_hz <= 2 * params.walking_hz[1]
        and params.walking_g[0] <= r.amplitude <= params.walking_g[1]
        and r.purity >= params.walking_purity
        and not (r.amplitude >= params.jog_g and r.limp > params.most_limp)
    )
    otherwise = "walking" if walking else "other"
    activity = "running" if established or goes_on else otherwise
    bounce = r.amplitude if activity == "running" else 0.0
    bouncing = strong or smooth or activity == "running"
    return ActivityState(activity, flight, jog, r.step_hz, bounce, bouncing)


def same_bout(interval_s: float, swing_g: float, usual_s: float, usual_g: float) -> bool:
    """Whether a contact continues a bout of running.

    ``interval_s`` since the neighbouring contact, ``swing_g`` highest minus lowest vertical of the step;
    ``usual_s`` and ``usual_g`` their medians in the bout. Alternate steps of a side-worn sensor differ by 20 %
    in time and 45 % in height, a step of walking has a third of the swing of a running step.
    """
    return 0.2 <= interval_s <= 0.55 and 0.6 <= interval_s / usual_s <= 1.6 and swing_g >= 0.5 * usual_g
