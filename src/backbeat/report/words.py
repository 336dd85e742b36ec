"""A session in sentences: what was run, what changed against usual and how sure that is, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

COMPONENT_NAMES = {
    "longest_run": "Beyond your longest run of 30 days",
    "downhill": "Time at −5 % and steeper",
    "warm_up": "Pace of the first five minutes",
    "rest_days": "Days without a run in the last seven",
    "weekly_distance": "Distance of the last seven days",
    "impact": "Impact at the pelvis",
    "form_drift": "Form drifting through the run",
    "cadence": "Cadence",
    "pelvis": "Motion of the pelvis",
    "asymmetry": "Right against left",
}
TITLES = {
    "step_time_ms": "step time",
    "cadence_spm": "cadence",
    "contact_time_ms": "ground contact time",
    "flight_time_ms": "flight time",
    "duty_factor_pct": "share of the stride on the ground",
    "impact_peak_g": "impact",
    "impact_rate_g_s": "steepness of the impact",
    "peak_force_bw": "peak force (estimated)",
    "peak_force_error_bw": "its error",
    "vertical_oscillation_cm": "up and down",
    "braking_m_s": "braking",
    "vertical_stiffness_bw_m": "stiffness",
    "pelvic_tilt_range_deg": "pelvis, forward and backward",
    "pelvic_drop_range_deg": "pelvis, side to side",
    "pelvic_rotation_range_deg": "pelvis, rotation",
    "pelvic_drop_deg": "pelvis, drop of the free side",
    "pelvic_tilt_drift_deg": "pelvis, tilt since the start",
    "medio_lateral_sway_cm": "sideways",
    "impact_pct": "impact, right against left",
}
"""Measures as the page calls them."""

LOPSIDED_PCT = 15.0
"""Legs hardly differ by more; a sensor beside the midline of the body makes as much of any runner."""

MEASURE_NAMES = {
    "impact_pct": "impact",
    "contact_time_pct": "ground contact time",
    "flight_time_pct": "flight time",
    "step_time_pct": "step time",
}


def duration(seconds: float) -> str:
    """45 s, 12 min, 1 h 05 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def in_words(summary: Mapping[str, Any], alerts: Sequence[Mapping[str, Any]]) -> list[str]:
    """The session in a few sentences, the most important first."""
    said = [_what(summary), _how(summary), _symmetry(summary.get("symmetry")), _index(summary.get("index"))]
    raised = [alert for alert in alerts if alert["state"] == "raised"]
    if not raised:
        said.append("No alert was raised.")
    else:
        names = sorted({str(alert["alert"]).replace("_", " ") for alert in raised})
        said.append(f"{len(raised)} alert{'s were' if len(raised) > 1 else ' was'} raised: {', '.join(names)}.")
    return [sentence for sentence in said if sentence]


def _what(summary: Mapping[str, Any]) -> str:
    said = f"You ran for {duration(summary['running_s'])}"
    if summary.get("distance_m"):
        said += f" and {summary['distance_m'] / 1000:.2f} km"
    said += f", {summary['steps']:,} steps"
    if summary.get("walking_s", 0) >= 60:
        said += f", and walked for {duration(summary['walking_s'])}"
    return said + "."


def _how(summary: Mapping[str, Any]) -> str:
    parts = [
        (summary.get("cadence_spm"), "{:.0f} steps a minute"),
        (summary.get("contact_time_ms"), "{:.0f} ms on the ground with each step"),
        (summary.get("impact_peak_g"), "a typical landing of {:.1f} g at the sensor"),
    ]
    known = [form.format(value) for value, form in parts if value is not None]
    return f"Typical for it: {', '.join(known)}." if known else ""


def _symmetry(symmetry: Mapping[str, Any] | None) -> str:
    if not symmetry:
        return ""
    low, high, index = (symmetry.get(f"impact{end}_pct") for end in ("_low", "_high", ""))
    if low is None or high is None or index is None:
        if symmetry.get("impact_change_pct") is None:
            return ""
        return (
            "Worn off the midline, the sensor cannot compare your sides; against the start of the run the "
            f"difference of impact moved by {symmetry['impact_change_pct']:+.1f} points."
        )
    if low <= 0 <= high:
        return f"Left and right landed alike as far as can be told (between {low:+.1f} and {high:+.1f} %)."
    side = "right" if index > 0 else "left"
    if abs(index) > LOPSIDED_PCT:
        return (
            f"The sensor read {abs(index):.0f} % more on the {side}. So large a difference usually comes from a sensor "
            "beside the midline of the body and not from the legs: wear it on the middle of the back, or say where it "
            "sits (position in the configuration). Only a change of it says something."
        )
    return (
        f"The {side} landed {abs(index):.1f} % harder (95 % interval {min(abs(low), abs(high)):.1f} to "
        f"{max(abs(low), abs(high)):.1f} %). Differences are common, and often harmless."
    )


def _index(index: Mapping[str, Any] | None) -> str:
    if not index:
        return ""
    if index["index_pct"] is None:
        return str(index["reason"])
    return (
        f"Back load and form change: {index['index_pct']:.0f} of 100 (80 % interval {index['low_pct']:.0f} to "
        f"{index['high_pct']:.0f}, {index['confidence']} confidence). It says how far this run was from your usual; "
        "it is not a probability of injury."
    )


_NOT_COMPARED = {
    "longest_run": ("not beyond it", "beyond it"),
    "downhill": ("little of it", "much of it"),
    "warm_up": ("an easy start", "a quick start"),
    "rest_days": ("two or more", "fewer than two"),
}
"""Components that are counted and not compared with a usual: what a score of nought means, and what any other does."""


def how_sure(component: Mapping[str, Any]) -> str:
    """What a component's score means, and how sure it is, in words."""
    if component["score_pct"] is None:
        return f"not known: {component['reason']}"
    if component["weight_pct"] == 0:
        return str(component["reason"] or "shown only")
    if component["component"] in _NOT_COMPARED:
        return _NOT_COMPARED[component["component"]][component["score_pct"] > 0]
    if component["high_pct"] == 0:
        return "as usual"
    if component["low_pct"] > 0:
        return "clearly different from usual"
    return "may be different, or chance" if component["score_pct"] > 0 else "as usual, as far as can be told"


_WHOLE = frozenset({"days", "min"})


def usual_of(component: Mapping[str, Any]) -> str:
    """What is usual, or up to where nothing is counted."""
    figure = with_unit(component["usual"], component["unit"])
    if component["usual"] is None:
        return "–"
    return {"warm_up": f"up to {figure}", "rest_days": f"{figure} or more"}.get(component["component"], figure)


def with_unit(value: float | None, unit: str | None) -> str:
    """A figure with its unit, – where there is none."""
    if value is None:
        return "–"
    digits = 0 if abs(value) >= 100 or unit in _WHOLE else 1 if abs(value) >= 10 or unit == "%" else 2
    joint = "" if unit == "°" else " "
    text = f"{value:.{digits}f}"
    return f"{text.removeprefix('-') if float(text) == 0 else text}{joint}{unit or ''}".rstrip()
