"""A plain chart as inline SVG: axes with round ticks, and marks in data coordinates."""

from __future__ import annotations

from html import escape
from math import ceil, floor, log10

WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 34, 46


def round_ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Round numbers between low and high."""
    span = max(high - low, 1e-12)
    step = 10.0 ** floor(log10(span / about))
    step *= next(factor for factor in (1, 2, 5, 10) if span / (step * factor) <= about)
    return [round(i * step, 10) for i in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


class Chart:
    """Collects marks; `svg` draws them. Colours are CSS classes (`a`, `b`, `c`, `d`) of the page."""

    def __init__(
        self,
        title: str,
        x: tuple[float, float],
        y: tuple[float, float],
        x_label: str,
        y_label: str,
        height: int = HEIGHT,
    ) -> None:
        self._title, self._x, self._y, self._height = title, x, y, height
        self._labels = x_label, y_label
        self._marks: list[str] = []

    def _at(self, x: float, y: float) -> tuple[float, float]:
        (x0, x1), (y0, y1) = self._x, self._y
        across = LEFT + (x - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
        down = self._height - BOTTOM - (y - y0) / (y1 - y0) * (self._height - TOP - BOTTOM)
        return round(across, 1), round(down, 1)

    def dot(self, x: float, y: float, colour: str) -> None:
        """A small dot."""
        px, py = self._at(x, y)
        self._marks.append(f'<circle cx="{px}" cy="{py}" r="2.4" class="fill {colour}"/>')

    def bar(self, low: float, high: float, y: float, colour: str) -> None:
        """A bar from 0 to y."""
        x0, top = self._at(low, y)
        x1, base = self._at(high, 0.0)
        size = f'width="{max(0.5, x1 - x0 - 0.5):.1f}" height="{base - top:.1f}"'
        self._marks.append(f'<rect x="{x0}" y="{top}" {size} class="fill {colour}"/>')

    def line(self, points: list[tuple[float, float]], colour: str) -> None:
        """A line through the points."""
        path = " ".join(f"{px},{py}" for px, py in (self._at(x, y) for x, y in points))
        self._marks.append(f'<polyline points="{path}" class="line {colour}"/>')

    def level(self, y: float, text: str, colour: str, dashed: bool = False) -> None:
        """A horizontal line over the whole width with a word at its end."""
        _, py = self._at(self._x[0], y)
        style = f"line {colour}{' dashed' if dashed else ''}"
        self._marks.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{py}" y2="{py}" class="{style}"/>')
        self._marks.append(f'<text x="{WIDTH - RIGHT - 2}" y="{py - 4}" text-anchor="end">{escape(text)}</text>')

    def upright(self, x: float, share: tuple[float, float], colour: str, dashed: bool = False) -> None:
        """A vertical line over a share of the height, counted from below."""
        low, high = (self._y[0] + s * (self._y[1] - self._y[0]) for s in share)
        (px, p0), (_, p1) = self._at(x, low), self._at(x, high)
        style = f"line {colour}{' dashed' if dashed else ''}"
        self._marks.append(f'<line x1="{px}" x2="{px}" y1="{p0}" y2="{p1}" class="{style}"/>')

    def svg(self, described: str) -> str:
        """The chart; `described` is what a screen reader says."""
        parts = [
            f'<svg viewBox="0 0 {WIDTH} {self._height}" role="img" aria-label="{escape(described, quote=True)}">',
            f'<text x="{LEFT}" y="18" class="title">{escape(self._title)}</text>',
        ]
        floor_y = self._height - BOTTOM
        for tick in round_ticks(*self._x):
            px, _ = self._at(tick, self._y[0])
            parts.append(f'<line x1="{px}" x2="{px}" y1="{TOP}" y2="{floor_y}" class="grid"/>')
            parts.append(f'<text x="{px}" y="{floor_y + 15}" text-anchor="middle">{tick:g}</text>')
        for tick in round_ticks(*self._y):
            _, py = self._at(self._x[0], tick)
            parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{py}" y2="{py}" class="grid"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{py + 4}" text-anchor="end">{tick:g}</text>')
        middle = (LEFT + WIDTH - RIGHT) / 2
        half = (TOP + floor_y) / 2
        parts += self._marks
        parts.append(f'<text x="{middle}" y="{self._height - 8}" text-anchor="middle">{escape(self._labels[0])}</text>')
        turned = f'x="14" y="{half}" text-anchor="middle" transform="rotate(-90 14 {half})"'
        parts.append(f"<text {turned}>{escape(self._labels[1])}</text>")
        return "".join([*parts, "</svg>"])
