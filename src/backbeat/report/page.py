"""The page: words first, then pictures, each with its table, then everything the index is made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from backbeat import __version__
from backbeat.pain import EMERGENCY, NOT_MEDICAL, SOON, pain_advice
from backbeat.report.chart import gauge
from backbeat.report.material import Material
from backbeat.report.pictures import first_and_last_third, left_and_right, minute_by_minute, trend
from backbeat.report.style import STYLE
from backbeat.report.tables import GRADES, folded, table
from backbeat.report.words import COMPONENT_NAMES, TITLES, duration, how_sure, in_words, usual_of, with_unit
from backbeat.strain.causes import CAUSES


def page(material: Material) -> str:
    """The whole page as HTML."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Backbeat session {escape(material.name)}</title><style>{STYLE}</style></head><body><main>",
        *_head(material),
        *_changes(material.summary.get("index")),
        *minute_by_minute(material),
        *left_and_right(material.summary.get("symmetry")),
        *first_and_last_third(material.minutes),
        *_index(material.summary.get("index")),
        *trend(material),
        *_signal(material),
        *_causes(),
        *_professional(),
        f'<p class="soft"><small>{escape(NOT_MEDICAL)} Made by Backbeat {escape(__version__)}.</small></p>',
        "</main></body></html>\n",
    ]
    return "\n".join(parts)


def _head(material: Material) -> list[str]:
    summary = material.summary
    when = f"Session {material.name}"
    if material.start_utc is not None:
        when = datetime.fromtimestamp(material.start_utc, UTC).astimezone().strftime("%A, %d %B %Y, %H:%M")
    about = [f"sensor at {material.position.replace('_', ' ')}" if material.position != "unknown" else ""]
    about += [material.source, f"shoes {material.shoe}" if material.shoe else "", material.surface or ""]
    tiles = [
        (duration(summary["running_s"]), "running"),
        (f"{summary['distance_m'] / 1000:.2f} km" if summary.get("distance_m") else None, "distance"),
        (_figure(summary, "cadence_spm", "{:.0f}"), "steps a minute"),
        (_figure(summary, "contact_time_ms", "{:.0f} ms"), "on the ground"),
        (_figure(summary, "impact_peak_g", "{:.2f} g"), "typical impact"),
        (_figure(summary, "vertical_oscillation_cm", "{:.1f} cm"), "up and down"),
        (_figure(summary, "cumulative_load_bw", "{:,.0f}"), "body weights, the load of all steps (Σ F)"),
        (_figure(summary, "cumulative_load_bw4", "{:,.0f}"), "the same with hard steps weighed more (Σ F⁴)"),
    ]
    parts = [f"<h1>{escape(when)}</h1>"]
    if material.origin == "simulated":
        parts.append('<p><span class="label">simulated runner, not a person</span></p>')
    parts.append(f'<p class="soft">{escape(", ".join(a for a in about if a))}</p>')
    words = in_words(summary, material.alerts)
    parts.append('<div class="lead">' + "".join(f"<p>{escape(s)}</p>" for s in words) + "</div>")
    parts += [f"<p>You noted: {escape(note)}.</p>" for note in material.notes]
    if material.red_flag is not None:
        parts.append(
            '<p class="card warning" role="note"><b>You noted a warning sign.</b> '
            f"{escape(pain_advice(0.0, material.red_flag))} "
            'Below stands <a href="#professional">when to see a professional</a>.</p>'
        )
    shown = "".join(f"<li><b>{escape(v)}</b><span>{escape(label)}</span></li>" for v, label in tiles if v)
    parts.append(f'<ul class="tiles">{shown}</ul>')
    return parts


def _figure(summary: Mapping[str, Any], name: str, form: str) -> str | None:
    value = summary.get(name)
    return None if value is None else form.format(value)


def _changes(index: Mapping[str, Any] | None) -> list[str]:
    parts = ["<h2>What changed against your usual</h2>"]
    if not index or not index["components"]:
        return [*parts, "<p>There is no usual to compare with yet.</p>"]
    learning = index["baseline"] == "learning"
    rows = [
        (
            escape(COMPONENT_NAMES[c["component"]]),
            escape(with_unit(c["value"], c["unit"])),
            escape(usual_of(c)),
            escape(how_sure(c)),
        )
        for c in index["components"]
        if c["value"] is not None or (c["score_pct"] is not None and c["weight_pct"])
        if not learning or c["part"] == "load_today"
    ]
    state = {
        "learning": "Your usual is still being learned: after five sessions with 3,000 steps your form is compared "
        "with it here. Until then alerts compare a run with its own start.",
        "provisional": "Your usual is provisional: it rests on fewer than ten sessions.",
        "established": "Your usual is established.",
    }[index["baseline"]]
    unknown = [
        f"{COMPONENT_NAMES[c['component']].lower()} ({c['reason']})"
        for c in index["components"]
        if c["value"] is None and c["score_pct"] is None
    ]
    if not learning:
        state += " Compared at the same pace and slope, where they are known."
    parts.append(f"<p>{state}</p>")
    if rows:
        parts.append(table(("", "this run", "usual", "what it means"), rows, "This run against usual", (1, 2)))
    if unknown:
        parts.append(f'<p class="soft">Not known: {escape("; ".join(unknown))}.</p>')
    return parts


def _index(index: Mapping[str, Any] | None) -> list[str]:
    parts = ["<h2>Back load and form change</h2>"]
    if not index:
        return [*parts, "<p>There is no index for this session.</p>"]
    if index["index_pct"] is None:
        parts.append(f"<p>{escape(str(index['reason']))}</p>")
    else:
        low, value, high = index["low_pct"], index["index_pct"], index["high_pct"]
        parts.append(
            f"<p><b>{value:.0f} of 100</b>, 80 % interval {low:.0f} to {high:.0f}, {index['confidence']} confidence."
            f"</p>{gauge(low, value, high)}"
        )
        for name, title in (("load_today_pct", "Load today"), ("form_change_pct", "Form change")):
            if index[name] is not None:
                parts.append(f"<h3>{title}: {index[name]:.0f} of 100</h3>{gauge(0, index[name], 0)}")
    parts.append(
        "<p>A summary of change against your own usual. It is not a probability of injury and has not been validated "
        "against back pain. Weights follow the strength of the evidence; weekly distance has none, because the studies "
        "found no relation between miles and back pain.</p>"
    )
    return [*parts, folded("Everything it is made of, and what speaks for and against it", _components(index))]


def _components(index: Mapping[str, Any]) -> str:
    cards = []
    for c in index["components"]:
        reason = f" ({escape(c['reason'])})" if c["reason"] else ""
        score = f"not known, weight {c['weight_pct']:.0f} %"
        if c["score_pct"] is not None:
            score = (
                f"{c['score_pct']:.0f} of 100 (80 % interval {c['low_pct']:.0f} to {c['high_pct']:.0f}), "
                f"weight {c['weight_pct']:.0f} %"
            )
        value, usual = with_unit(c["value"], c["unit"]), usual_of(c)
        if index["baseline"] == "learning" and c["part"] == "form_change":
            score, usual = f"not yet, weight {c['weight_pct']:.0f} %", "still being learned"
        cards.append(
            f'<div class="card"><h3>{escape(COMPONENT_NAMES[c["component"]])}</h3><dl>'
            f"<dt>This run</dt><dd>{escape(value)}{reason}</dd><dt>Usual</dt><dd>{escape(usual)}</dd>"
            f"<dt>Counts</dt><dd>{score}</dd>"
            f"<dt>Speaks for it</dt><dd>{escape(c['evidence'])}</dd>"
            f"<dt>Speaks against it</dt><dd>{escape(c['contrary_evidence'])}</dd>"
            f"<dt>Evidence for back pain in runners</dt><dd>{GRADES[c['evidence_grade']]}</dd></dl></div>"
        )
    return "".join(cards)


def _signal(material: Material) -> list[str]:
    summary = material.summary
    quality = summary.get("signal_quality")
    parts = ["<h2>The signal, and what could not be measured</h2>"]
    if quality is not None:
        word = "good" if quality >= 0.85 else "fair" if quality >= 0.6 else "poor"
        parts.append(f"<p>Signal quality {word} ({100 * quality:.0f} of 100).</p>")
    gaps = summary.get("gaps_s") or 0.0
    parts.append(f"<p>{duration(gaps)} of readings were missing.</p>" if gaps else "<p>No readings were missing.</p>")
    absent = summary.get("absent") or {}
    by_reason: dict[str, list[str]] = {}
    for name, why in absent.items():
        by_reason.setdefault(str(why), []).append(TITLES.get(name, name.replace("_", " ")))
    for why, names in by_reason.items():
        parts.append(f"<p>Not measured ({escape(why)}): {escape('; '.join(names))}.</p>")
    parts.append(
        "<p>What a hip sensor cannot see at all: a bent upper back, the strength of your core, the mobility of your "
        "hips, and what you drank. Note it yourself where it matters.</p>"
    )
    return parts


def _causes() -> list[str]:
    cards = []
    for cause in CAUSES.values():
        links = ", ".join(f'<a href="{escape(s)}" rel="noreferrer">{escape(_host(s))}</a>' for s in cause.sources)
        cards.append(
            f'<div class="card"><h3>{escape(cause.title)}</h3><p>{escape(cause.seen)}</p><dl>'
            f"<dt>Speaks for it</dt><dd>{escape(cause.evidence)}</dd><dt>Speaks against it</dt>"
            f"<dd>{escape(cause.contrary)}</dd><dt>Evidence for back pain in runners</dt><dd>{GRADES[cause.grade]}"
            f"</dd></dl>{f'<p><small>Read: {links}</small></p>' if links else ''}</div>"
        )
    return [
        "<h2>What people say causes back pain from running</h2>",
        "<p>Studies compare groups; none of this says whether you will have pain.</p>",
        folded("Each cause, what is known, and what this sensor sees of it", "".join(cards)),
    ]


def _host(address: str) -> str:
    return address.removeprefix("https://").removeprefix("doi.org/").removeprefix("www.").rstrip("/")


def _professional() -> list[str]:
    return [
        '<h2 id="professional">When to see a professional</h2>',
        "<p>This depends on what you feel, never on what a sensor measures. Get help at once with:</p>",
        "<ul>" + "".join(f"<li>{escape(sign)}</li>" for sign in EMERGENCY) + "</ul>",
        "<p>See a professional soon with:</p>",
        "<ul>" + "".join(f"<li>{escape(sign)}</li>" for sign in SOON) + "</ul>",
    ]
