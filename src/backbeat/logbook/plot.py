"""A recording as a picture: SVG that opens in any browser and loads nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias
from xml.sax.saxutils import escape

import numpy as np

from backbeat.events import ActivityChange, Alert, Event, Step
from backbeat.samples import STANDARD_GRAVITY, FloatArray, Samples

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 1200, 440, 60, 70, 50
COLUMNS = WIDTH - LEFT - 50

SHADE = {"running": "#0072b2", "walking": "#009e73", "other": "#999999"}
"""Colours that colour-blind people can tell apart (Okabe and Ito)."""

STEPS_SHOWN_UP_TO_S = 30.0


def svg(name: str, readings: Samples, events: Sequence[Event]) -> str:
    """|acceleration| over time with what was found: activities as a band, steps where there is room, alerts."""
    size = np.sqrt(np.nansum(readings.acc**2, axis=1)) / STANDARD_GRAVITY
    start, end = float(readings.time[0]), float(readings.time[-1])
    top = max(2.0, float(np.ceil(size.max())))

    def x(time: float) -> float:
        return LEFT + COLUMNS * (time - start) / max(end - start, 1e-9)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top

    frame = f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="20" font-size="16">{escape(name)}: size of the acceleration in g</text>',
    ]
    for value in np.arange(0.0, top + 0.5, 1.0 if top <= 8 else 4.0):
        parts.append(f'<path d="M{LEFT} {y(value):.1f}H{LEFT + COLUMNS}" stroke="#dddddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    marks = np.linspace(start, end, 7)
    parts += [f'<text x="{x(at):.1f}" y="{HEIGHT - 28}" text-anchor="middle">{at:.1f} s</text>' for at in marks]
    parts.append(f'<path d="{_envelope(readings.time, size, x, y)}" fill="none" stroke="#333333" stroke-width="0.8"/>')
    for event in events:
        if isinstance(event, ActivityChange):
            place = f'x="{x(event.start):.1f}" y="{TOP - 32}" width="{x(event.end) - x(event.start):.1f}" height="12"'
            parts.append(f'<rect {place} fill="{SHADE[event.activity]}"><title>{event.activity}</title></rect>')
        elif isinstance(event, Step) and end - start <= STEPS_SHOWN_UP_TO_S:
            letter = (event.side or "?")[0].upper()
            parts.append(
                f'<path d="M{x(event.time):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#d55e00" stroke-width="0.8"/>'
            )
            parts.append(f'<text x="{x(event.time):.1f}" y="{TOP - 2}" text-anchor="middle">{letter}</text>')
        elif isinstance(event, Alert) and event.state == "raised":
            told = escape(event.message or event.alert)
            parts.append(
                f'<path d="M{x(event.time):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#cc79a7" stroke-width="2">'
                f"<title>{told}</title></path>"
            )
    for index, (activity, colour) in enumerate(SHADE.items()):
        parts.append(f'<rect x="{LEFT + 110 * index}" y="{HEIGHT - 16}" width="12" height="12" fill="{colour}"/>')
        parts.append(f'<text x="{LEFT + 18 + 110 * index}" y="{HEIGHT - 5}">{activity}</text>')
    parts.append(f'<text x="{LEFT + 340}" y="{HEIGHT - 5}">orange lines: steps with L and R; pink lines: alerts</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


Scale: TypeAlias = Callable[[float], float]


def _envelope(time: FloatArray, size: FloatArray, x: Scale, y: Scale) -> str:
    """The curve; where readings are denser than the picture, the least and the greatest of each column."""
    if len(time) <= 2 * COLUMNS:
        return "M" + "L".join(f"{x(t):.1f} {y(s):.1f}" for t, s in zip(time.tolist(), size.tolist(), strict=True))
    edges = np.searchsorted(time, np.linspace(time[0], time[-1], COLUMNS + 1)[:-1])
    edges = np.unique(edges)
    low, high = np.minimum.reduceat(size, edges), np.maximum.reduceat(size, edges)
    return "".join(f"M{x(time[e]):.1f} {y(a):.1f}V{y(b):.1f}" for e, a, b in zip(edges, low, high, strict=True))
