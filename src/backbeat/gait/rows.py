"""Small questions asked of many rows at once; rows are stances, columns are grid samples around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from backbeat.samples import FloatArray

Columns = NDArray[np.intp]

_AROUND = np.array([-1, 0, 1])


def vertex(rows: FloatArray, row: Columns, column: Columns) -> tuple[FloatArray, FloatArray]:
    """Place and value, between samples, of the extremum at a column of a row: the parabola through three samples."""
    c = np.minimum(np.maximum(column, 1), rows.shape[1] - 2)
    left, middle, right = rows[row, _AROUND[:, None] + c]
    slope = left - right
    bend = left - 2 * middle + right
    bend[bend == 0] = np.inf
    shift = np.minimum(np.maximum(0.5 * slope / bend, -0.5), 0.5)
    return c + shift, middle - 0.25 * slope * shift


def crossing(rows: FloatArray, level: FloatArray, row: Columns, column: Columns) -> FloatArray:
    """Place where a row crosses a level between `column - 1` and `column`, by the straight line."""
    c = np.minimum(np.maximum(column, 1), rows.shape[1] - 1)
    a, b = rows[row, c - 1], rows[row, c]
    rise = b - a
    rise[rise == 0] = np.inf
    return np.asarray(c - 1 + np.minimum(np.maximum((level - a) / rise, 0.0), 1.0))


def total(signals: FloatArray, weights: FloatArray) -> FloatArray:
    """Sums of signals (n, k, columns) under weights (n, columns), shape (n, k)."""
    return np.asarray(np.matmul(signals, weights[:, :, None])[:, :, 0])
