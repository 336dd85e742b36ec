"""Small questions asked of many rows at once; rows are stances, columns are grid samples around them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from backbeat.samples import BoolArray, FloatArray

Columns = NDArray[np.intp]


def vertex(rows: FloatArray, column: Columns) -> tuple[FloatArray, FloatArray]:
    """Place and value, between samples, of the extremum at a column of each row: the parabola through three samples."""
    n = np.arange(len(rows))
    c = np.clip(column, 1, rows.shape[1] - 2)
    left, middle, right = rows[n, c - 1], rows[n, c], rows[n, c + 1]
    bend = left - 2 * middle + right
    shift = np.clip(0.5 * (left - right) / np.where(bend == 0, np.inf, bend), -0.5, 0.5)
    return c + shift, middle - 0.25 * (left - right) * shift


def lowest(rows: FloatArray, mask: BoolArray) -> Columns:
    """Column of the lowest value inside the mask."""
    return np.argmin(np.where(mask, rows, np.inf), axis=1)


def highest(rows: FloatArray, mask: BoolArray) -> Columns:
    """Column of the highest value inside the mask."""
    return np.argmax(np.where(mask, rows, -np.inf), axis=1)


def crossing(rows: FloatArray, level: FloatArray, column: Columns) -> FloatArray:
    """Place where each row crosses a level between `column - 1` and `column`, by the straight line."""
    n = np.arange(len(rows))
    c = np.clip(column, 1, rows.shape[1] - 1)
    a, b = rows[n, c - 1], rows[n, c]
    return np.asarray(c - 1 + np.clip((level - a) / np.where(b == a, np.inf, b - a), 0.0, 1.0))


def mean(rows: FloatArray, mask: BoolArray) -> FloatArray:
    """Mean of each row inside the mask, shape (rows, 1)."""
    return np.asarray(
        np.where(mask, rows, 0.0).sum(axis=1, keepdims=True) / np.maximum(mask.sum(axis=1, keepdims=True), 1)
    )


def decorrelated(rows: FloatArray, other: FloatArray, mask: BoolArray) -> FloatArray:
    """Rows less the share of `other` that they correlate with inside the mask; slopes, shape (rows, 1)."""
    part = np.where(mask, other - mean(other, mask), 0.0)
    power = (part * part).sum(axis=1, keepdims=True)
    return np.asarray(
        (part * np.where(mask, rows, 0.0)).sum(axis=1, keepdims=True) / np.where(power > 0, power, np.inf)
    )
