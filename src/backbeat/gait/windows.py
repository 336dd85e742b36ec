"""Signals around a stance in body axes; columns are grid samples counted from the window's first one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backbeat.gait.curve import vertex
from backbeat.gait.queue import Settled
from backbeat.gait.stretch import Stretch
from backbeat.gait.track import Track
from backbeat.samples import FloatArray

BEFORE, AFTER = 40, 44
"""Columns before and after the peak: the valley before, and the beginning of the next contact."""
COLUMNS = BEFORE + AFTER + 1


@dataclass(frozen=True, slots=True)
class Window:
    """Specific force in g, angular rate in rad/s.

    Attributes:
        start: grid index of column 0.
        before: column of the valley before the stance.
        after: column of the valley after it.
        valley: the same between samples, from the 5 Hz vertical.
        body10: forward, left, up and, with a gyroscope, roll, pitch, yaw at 10 Hz; shape (3 or 6, COLUMNS).
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
    start = stance.peak - BEFORE
    if start >= low.start and start + COLUMNS <= low.end:
        sensor = low.view(start, start + COLUMNS)
    else:  # the first or the last sample stands in for what is not there
        first, last = max(start, low.start), min(start + COLUMNS, low.end)
        missing = (first - start, start + COLUMNS - last)
        sensor = np.pad(low.view(first, last), ((0, 0), missing), mode="edge")
    body = np.matmul(matrix, sensor.reshape(-1, 3, COLUMNS))
    (forward20, _, up20), (forward10, _, up10) = body[:2].tolist()
    return Window(
        start,
        min(max(stance.before - start, 0), BEFORE),
        min(stance.after - start, COLUMNS - 2),
        _between(stretch.up5, stance.after) - start,
        body[1:].reshape(-1, COLUMNS),
        forward10,
        up10,
        forward20,
        up20,
    )


def _between(up5: Track, valley: int) -> float:
    """Place of a minimum of the 5 Hz vertical between samples."""
    first = min(max(valley, up5.start + 1), up5.end - 2) - 1
    return vertex(up5.view(first, first + 3)[0].tolist(), 1)[0] + first
