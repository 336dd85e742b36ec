"""Pictures as inline SVG. Shape and words carry the meaning, colour only helps; a table stands behind each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 680.0, 170.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 10.0, 12.0, 26.0


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a place along the picture, shown as a triangle with its number."""

    x: float
    number: int
    text: str


def _ticks(low: float, high: float, about: int) -> list[float]:
    step = 10.0 ** math.floor(math.log10((high - low) / about))
    step *= next(f for f in (1.0, 2.0, 5.0, 10.0) if (high - low) / (step * f) <= about)
    first = math.ceil(low / step - 1e-9)
    return [round((first + k) * step, 10) for k in range(int((high - first * step) / step + 1e-9) + 1)]


def timeline(
    title: str,
    unit: str,
    points: Sequence[tuple[float, float | None]],
    x_range: tuple[float, float],
    *,
    marks: Sequence[Mark] = (),
    least_span: float = 0.0,
    zero: bool = False,
    x_unit: str = "min",
) -> str:
    """A line through the points, interrupted where a value is missing; "" without values.

    Args:
        title: what it shows, read out by screen readers with the range.
        unit: of the values.
        points: place along the picture and value.
        x_range: of the places.
        marks: triangles at the foot.
        least_span: the axis shows at least so much, so that noise does not look like change.
        zero: draw a line at 0.
        x_unit: of the places.
    """
    known = [y for _, y in points if y is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    room = max(0.08 * (high - low), (least_span - (high - low)) / 2, 1e-9 + 0.01 * abs(high))
    low, high = low - room, high + room
    x0, x1 = x_range[0], max(x_range[1], x_range[0] + 1e-9)

    def at(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
        return across, HEIGHT - BOTTOM - (y - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    parts = []
    for tick in _ticks(low, high, 4):
        _, y = at(x0, tick)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in _ticks(x0, x1, 7):
        x, _ = at(tick, low)
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{tick:g}</text>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">{escape(x_unit)}</text>')
    if zero and low < 0 < high:
        _, y = at(x0, 0.0)
        parts.append(f'<line class="zero" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
    for stretch in _stretches(points):
        if len(stretch) == 1:
            x, y = at(*stretch[0])
            parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="3"/>')
        else:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*p) for p in stretch))
            parts.append(f'<polyline class="line" points="{path}"/>')
    for mark in marks:
        x, _ = at(min(max(mark.x, x0), x1), low)
        foot = HEIGHT - BOTTOM
        parts.append(
            f'<g class="mark"><title>{escape(mark.text)}</title>'
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{foot}"/>'
            f'<path d="M{x - 8:.1f},{TOP} h16 l-8,13 z"/>'
            f'<text x="{x:.1f}" y="{TOP + 9:.1f}" text-anchor="middle">{mark.number}</text></g>'
        )
    label = f"{title}: from {min(known):.3g} to {max(known):.3g} {unit}"
    return (
        f'<figure><figcaption>{escape(title)} <span class="unit">{escape(unit)}</span></figcaption>'
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
        "</figure>"
    )


def _stretches(points: Sequence[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    out: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is None:
            out.append([])
        else:
            out[-1].append((x, y))
    return [stretch for stretch in out if stretch]


def interval(low: float, value: float, high: float, span: float) -> str:
    """An interval about 0, from -span to span: a bar with a mark at the value."""

    def at(x: float) -> float:
        return 100 + 96 * min(max(x / span, -1.0), 1.0)

    return (
        f'<svg class="interval" viewBox="0 0 200 20" aria-hidden="true"><line class="zero" x1="100" x2="100" y1="0" '
        f'y2="20"/><line class="range" x1="{at(low):.1f}" x2="{at(high):.1f}" y1="10" y2="10"/>'
        f'<circle class="dot" cx="{at(value):.1f}" cy="10" r="4"/></svg>'
    )


def gauge(low: float, value: float, high: float) -> str:
    """0 to 100 with an interval."""
    return (
        f'<svg class="gauge" viewBox="0 0 220 26" aria-hidden="true"><rect class="track" x="10" y="9" width="200" '
        f'height="8" rx="4"/><rect class="range" x="{10 + 2 * low:.1f}" y="9" width="{max(2 * (high - low), 2):.1f}" '
        f'height="8" rx="4"/><line class="value" x1="{10 + 2 * value:.1f}" x2="{10 + 2 * value:.1f}" y1="3" y2="23"/>'
        "</svg>"
    )
