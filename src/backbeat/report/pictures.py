"""The parts of the page that are drawn, each with the table behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from backbeat.report.chart import Mark, interval, timeline
from backbeat.report.material import Material
from backbeat.report.tables import GRADES, folded, table
from backbeat.report.words import MEASURE_NAMES, TITLES, with_unit
from backbeat.strain.measures import PRIORS

_TIMELINES = (
    ("cadence_spm", "Cadence", "steps a minute", 8.0, False),
    ("impact_peak_g", "Impact at the sensor", "g", 0.6, False),
    ("impact_pct", "Impact, right against left", "%, + is right harder", 8.0, True),
    ("contact_time_ms", "Ground contact time", "ms", 25.0, False),
    ("pelvic_drop_deg", "Pelvic drop", "°", 3.0, False),
    ("speed_m_s", "Speed", "m/s", 0.5, False),
    ("grade_pct", "Slope", "%", 4.0, True),
)

LEAST_MINUTES = 2
"""One minute is a dot, which shows nothing over time."""


def minute_by_minute(material: Material) -> list[str]:
    """The run as lines over time with its alerts, and the figures behind them."""
    minutes = material.minutes
    start = float(material.summary["start"])
    at = [(float(m["start"]) - start) / 60 for m in minutes]
    end = (float(material.summary["end"]) - start) / 60
    raised = [a for a in material.alerts if a["state"] == "raised"]
    marks = [
        Mark((float(a["known_at"]) - start) / 60, number, str(a["message"])) for number, a in enumerate(raised, start=1)
    ]
    pictures = []
    for name, title, unit, span, zero in _TIMELINES if len(minutes) >= LEAST_MINUTES else ():
        values = [m.get(name) if name in m else m["measures"].get(name) for m in minutes]
        pictures.append(
            timeline(
                title, unit, list(zip(at, values, strict=True)), (0.0, end), marks=marks, least_span=span, zero=zero
            )
        )
    parts = ["<h2>Minute by minute</h2>", *(picture for picture in pictures if picture)]
    if not pictures:
        parts.append(f"<p>The run was too short for lines over time: these take {LEAST_MINUTES} minutes.</p>")
    if raised:
        items = "".join(_alert(a, start) for a in raised)
        parts.append(f"<h3>Alerts</h3><ol>{items}</ol>")
    if not minutes:
        return parts
    rows = []
    for x, minute in zip(at, minutes, strict=True):
        cells = [minute.get(n) if n in minute else minute["measures"].get(n) for n, *_ in _TIMELINES]
        rows.append((f"{x:.0f}", *("–" if c is None else f"{c:.2f}" for c in cells)))
    head = ("minute", *(f"{title} ({unit})" for _, title, unit, *_ in _TIMELINES))
    figures = table(head, rows, "One-minute means", range(1, len(head)))
    return [*parts, folded("The figures behind these pictures", figures)]


def _alert(alert: Mapping[str, Any], start: float) -> str:
    figures = ""
    if alert["value"] is not None and alert["usual"] is not None:
        error = "" if alert["uncertainty"] is None else f" (± {with_unit(alert['uncertainty'], alert['unit'])})"
        now, usual = with_unit(alert["value"], alert["unit"]), with_unit(alert["usual"], alert["unit"])
        figures = f" <span class='soft'>Now {escape(now)}, usually {escape(usual)}{escape(error)}.</span>"
    evidence = ""
    if alert.get("evidence") and alert.get("contrary_evidence"):
        grade = GRADES.get(alert["evidence_grade"], "")
        evidence = (
            f"<br><small>For it: {escape(alert['evidence'])} Against it: {escape(alert['contrary_evidence'])} "
            f"Evidence: {grade}.</small>"
        )
    minute = (float(alert["known_at"]) - start) / 60
    return f"<li><b>Minute {minute:.0f}.</b> {escape(alert['message'])}{figures}{evidence}</li>"


def left_and_right(symmetry: Mapping[str, Any] | None) -> list[str]:
    """Each symmetry index with its interval."""
    if not symmetry:
        return []
    rows = []
    for field, name in MEASURE_NAMES.items():
        stem = field.removesuffix("_pct")
        low, value, high = (symmetry.get(f"{stem}{end}_pct") for end in ("_low", "", "_high"))
        change = symmetry.get(f"{stem}_change_pct")
        moved = "–" if change is None else f"{change:+.1f}"
        if value is None or low is None or high is None:
            rows.append((name, "withheld" if change is not None else "–", "", moved))
        else:
            picture = interval(low, value, high, 15.0)
            rows.append((name, f"{value:+.1f} %", f"{picture}<small>{low:+.1f} to {high:+.1f}</small>", moved))
    return [
        "<h2>Left and right</h2>",
        "<p>Positive means that the right is larger: 100·(R−L)/(½(R+L)). The bar is the 95 % interval; where it "
        "crosses the middle, the sides may well be alike.</p>",
        table(
            ("", "right against left", "−15 to 15 %", "change since the start"),
            rows,
            f"{symmetry['steps_left']:,} left and {symmetry['steps_right']:,} right steps",
            (1, 3),
        ),
    ]


def first_and_last_third(minutes: Sequence[Mapping[str, Any]]) -> list[str]:
    """How the measures moved through the run, as measured."""
    if len(minutes) < 9:
        return []
    third = len(minutes) // 3
    rows = []
    for prior in PRIORS:
        early = [m["measures"][prior.name] for m in minutes[1:third] if prior.name in m["measures"]]
        late = [m["measures"][prior.name] for m in minutes[-third:] if prior.name in m["measures"]]
        if early and late:
            first, last = sum(early) / len(early), sum(late) / len(late)
            rows.append((escape(TITLES[prior.name]), with_unit(first, prior.unit), with_unit(last, prior.unit)))
    return [
        "<h2>First third and last third</h2>",
        "<p>As measured; pace and slope differ too. What is said above is corrected for them.</p>",
        table(("", "first", "last"), rows, "Means over minutes", (1, 2)),
    ]


def trend(material: Material) -> list[str]:
    """The sessions so far, with this one last."""
    sessions = [*material.earlier, (material.start_utc, material.summary)][-60:]
    if len(sessions) < 3:
        return []
    x_range = (1.0, float(len(sessions)))
    pictures, head = [], ["session"]
    rows: list[list[str]] = [
        [f"{n}" if utc is None else datetime.fromtimestamp(utc, UTC).astimezone().strftime("%d %b")]
        for n, (utc, _) in enumerate(sessions, start=1)
    ]
    for name, title, unit, span in (
        ("impact_peak_g", "Impact", "g", 0.6),
        ("cadence_spm", "Cadence", "steps a minute", 8.0),
        ("running_s", "Running time", "min", 10.0),
        ("index", "Back load and form change", "of 100", 30.0),
    ):
        values = [_session_value(summary, name) for _, summary in sessions]
        points = [(float(n), v) for n, v in enumerate(values, start=1)]
        pictures.append(timeline(title, unit, points, x_range, least_span=span, x_unit="session"))
        head.append(f"{title} ({unit})")
        for row, value in zip(rows, values, strict=True):
            row.append("–" if value is None else f"{value:.1f}")
    return [
        "<h2>Your sessions so far</h2>",
        *(p for p in pictures if p),
        folded("The figures behind these pictures", table(head, rows, "Sessions", range(1, len(head)))),
    ]


def _session_value(summary: Mapping[str, Any], name: str) -> float | None:
    value = summary.get(name)
    if name == "index":
        value = (value or {}).get("index_pct")
    if value is None:
        return None
    return float(value) / 60 if name == "running_s" else float(value)
