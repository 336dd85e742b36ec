"""Live charts and the trend over weeks, each with its table behind it.

ECharts comes with NiceGUI and is served from here. A page gets the points so far once, and then only new ones.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from backbeat.dashboard.elements import Box, Text
from backbeat.dashboard.runner import POINTS, Point, Runner
from backbeat.words import clock

GAP_S = 3.0
"""A line is not drawn over more than this without a message."""

ROWS = 20
"""Of the table behind a live chart."""

DRAW = """<script>
let backbeatDrawn = Promise.resolve();
function backbeatDraw(charts, most, anew) {
  backbeatDrawn = backbeatDrawn.then(async () => {
    for (const [id, points] of charts) {
      while (!getElement(id)?.chart?.getOption()?.series) await new Promise((done) => setTimeout(done, 100));
      const chart = getElement(id).chart;
      const series = chart.getOption().series.map((each, index) => ({
        data: (anew ? [] : each.data).concat(points.map((point) => [point[0], point[index + 1]])).slice(-most),
      }));
      chart.setOption({series});
    }
  });
}
</script>"""
"""In the head of the page: adds points in the order in which they are told, also where ECharts is still being loaded.
`chart` is what NiceGUI's element calls the ECharts instance."""

Line = tuple[str, str, str]
"""Name of a line, its field, its colour in the style sheet."""


@dataclass(frozen=True, slots=True)
class Plot:
    """What a chart shows: its name, unit and lines."""

    name: str
    unit: str
    lines: Sequence[Line]
    decimals: int = 0


LIVE = (
    Plot("Cadence", "steps/min", (("cadence", "cadence_spm", "--accent"),)),
    Plot("Impact", "g", (("left", "impact_left_g", "--accent"), ("right", "impact_right_g", "--warn")), 2),
    Plot("Ground contact time", "ms", (("contact time", "contact_time_ms", "--accent"),)),
    Plot("Impact, right against left", "%", (("symmetry", "impact_symmetry_pct", "--accent"),), 1),
)


class LiveCharts:
    """The last minutes of a runner; built where it is made."""

    def __init__(self) -> None:
        self._base = 0.0
        self._began: float | None = None
        self._last: float | None = None
        self._runner: Runner | None = None
        with Box("div", "bb-charts"):
            self._charts = [(plot, self._figure(plot)) for plot in LIVE]

    def show(self, runner: Runner) -> None:
        """Send the points that are new."""
        self._runner = runner
        points = list(runner.points)
        if not points:
            return
        newest = points[-1].time
        if self._last is None or newest < self._last or runner.began != self._began:  # the first, another run, session
            self._began = runner.began
            self._base = points[0].time if runner.began is None else runner.began
            self._draw(points, None)
        elif newest > self._last:
            self._draw([point for point in points if point.time > self._last], round(self._last - self._base, 1))
        self._last = newest

    def _draw(self, points: Sequence[Point], since: float | None) -> None:
        """Add points after those up to `since`; None: these and no others."""
        told = [[chart.id, self._rows(plot, points, since)] for plot, chart in self._charts]
        ui.run_javascript(f"backbeatDraw({json.dumps(told)}, {POINTS}, {json.dumps(since is None)})")

    def _rows(self, plot: Plot, points: Sequence[Point], since: float | None = None) -> list[list[float | None]]:
        rows: list[list[float | None]] = []
        for point in points:
            time = round(point.time - self._base, 1)
            before = rows[-1][0] if rows else since
            if before is not None and time - before > GAP_S:  # nobody knows what was: the line breaks
                rows.append([before, *(None for _ in plot.lines)])
            rows.append([time, *(getattr(point, field) for _, field, _ in plot.lines)])
        return rows

    def _figure(self, plot: Plot) -> ui.echart:
        with Box("figure", "bb-chart"):
            Text("figcaption", f"{plot.name}, {plot.unit}")
            chart = ui.echart(_options(plot, [[] for _ in plot.lines]))
            chart.props(f'role=img aria-label="{plot.name} over the last ten minutes; its table is below"')
            _Table(plot, lambda: self._table(plot))
        return chart

    def _table(self, plot: Plot) -> list[list[str]]:
        points = list(self._runner.points) if self._runner else []
        chosen = [row for point in points[:: max(1, len(points) // ROWS)] for row in self._rows(plot, [point])]
        return [[clock(row[0] or 0.0), *(_cell(value, plot.decimals) for value in row[1:])] for row in chosen]


class _Table:
    """Behind a line that opens it; filled when it is opened."""

    def __init__(self, plot: Plot, rows: Any) -> None:
        self._plot, self._rows = plot, rows
        details = Box("details", "bb-table")
        with details:
            Text("summary", "As a table")
            self._place = Box("div", "bb-scroll", "tabindex=0 role=region").props(
                f'aria-label="{plot.name} as a table"'
            )
        details.on("toggle", self._fill)

    def _fill(self) -> None:
        self._place.clear()
        with self._place:
            table(
                f"{self._plot.name}, {self._plot.unit}",
                ["time", *(name for name, _, _ in self._plot.lines)],
                self._rows(),
            )


def table(caption: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table of texts; the first of a row is its heading."""
    with Box("table"):
        Text("caption", caption)
        with Box("thead"), Box("tr"):
            for cell in head:
                Text("th", cell, props="scope=col")
        with Box("tbody"):
            for row in rows:
                with Box("tr"):
                    Text("th", row[0], props="scope=row")
                    for cell in row[1:]:
                        Text("td", cell)


def _cell(value: float | None, decimals: int) -> str:
    return "–" if value is None else f"{value:.{decimals}f}"


def _colour(name: str) -> str:
    return f"getComputedStyle(document.documentElement).getPropertyValue('{name}').trim()"


def _options(plot: Plot, data: Sequence[list[Any]]) -> dict[str, Any]:
    seconds = "s => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, '0')}`"
    axis = {
        "axisLabel": {":color": _colour("--soft")},
        "splitLine": {"lineStyle": {":color": _colour("--rule")}},
        "axisLine": {"lineStyle": {":color": _colour("--rule")}},
    }
    return {
        "animation": False,
        "grid": {"left": 8, "right": 14, "top": 30 if len(plot.lines) > 1 else 12, "bottom": 4, "containLabel": True},
        "legend": {"show": len(plot.lines) > 1, "top": 0, "right": 0, "textStyle": {":color": _colour("--ink")}},
        "tooltip": {"trigger": "axis", ":valueFormatter": f"v => v == null ? '–' : v.toFixed({plot.decimals})"},
        "xAxis": {
            **axis,
            "type": "value",
            "min": "dataMin",
            "max": "dataMax",
            "splitNumber": 4,
            "axisLabel": {
                ":color": _colour("--soft"),
                ":formatter": seconds,
                "showMinLabel": False,
                "hideOverlap": True,
            },
        },
        "yAxis": {**axis, "type": "value", "scale": True, "splitNumber": 3},
        "series": [
            {
                "name": name,
                "type": "line",
                "showSymbol": False,
                "connectNulls": False,
                ":color": _colour(colour),
                "lineStyle": {"width": 2, "type": "dashed" if index else "solid"},
                "data": points,
            }
            for index, ((name, _, colour), points) in enumerate(zip(plot.lines, data, strict=True))
        ],
    }


class Trend:
    """Median impact and cadence of each session over the weeks; built where it is made."""

    def __init__(self) -> None:
        self._place = Box("div", "bb-charts")
        self._told: list[tuple[str, str]] = []

    def show(self, runner: Runner, names: Sequence[str]) -> None:
        """Draw again when there is another session; `names` are the sessions' titles, oldest first."""
        sessions = runner.trend()
        key = [(session.id, session.utc) for session, _ in sessions]
        if key == self._told:
            return
        self._told = key
        self._place.clear()
        with self._place:
            for plot, field in ((LIVE[1], "impact_peak_g"), (LIVE[0], "cadence_spm"), (LIVE[2], "contact_time_ms")):
                whole = Plot(f"{plot.name} of each session", plot.unit, (("median", field, "--accent"),), plot.decimals)
                values = [figures[field] for _, figures in sessions]
                options = _options(whole, [list(values)])
                days = [name.partition(",")[0] for name in names]
                options["xAxis"] |= {"type": "category", "data": days, "min": None, "max": None}
                options["grid"] |= {"right": 40, "bottom": 10}  # room for a day below the last point
                options["xAxis"]["axisLabel"] = {":color": _colour("--soft"), "hideOverlap": True}
                options["series"][0] |= {"showSymbol": True, "symbolSize": 8}
                with Box("figure", "bb-chart"):
                    Text("figcaption", f"{whole.name}, {whole.unit}")
                    ui.echart(options).props(f'role=img aria-label="{whole.name}; its table is below"')
                    rows = [[name, _cell(v, whole.decimals)] for name, v in zip(names, values, strict=True)]
                    _Table(whole, lambda rows=rows: rows)
