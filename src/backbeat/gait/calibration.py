"""How a sensor is worn and how this runner's right foot shows itself, from standing still and hopping on it.

Standing tells up: the specific force is the reaction to gravity. Hopping forward tells forward: who hops is a bouncing
spring, so forward speed is lost while the body sinks and regained while it rises (Cavagna et al. 1976,
doi:10.1113/jphysiol.1976.sp011613), and over a stance the forward force goes with the vertical velocity. Sideways
force hardly does: the foot stands below the body. That is good to some 30 degrees, enough to tell front from back; the
motion of a run gives the direction itself.

Left and right follow from up and forward. What is left to find is whether this runner's pelvis does what most do: on
the right foot the free, left side drops and comes back (Novacheck 1998, doi:10.1016/S0966-6362(97)00038-6). Without a
gyroscope it is the sideways force that leans to the standing side, as in `backbeat.gait.legs`. Both laws are taken from
running; that they hold in hops has been tried on simulated runners only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from backbeat.gait.mount import Legs, Worn
from backbeat.samples import STANDARD_GRAVITY, FloatArray, Samples

STILL_S = 2.0
STILL_G = 0.05
"""Somebody who stands still sways by a hundredth of g; who does not, by a tenth."""
HOPS = 5
LEAST_STANCES = 4
"""Five hops have four stances with flight before and after them; the last landing is another thing."""
FLIGHT_G = 0.4
"""Less vertical force than this is flight (true flight reads 0, and some more at the hip that still turns)."""
LOADED_G = 1.2
SHORTEST_FLIGHT_S, LONGEST_STANCE_S = 0.05, 0.8
SMOOTH_S = 0.03
"""Moving mean over the vertical force: the shock of landing rings through zero."""
LEAST_FORWARD_G = 0.02
"""Forward force that goes with the vertical velocity, root mean square in g, below which nobody hopped forward."""
SURE_Z = 3.0
"""Standard errors by which the hops must agree on a sign."""


class CalibrationError(ValueError):
    """What the runner did cannot be used; one sentence that says what to do instead."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody stands still.

    Attributes:
        up: unit vector (3,) in sensor axes.
        drift: the gyroscope's mean reading at rest, rad/s, shape (3,); None without one.
    """

    up: FloatArray
    drift: FloatArray | None


def standing(readings: Samples) -> Standing:
    """The stillest two seconds of somebody who stands.

    Raises:
        CalibrationError: too few readings, or there are no two still seconds.
    """
    acc = readings.acc / STANDARD_GRAVITY
    if not len(readings) or readings.time[-1] - readings.time[0] < STILL_S:
        raise CalibrationError("There were too few readings to see how the sensor is worn; see `backbeat doctor`.")
    n = int(np.searchsorted(readings.time, readings.time[0] + STILL_S))
    starts = range(0, len(acc) - n + 1, max(n // 4, 1))
    spread = [float(np.var(acc[start : start + n], axis=0).sum()) for start in starts]
    if not min(spread) <= STILL_G**2:
        raise CalibrationError("You did not stand still for two seconds; please try again.")
    first = starts[int(np.argmin(spread))]
    mean = acc[first : first + n].mean(axis=0)
    drift = None if readings.gyr is None else readings.gyr[first : first + n].mean(axis=0)
    return Standing(mean / np.linalg.norm(mean), drift)


def worn(still: Standing, readings: Samples) -> Worn:
    """How the sensor is worn, from the readings of hops forward on the right foot after standing.

    Raises:
        CalibrationError: too few hops, or they were not forward.
    """
    acc = readings.acc / STANDARD_GRAVITY
    stances = hops(acc @ still.up, readings.time)
    if len(stances) < LEAST_STANCES:
        raise CalibrationError(
            f"Too few hops could be seen ({len(stances)} landings); please hop at least {HOPS} times in a row on the "
            "right foot, so that it leaves the ground each time."
        )
    forward = _forward(acc, still.up, readings.time, stances)
    left = np.cross(still.up, forward)
    evidence = [_right_footed(readings, still, forward, left, begin, end) for begin, end in stances]
    middle, error = _middle(np.array(evidence)[:, None])
    sure = bool(abs(middle[0]) > SURE_Z * error[0])
    legs: Legs = "usual" if middle[0] > 0 else "reversed"
    return Worn(_tuple(still.up), _tuple(forward), legs if sure else None)


def hops(vertical: FloatArray, time: FloatArray) -> list[tuple[int, int]]:
    """First and last reading of each stance that has flight before and after it.

    Args:
        vertical: specific force along up, g, shape (n,).
        time: s, shape (n,).
    """
    if len(time) < 3:
        return []
    period = float(np.median(np.diff(time)))
    width = max(1, round(SMOOTH_S / period))
    smooth = np.convolve(vertical, np.full(width, 1.0 / width), mode="same")
    edges = np.flatnonzero(np.diff((smooth < FLIGHT_G).astype(np.int8), prepend=0, append=0))
    flights = [
        (int(begin), int(end))
        for begin, end in edges.reshape(-1, 2)
        if time[min(end, len(time) - 1)] - time[begin] >= SHORTEST_FLIGHT_S
    ]
    stances = []
    for (_, landing), (toe_off, _) in pairwise(flights):
        if time[toe_off] - time[landing] <= LONGEST_STANCE_S and smooth[landing:toe_off].max() > LOADED_G:
            stances.append((landing, toe_off))
    return stances


def _forward(acc: FloatArray, up: FloatArray, time: FloatArray, stances: list[tuple[int, int]]) -> FloatArray:
    """Unit vector (3,) of the level force that goes with the vertical velocity."""
    leads = []
    for begin, end in stances:
        force = acc[begin:end]
        vertical = force @ up
        velocity = np.cumsum(vertical - vertical.mean()) * float(np.mean(np.diff(time[begin : end + 1])))
        velocity -= velocity.mean()
        level = force - vertical[:, None] * up
        leads.append(
            (velocity / (np.linalg.norm(velocity) or 1.0)) @ (level - level.mean(axis=0)) / math.sqrt(end - begin)
        )
    middle, error = _middle(np.array(leads))
    middle = middle - (middle @ up) * up
    size = float(np.linalg.norm(middle))
    if size < max(LEAST_FORWARD_G, SURE_Z * float(np.linalg.norm(error))):
        raise CalibrationError("The hops show no direction; please hop forward, about half a metre each time.")
    return middle / size


def _right_footed(
    readings: Samples, still: Standing, forward: FloatArray, left: FloatArray, begin: int, end: int
) -> float:
    """How far one stance looks right-footed as in most people; its unit does not matter."""
    if readings.gyr is None or still.drift is None:
        return float(-(readings.acc[begin:end] @ left).mean())
    roll = np.cumsum((readings.gyr[begin:end] - still.drift) @ forward)
    third = len(roll) // 3
    return float(0.5 * (roll[0] + roll[-1]) - roll[third : len(roll) - third].mean())


def _tuple(vector: FloatArray) -> tuple[float, float, float]:
    x, y, z = (round(value, 6) for value in vector.tolist())
    return x, y, z


def _middle(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Median over hops and its standard error, both (k,), of values (hops, k): one bad landing spoils nothing."""
    middle = np.median(values, axis=0)
    spread = 1.4826 * np.median(np.abs(values - middle), axis=0)  # the standard deviation where all are alike
    return middle, 1.2533 * spread / math.sqrt(len(values))
