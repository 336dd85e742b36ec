"""Do numbers look like a hip sensor's readings in m/s², rad/s and seconds? A wrong unit is told, never guessed."""

from __future__ import annotations

import numpy as np

from backbeat.samples import STANDARD_GRAVITY, FloatArray

GRAVITY_RANGE_G = (0.5, 2.0)
"""Where the median |specific force| of a worn sensor lies, standing or running; in free fall 0, in one step up to 5."""

RATE_RANGE_HZ = (23.0, 10_000.0)
"""More than 45 ms between readings is a gap for the analysis: slower files would be read and show nothing."""

FASTEST_HIP_RAD_S = 20.0
"""A hip turns at up to about 8 rad/s while running; a tenth of all readings above this are degrees."""


def time_fault(time: FloatArray) -> str | None:
    """What is wrong with the unit of a time column, in words; None where nothing is."""
    steps = np.diff(time)
    step = float(np.median(steps)) if len(steps) else 0.01
    if step <= 0.0:
        return "the time column does not increase; sort the readings by time"
    low, high = RATE_RANGE_HZ
    if low <= 1.0 / step <= high:
        return None
    for factor, unit in ((1e3, "milliseconds"), (1e6, "microseconds"), (1e9, "nanoseconds")):
        if low <= factor / step <= high and step >= 1.5:
            return (
                f"readings are {step:g} apart in time, which looks like {unit}; divide the time column by {factor:.0f}"
            )
    return (
        f"readings are {step:g} s apart, and running needs {low:g} to {high:g} readings a second; give time in seconds"
    )


def acceleration_fault(acc: FloatArray) -> str | None:
    """What is wrong with the unit of accelerations, shape (n, axes), in words; None where nothing is."""
    median = float(np.median(np.sqrt(np.sum(acc * acc, axis=1))))
    low, high = (limit * STANDARD_GRAVITY for limit in GRAVITY_RANGE_G)
    if low <= median <= high:
        return None
    if GRAVITY_RANGE_G[0] <= median <= GRAVITY_RANGE_G[1]:
        remedy = "it looks like g, not m/s²; multiply the acc_ columns by 9.80665"
    elif 500 <= median <= 2000:
        remedy = "it looks like thousandths of g, not m/s²; multiply the acc_ columns by 0.00980665"
    elif median < low:
        remedy = "gravity or the vertical axis seems to be missing; record the acceleration with gravity, in m/s²"
    else:
        remedy = "it looks like raw counts; multiply the acc_ columns by the sensor's m/s² a count"
    return f"the median |acceleration| is {median:.4g} where a worn sensor has about 9.8 m/s²: {remedy}"


def rotation_fault(gyr: FloatArray) -> str | None:
    """What is wrong with the unit of angular rates, shape (n, 3), in words; None where nothing is."""
    fast = float(np.quantile(np.sqrt(np.sum(gyr * gyr, axis=1)), 0.9))
    if fast <= FASTEST_HIP_RAD_S:
        return None
    return (
        f"a tenth of the angular rates are above {fast:.4g} where a hip reaches 8 rad/s: "
        "it looks like °/s; multiply the gyr_ columns by 0.0174533"
    )
