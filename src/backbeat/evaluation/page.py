"""The evaluation as one HTML page that loads nothing from anywhere."""

from __future__ import annotations

from html import escape

from backbeat import __version__
from backbeat.evaluation.evaluate import Result, SetResult
from backbeat.evaluation.plots import bland_altman, histogram, signal

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #ffffff; --faint: #d8dee4;
  --a: #0072b2; --b: #d55e00; --c: #009e73; --d: #a0569b; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0d1117; --faint: #30363d; --a: #56b4e9; --b: #e69f00; --c: #2fc79a; --d: #cc79a7; }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid var(--faint); }
tbody th { font-weight: normal; }
thead th:not(:first-child) { text-align: right; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
.overflow { overflow-x: auto; }
svg { width: 100%; height: auto; margin: .5rem 0; }
svg text { font: 11px system-ui, sans-serif; fill: var(--ink);
  paint-order: stroke; stroke: var(--paper); stroke-width: 3px; }
svg text.title { font-size: 13px; font-weight: 600; }
.grid { stroke: var(--faint); stroke-width: .6; }
.fill { fill-opacity: .65; }
.fill.a { fill: var(--a); } .fill.b { fill: var(--b); } .fill.c { fill: var(--c); } .fill.d { fill: var(--d); }
.line { fill: none; stroke-width: 1.3; }
.line.a { stroke: var(--a); } .line.b { stroke: var(--b); }
.line.c { stroke: var(--c); } .line.ink { stroke: var(--ink); }
.dashed { stroke-dasharray: 4 3; }
.found { color: var(--b); } .true { color: var(--c); }
"""


def page(result: Result) -> str:
    """The page."""
    taken = " The gyroscope was taken away." if result.accelerometer_only else ""
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>Backbeat evaluation</title><style>{_STYLE}</style></head><body>",
        "<h1>How right Backbeat is</h1>",
        f"<p>Backbeat {escape(__version__)} replayed each recording without being told the sensor's axes.{taken} "
        "The ranges are 95 % bootstrap intervals over whole recordings; sets of few recordings say little "
        "about other people.</p>",
        *(_section(result, group) for group in result.sets),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _section(result: Result, group: SetResult) -> str:
    parts = [f"<h2>{escape(group.name)}</h2>", f"<p>{escape(_about(group))}</p>", _table(result, group)]
    contacts = [t.contacts for t in group.tallies]
    parts.append(bland_altman(group.tallies))
    for title, unit, values in (
        ("Error of initial contact", "ms", [1e3 * e for c in contacts for e in c.contact_errors]),
        ("Error of toe-off", "ms", [1e3 * e for c in contacts for e in c.toe_off_errors]),
        ("Error of contact time", "ms", [1e3 * e for c in contacts for e in c.contact_time_errors]),
        ("Error of peak vertical force", "BW", [e for c in contacts for e in c.force_errors]),
    ):
        parts.append(histogram(title, unit, values))
    parts.append(
        "<h3>Signal with events</h3><p>Below, <b class='true'>true</b> events; above, <b class='found'>found</b> "
        "ones; solid lines are initial contacts, dashed lines toe-offs.</p>"
    )
    parts += [signal(recording, found) for recording, found in zip(group.recordings, group.found, strict=True)]
    return "\n".join(part for part in parts if part)


def _about(group: SetResult) -> str:
    first = group.recordings[0]
    count = len(group.recordings)
    placement = first.placement or "place not said"
    text = f"{count} recording{'s' if count > 1 else ''}; sensor: {placement}; {first.rate_hz:g} Hz."
    if first.truth_made_by:
        text += f" Truth: {first.truth_made_by}."
    return text + (f" Note: {first.note}." if first.note else "")


def _table(result: Result, group: SetResult) -> str:
    rows = []
    for name, value in group.scores.items():
        measure = result.measure(group, name)
        ends = group.intervals.get(name)
        spread = "" if ends is None else f"{measure.shown(ends[0])} to {measure.shown(ends[1])}"
        reached = measure.reached(value)
        aim = measure.aim + ("" if reached is None else " ✓" if reached else " ✗")
        cells = (measure.shown(value), spread, aim)
        rows.append(f"<tr><th scope='row'>{measure.label}</th>{''.join(f'<td class=n>{c}</td>' for c in cells)}</tr>")
    head = "<tr><th>measure</th><th>value</th><th>95 % interval</th><th>aim</th></tr>"
    return f"<div class='overflow'><table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table></div>"
