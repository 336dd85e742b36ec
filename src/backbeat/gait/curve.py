"""Small questions asked of one signal, given as a list: a step has so few samples that plain Python is the fastest."""

from __future__ import annotations

from collections.abc import Sequence

Curve = Sequence[float]


def vertex(curve: Curve, at: int) -> tuple[float, float]:
    """Place and value, between samples, of the extremum at a sample: the parabola through three samples."""
    c = min(max(at, 1), len(curve) - 2)
    left, middle, right = curve[c - 1], curve[c], curve[c + 1]
    slope, bend = left - right, left - 2.0 * middle + right
    if bend == 0.0:
        return float(c), middle
    shift = min(max(0.5 * slope / bend, -0.5), 0.5)
    return c + shift, middle - 0.25 * slope * shift


def crossing(curve: Curve, level: float, at: int) -> float:
    """Place where the signal crosses a level between `at - 1` and `at`, by the straight line."""
    c = min(max(at, 1), len(curve) - 1)
    before, rise = curve[c - 1], curve[c] - curve[c - 1]
    return c - 1.0 if rise == 0.0 else c - 1.0 + min(max((level - before) / rise, 0.0), 1.0)
