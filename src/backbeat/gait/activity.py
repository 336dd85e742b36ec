"""Rhythm of the vertical and the decision running / walking / other.

Everything here looks at one number a reading that no rotation of the sensor can change: the specific force along its
own windowed mean ("vertical"). A window of two seconds under a Hann taper gives the step frequency (the strongest line
between 0.8 and 4.2 Hz), the amplitude of that line in g and its share of the whole variance (purity).

Physics behind the thresholds. Running is a bounce: one loading and one unloading a step, so the vertical is close to a
sine at step frequency; when there is flight the specific force falls to about 0 and, its mean being 1 g, the amplitude
is near 1 g or above. A walker vaults over the leg: two humps a step, the fundamental shares its power with the
harmonics and the trough cannot come near 0 g (Froude number < 0.5 at the walk-run transition, Alexander 1989,
doi:10.1152/physrev.1989.69.4.1199). Slow jogging without flight ("grounded running") keeps the bounce but not the
flight; it is told from stair descent, its nearest neighbour, by step frequency, purity and persistence.

Walking is what moves as a walker does and repeats itself, step by step or stride by stride (the autocorrelation of
Moe-Nilssen & Helbostad 2004, doi:10.1016/S0021-9290(03)00233-1): noise, jolts and handling have a strongest line too,
but no rhythm. It is begun and ended by several frames in a row, so that a turn or a stumble does not end it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from backbeat.events import Activity
from backbeat.samples import FloatArray

RATE_HZ = 50
"""Samples a second: enough for a 10 Hz band."""
WINDOW = 100
"""Samples that one decision looks back on."""
TOUCHING_G = 2 / 3
"""Amplitude of half-sine pulses that just touch: 2 / 3 of their mean. Of brisk walks and stairs (public recordings of
four people) 95 % stay below 0.64."""
LEAST_MEAN_G = 0.5
"""A mean below this holds no gravity (the axis that points up is missing): there is no vertical to look at."""


@dataclass(frozen=True, slots=True)
class ActivityParams:
    """Limits; amplitudes are those of the fundamental of the vertical specific force.

    Attributes:
        min_running_hz: 140 steps/min is 2.33 Hz; a tenth of a hertz for the resolution of the window.
        min_flight_hz: the same for a bounce of `free_fall_g`: 120 steps/min.
        free_fall_g: amplitude of a sine about 1 g that reaches 0: no walker comes near it.
        max_running_hz: 220 steps/min is 3.67 Hz.
        flight_g: amplitude from which the trough of a one-hump step lies in flight (see module).
        flight_purity: share of the variance in the fundamental. Taps, jumps and stumbles reach 0.1-0.4.
        hard_g: root mean square of the vertical from which a steady rhythm that repeats itself is a runner's, whatever
            its shape: a hard landing's shock has more of the variance than the step. Half-sine pulses with a fifth of
            the step in flight have 0.74; walks and stairs of four people that repeat themselves as quickly stay below
            0.67, and jumps and taps do not repeat themselves.
        most_limp: skipping and galloping put two contacts close together, then a long flight: the line at half the
            frequency is then as strong as the one at it (two equal pulses 0.35 of a cycle apart: 0.8). A sensor on the
            side of the hip with 45 % between alternate peaks reaches 0.15.
        low_limp: the same for a low bounce, in which unequal landings beside the midline weigh more (0.3-0.65); a
            skipper's that is so low has 0.85.
        jog_g: amplitude from which a bounce without flight may be a jog: half-sine pulses that just touch have
            `TOUCHING_G`, and feet that overlap less.
        jog_purity: one smooth hump a step, which a jog has more clearly than stair descent or a brisk walk; the line at
            half the frequency counts as well, as every second hump is lower beside the midline.
        quick_hz: more steps than anybody takes who does not run; down stairs up to 2.9 a second were seen.
        quick_g: amplitude from which they are a runner's, short ones whose feet overlap, with a purity of 0.1-0.8, less
            where landings are hard: then they repeat themselves as walking does. The double of a walker's steps, where
            it is strongest, stays below 0.15.
        flight_frames: frames in a row that establish running with flight (a frame sees four or more steps).
        jog_frames: frames in a row that establish a jog: longer than one flight of stairs takes.
        steady_hz: change of step frequency from frame to frame within which a jog is steady.
        kept_share: share of its amplitude that running keeps to go on.
        kept_purity: purity that it keeps, unless it repeats itself.
        walking_g: amplitudes of walking, the shuffle of an old walker to stairs.
        walking_hz: frequencies of walking steps; of a walker whose vertical has two humps the double may be strongest.
        walking_purity: share of the variance in the fundamental.
        walking_regularity: regularity that walking begins with. Of two seconds of white noise 1 in 200 has it, of
            walking some 8 in 10.
        walking_frames: frames in a row that establish walking.
        pause_frames: frames in a row without a walker's motion that end it.
    """

    min_running_hz: float = 2.2
    min_flight_hz: float = 2.0
    free_fall_g: float = 1.0
    max_running_hz: float = 3.9
    flight_g: float = 0.9
    flight_purity: float = 0.5
    hard_g: float = 0.75
    most_limp: float = 0.45
    low_limp: float = 0.65
    jog_g: float = 0.5
    jog_purity: float = 0.8
    quick_hz: float = 3.0
    quick_g: float = 0.35
    flight_frames: int = 1
    jog_frames: int = 8
    steady_hz: float = 0.2
    kept_share: float = 0.5
    kept_purity: float = 0.3
    walking_g: tuple[float, float] = (0.05, 0.85)
    walking_hz: tuple[float, float] = (1.0, 2.6)
    walking_purity: float = 0.12
    walking_regularity: float = 0.6
    walking_frames: int = 3
    pause_frames: int = 3


PARAMS = ActivityParams()


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Rhythm of one window.

    Attributes:
        step_hz: frequency of the strongest line, Hz.
        amplitude: of that line, g.
        purity: its share of the variance, 0 to 1.
        mean: length of the mean vector, g.
        limp: amplitude at half the step frequency over the one at step frequency: how much every second step differs.
        regularity: autocorrelation at one or at two step times, the larger; 0 where the amplitude is not a walker's and
            the line has most of the variance.
    """

    step_hz: float
    amplitude: float
    purity: float
    mean: float
    limp: float
    regularity: float

    @property
    def rms(self) -> float:
        """Root mean square of the vertical about its mean, g."""
        return self.amplitude / math.sqrt(2.0 * self.purity) if self.purity > 0.0 else 0.0


_LONGEST_LAG = 70
"""Samples; of a longer lag too little of the window is left."""
_STEP = 0.05
_LOWEST = 0.8
_HZ = np.arange(_LOWEST, 4.2 + _STEP / 2, _STEP)
_LINES = len(_HZ)
_TAPER = np.hanning(WINDOW + 2)[1:-1]
_TAPER = _TAPER / _TAPER.sum()
_TURNS = 2 * np.pi * np.outer(np.arange(WINDOW) / RATE_HZ, _HZ)
_BASIS = 2 * _TAPER[:, None] * np.concatenate([np.cos(_TURNS), np.sin(_TURNS)], axis=1)


def rhythm(acc: FloatArray, params: ActivityParams = PARAMS) -> Rhythm:
    """Step frequency and strength of the vertical bounce in one window.

    The mean is taken under the taper, so that a part of a stride at either end hardly tilts it.

    Args:
        acc: specific force in g, low-passed at 10 Hz, an absent axis 0; shape (WINDOW, 3).
        params: limits.
    """
    mean = _TAPER @ acc
    length = math.sqrt(float(mean @ mean))
    if length < LEAST_MEAN_G:
        return Rhythm(0.0, 0.0, 0.0, length, 0.0, 0.0)
    vertical = acc @ (mean / length) - length
    power = float(_TAPER @ (vertical * vertical))
    lines = vertical @ _BASIS
    lines *= lines
    squared = lines[:_LINES] + lines[_LINES:]
    k = int(squared.argmax())
    hz = float(_HZ[k])
    if 0 < k < _LINES - 1:
        left, top, right = float(squared[k - 1]), float(squared[k]), float(squared[k + 1])
        hz += _STEP * 0.5 * (left - right) / (left - 2 * top + right)
    peak = float(squared[k])
    half = round((0.5 * hz - _LOWEST) / _STEP)
    limp = math.sqrt(float(squared[half]) / peak) if half >= 0 and peak > 0 else 0.0
    amplitude, purity, regularity = math.sqrt(peak), peak / (2 * power + 1e-12), 0.0
    if amplitude >= params.walking_g[0] and (amplitude <= params.walking_g[1] or purity < params.flight_purity):
        regularity = max(_autocorrelation(vertical, round(steps * RATE_HZ / hz)) for steps in (1, 2))
    return Rhythm(hz, amplitude, purity, length, limp, regularity)


def _autocorrelation(signal: FloatArray, lag: int) -> float:
    """Correlation of a signal with itself some samples later; 0 where too little is left of it."""
    if lag > _LONGEST_LAG:
        return 0.0
    late, early = signal[lag:], signal[:-lag]
    late, early = late - late.mean(), early - early.mean()
    return float(late @ early) / math.sqrt(float(late @ late) * float(early @ early) + 1e-24)


@dataclass(frozen=True, slots=True)
class ActivityState:
    """Decision in force and what speaks for the next one.

    Attributes:
        activity: in force.
        flight: frames in a row that show a bounce with flight.
        jog: frames in a row that show a steady bounce without.
        walking: frames in a row that show a walker's rhythm.
        pause: frames in a row that do not show a walker's motion.
        step_hz: of the last frame.
        bounce: amplitude that running had when it was last seen, g.
        bouncing: the last frame bounced, whether or not running is established.
    """

    activity: Activity = "other"
    flight: int = 0
    jog: int = 0
    walking: int = 0
    pause: int = 0
    step_hz: float = 0.0
    bounce: float = 0.0
    bouncing: bool = False

    @property
    def moving(self) -> bool:
        """The last frame shows a gait, whether or not it is established."""
        return self.activity != "other" or self.bouncing or self.walking > 0


def update(state: ActivityState, r: Rhythm, params: ActivityParams = PARAMS) -> ActivityState:
    """Advance by one frame of 0.5 s.

    Running begins after `flight_frames` frames of a bounce with flight, or of a steady one with landings that only a
    runner's have, or `jog_frames` of one without either; the frames look back two seconds, so the bout's first steps
    lie before them: walk back over the contacts with `same_bout`. It ends when the bounce falls below half of what it
    was and lands hard no more, or leaves the range of cadence. Walking begins after
    `walking_frames` frames that repeat themselves, but not while what may be a jog is on trial, and ends after
    `pause_frames` that do not move like a walker.
    """
    too_quick = r.step_hz > params.quick_hz and r.amplitude >= params.quick_g
    most_limp = params.most_limp if r.amplitude >= params.flight_g else params.low_limp
    flies = r.amplitude >= params.flight_g and r.purity >= params.flight_purity
    lowest_hz = params.min_flight_hz if flies and r.amplitude >= params.free_fall_g else params.min_running_hz
    in_range = lowest_hz <= r.step_hz <= params.max_running_hz and r.limp <= most_limp
    steady = abs(r.step_hz - state.step_hz) <= params.steady_hz
    repeats = r.regularity >= params.walking_regularity
    hard = in_range and repeats and r.rms >= params.hard_g
    strong = in_range and (flies or (hard and steady))
    smooth = in_range and r.amplitude >= params.jog_g and r.purity * (1.0 + r.limp**2) >= params.jog_purity
    quick = in_range and too_quick and (repeats or r.purity >= params.flight_purity)
    clear = in_range and (repeats or r.purity >= params.kept_purity)
    flight = state.flight + 1 if strong else 0
    jog = state.jog + 1 if (smooth or quick) and steady else 0
    established = flight >= params.flight_frames or jog >= params.jog_frames
    was_running = state.activity == "running"
    goes_on = was_running and (hard or (clear and r.amplitude >= params.kept_share * state.bounce))
    like_walking = (
        params.walking_hz[0] <= r.step_hz <= 2 * params.walking_hz[1]
        and params.walking_g[0] <= r.amplitude <= params.walking_g[1]
        and r.purity >= params.walking_purity
        and not (too_quick or hard)
        and not (r.amplitude >= params.jog_g and r.limp > params.most_limp)
    )
    walking = state.walking + 1 if like_walking and jog == 0 and r.regularity >= params.walking_regularity else 0
    pause = 0 if like_walking else state.pause + 1
    activity: Activity = "other"
    if established or goes_on:
        activity = "running"
    elif walking >= params.walking_frames or (state.activity == "walking" and pause < params.pause_frames):
        activity = "walking"
    bounce = r.amplitude if activity == "running" else 0.0
    bouncing = strong or smooth or activity == "running"
    return ActivityState(activity, flight, jog, walking, pause, r.step_hz, bounce, bouncing)


def unlike(r: Rhythm, params: ActivityParams = PARAMS) -> bool:
    """Whether a strong bounce repeats itself: where it is none of the activities, that wants a word.

    A runner out of the range of cadence or with one leg far from the other looks as who skips or hops does.
    """
    repeats = r.purity >= params.flight_purity or r.regularity >= params.walking_regularity
    return repeats and r.amplitude >= TOUCHING_G


def same_bout(interval_s: float, swing_g: float, usual_s: float, usual_g: float) -> bool:
    """Whether a contact continues a bout of running.

    Alternate steps of a side-worn sensor differ by 20 % in time and 45 % in height, a step of walking has a third of
    the swing of a running step.

    Args:
        interval_s: since the neighbouring contact.
        swing_g: highest minus lowest vertical of the step.
        usual_s: median interval in the bout.
        usual_g: median swing in the bout.
    """
    return 0.2 <= interval_s <= 0.55 and 0.6 <= interval_s / usual_s <= 1.6 and swing_g >= 0.5 * usual_g
