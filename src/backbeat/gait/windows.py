"""Signals around a stance in body axes; columns are grid samples counted from the window's first one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backbeat.gait.curve import vertex
from backbeat.gait.queue import SETTLE, Settled
from backbeat.gait.stretch import Stretch
from backbeat.gait.track import Track
from backbeat.samples import FloatArray

BEFORE, AFTER = 40, 44
"""Columns before and at most after the peak: the valley before, and the beginning of the next contact."""
REACH = {"running": SETTLE, "walking": 30}
"""Columns after the valley behind the stance; they are there when the stance is settled, however the readings come."""


@dataclass(frozen=True, slots=True)
class Window:
    """Specific force in g, angular rate in rad/s.

    Attributes:
        start: grid index of column 0.
        before: column of the valley before the stance.
        after: column of the valley after it.
        valley: the same between samples in running, from the 5 Hz vertical.
        body10: forward, left, up and, with a gyroscope, roll, pitch, yaw at 10 Hz; shape (3 or 6, columns).
        forward10: forward at 10 Hz.
        up10: up at 10 Hz.
        forward20: forward at 20 Hz.
        up20: up at 20 Hz.
    """

    start: int
    before: int
    after: int
    valley: float
    body10: FloatArray
    forward10: list[float]
    up10: list[float]
    forward20: list[float]
    up20: list[float]


def cut(stretch: Stretch, item: Settled, matrix: FloatArray) -> Window:
    """The window around a stance.

    Args:
        stretch: the signals.
        item: the stance.
        matrix: body axes in force for it.
    """
    stance, low = item.stance, stretch.low
    start, after = stance.peak - BEFORE, min(stance.after - stance.peak, AFTER - 1)
    end = stance.peak + min(AFTER, after + REACH[item.activity]) + 1
    first, last = max(start, low.start), min(end, low.end)
    sensor = low.view(first, last)
    if last - first < end - start:  # the first or the last sample stands in for what is not there
        sensor = np.pad(sensor, ((0, 0), (first - start, end - last)), mode="edge")
    body = np.matmul(matrix, sensor.reshape(-1, 3, end - start))
    (forward20, _, up20), (forward10, _, up10) = body[:2].tolist()
    return Window(
        start,
        min(max(stance.before - start, 0), BEFORE),
        BEFORE + after,
        _between(stretch.up5, stance.after) - start if item.activity == "running" else float(BEFORE + after),
        body[1:].reshape(-1, end - start),
        forward10,
        up10,
        forward20,
        up20,
    )


def _between(up5: Track, valley: int) -> float:
    """Place of a minimum of the 5 Hz vertical between samples."""
    first = min(max(valley, up5.start + 1), up5.end - 2) - 1
    return vertex(up5.view(first, first + 3)[0].tolist(), 1)[0] + first
