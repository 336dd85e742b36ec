"""Signals around stances in body axes: one row a stance, one column an offset from its peak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backbeat.gait.queue import Settled
from backbeat.gait.rows import Columns
from backbeat.gait.stretch import Stretch
from backbeat.gait.track import Track
from backbeat.samples import FloatArray

BEFORE, AFTER = 40, 44
"""Columns before and after the peak: the valley before, and the beginning of the next contact."""
COLUMN = np.arange(BEFORE + AFTER + 1)


@dataclass(frozen=True, slots=True)
class Windows:
    """Signals have the shape (stances, columns), specific force in g, angular rate in rad/s; columns are fractional.

    Attributes:
        start: grid index of column 0, shape (stances,).
        before: column of the valley before the stance, shape (stances,).
        after: column of the valley after it, shape (stances,).
        valley: the same between samples, from the 5 Hz vertical.
        body10: forward, left, up and, with a gyroscope, roll, pitch, yaw; shape (stances, 3 or 6, columns), 10 Hz.
        body20: forward, left, up; 20 Hz.
        step: 1.0 in the columns from valley to valley, elsewhere 0.0.
    """

    start: NDArray[np.int64]
    before: Columns
    after: Columns
    valley: FloatArray
    body10: FloatArray
    body20: FloatArray
    step: FloatArray


def cut(stretch: Stretch, settled: Sequence[Settled]) -> Windows:
    """The windows around stances that have just settled, each in the body axes in force for it."""
    places = np.array([(s.stance.peak, s.stance.before, s.stance.after, s.frame) for s in settled])
    peak, before, after, frame = places.T
    low = stretch.low
    start = peak - BEFORE
    at = start[:, None] + COLUMN
    if int(start.min()) < low.start or int(peak.max()) + AFTER >= low.end:
        at = np.minimum(np.maximum(at, low.start), low.end - 1)
    # forward, left, up: 20 Hz, 10 Hz; roll, pitch, yaw: 10 Hz
    sensor = low.at(stretch.measured, at).reshape(len(peak), -1, 3, len(COLUMN))
    body = np.matmul(stretch.frames.matrices(frame)[:, None], sensor)
    first = np.minimum(np.maximum(before - start, 0), BEFORE)
    last = np.minimum(after - start, BEFORE + AFTER - 1)
    step = ((first[:, None] <= COLUMN) & (last[:, None] >= COLUMN)).astype(float)
    body10 = body[:, 1:].reshape(len(peak), -1, len(COLUMN))
    return Windows(start, first, last, _vertex_at(stretch.up5, after) - start, body10, body[:, 0], step)


def _vertex_at(up5: Track, valley: NDArray[np.int64]) -> FloatArray:
    """Place of a minimum of the 5 Hz vertical between samples, by the parabola through three."""
    at = np.minimum(np.maximum(valley, up5.start + 1), up5.end - 2)
    left, middle, right = up5.at(_ONLY, at[:, None] + _AROUND)[:, 0].T
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / np.where(bend > 0, bend, np.inf)
    return np.asarray(valley + np.minimum(np.maximum(shift, -0.5), 0.5))


_AROUND = np.array([-1, 0, 1])
_ONLY = np.array([0])
