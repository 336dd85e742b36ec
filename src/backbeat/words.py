"""Events in words: one line for a person, with units."""

from __future__ import annotations

from backbeat.events import ActivityChange, Alert, Event, SessionChange, SignalQuality, Summary
from backbeat.live import Live


def clock(seconds: float) -> str:
    """Seconds as h:mm:ss."""
    whole = int(max(0.0, seconds))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def amount(value: float | None, unit: str, decimals: int = 0, *, signed: bool = False) -> str:
    """A figure with its unit; a dash where it is not known."""
    return "–" if value is None else f"{value:{'+' if signed else ''}.{decimals}f} {unit}"


def line(event: Event, start: float) -> str | None:
    """The event as one line, timed from `start`; None for what nobody wants to read one by one."""
    match event:
        case SessionChange():
            return f"{clock(event.time - start)}  session {event.session} {event.state}"
        case ActivityChange():
            began, ended = (int(max(0.0, moment - start)) for moment in (event.start, event.end))
            return f"{clock(began)}–{clock(ended)}  {event.activity}, {ended - began} s"
        case Alert():
            return f"{clock(event.time - start)}  {_alert(event)}"
        case SignalQuality():
            problems = " ".join(event.problems.values()) or "no problem"
            return f"{clock(event.time - start)}  signal quality {100 * event.quality:.0f} %: {problems}"
        case _:
            return None


def _alert(alert: Alert) -> str:
    words = f"alert {alert.alert} {alert.state}"
    if alert.side:
        words += f" ({alert.side})"
    if alert.message:
        words += f": {alert.message}"
    figures = why(alert)
    return f"{words} [{figures}]" if figures else words


AT_THIS_PACE = ("impact_high", "cadence_drop")
"""Alerts whose usual is that of the present pace and slope."""

UNITS = {"0-10": " of 10", "°": "°"}
"""Units that are not said as they are written."""

WORTH_TELLING_S = 5.0
"""For how long something has lasted is told from here on."""


def why(alert: Alert) -> str:
    """The figures of an alert: usual against the moment at which it became known, how sure, for how long."""
    parts = []
    spread = f" (± {alert.uncertainty:.2g})" if alert.uncertainty else ""
    if alert.value is not None and alert.unit == "SD":  # counted from usual, in its scatter
        parts.append(f"away from usual by {alert.value:.2g} of the usual scatter{spread}")
    else:
        if alert.usual is not None:
            pace = " at this pace" if alert.alert in AT_THIS_PACE else ""
            parts.append(f"usual {_measured(alert.usual, alert)}{pace}")
        if alert.value is not None:
            parts.append(f"now {_measured(alert.value, alert)}{spread}")
    if alert.lasted_s is not None and alert.lasted_s >= WORTH_TELLING_S:
        parts.append(f"for {alert.lasted_s:.0f} s")
    return ", ".join(parts)


def _measured(value: float, alert: Alert) -> str:
    if alert.alert == "signal_bad":
        return f"signal {100 * value:.0f} %"
    return f"{value:.3g}" + (UNITS.get(alert.unit, f" {alert.unit}") if alert.unit else "")


def state(live: Live) -> dict[str, str]:
    """The figures of a second, name to text with unit."""
    return {
        "doing": live.state,
        "steps": str(live.steps),
        "cadence": amount(live.cadence_spm, "steps/min"),
        "contact time": amount(live.contact_time_ms, "ms"),
        "flight time": amount(live.flight_time_ms, "ms"),
        "impact": amount(live.impact_peak_g, "g", 2),
        "impact, right against left": amount(live.impact_symmetry_pct, "%", 1, signed=True),
        "contact, right against left": amount(live.contact_time_symmetry_pct, "%", 1, signed=True),
    }


GOOD_SIGNAL = 0.6
"""Below it alerts about form are paused, unless set otherwise."""


def doing(live: Live, name: str) -> str:
    """Who is measured, doing what, for how long."""
    session = f"session {clock(live.session_s)}" if live.session_s is not None else "no session yet"
    return f"{name}: {live.state}, {session}"


def others(live: Live) -> str:
    """The figures of a second that are not the first ones to look at; unknown ones are left out."""
    told = {
        "contact": amount(live.contact_time_ms, "ms"),
        "flight": amount(live.flight_time_ms, "ms"),
        "contact, right against left": amount(live.contact_time_symmetry_pct, "%", 1, signed=True),
        "speed": amount(None if live.speed_m_s is None else live.speed_m_s * 3.6, "km/h", 1),
        "heart": amount(live.heart_rate_bpm, "beats/min"),
        "steps": str(live.steps),
    }
    return "   ".join(f"{name} {text}" for name, text in told.items() if text != "–")


def poor(live: Live) -> bool:
    """Whether what is shown is not to be trusted, or will soon not be there."""
    weak = live.signal_quality is not None and live.signal_quality < GOOD_SIGNAL
    empty = live.battery_pct is not None and live.battery_pct < 15
    return live.sensor != "ok" or weak or empty


def measured(live: Live, signal: SignalQuality | None) -> str:
    """How well it is measured: the sensor, the signal with what is wrong with it, the sensor's battery."""
    told = [] if live.sensor == "ok" else [f"sensor {live.sensor}"]
    if live.signal_quality is not None:
        told.append(f"signal {100 * live.signal_quality:.0f} %")
    if live.battery_pct is not None:
        told.append(f"sensor's battery {live.battery_pct:.0f} %")
    problems = " ".join(signal.problems.values()) if signal else ""
    return "   ".join(told) + (f"   {problems}" if problems else "")


def summary(event: Summary) -> dict[str, str]:
    """The figures of a session, name to text with unit."""
    symmetry = event.symmetry
    told = {
        "session": event.session,
        "running": clock(event.running_s),
        "walking": clock(event.walking_s),
        "steps": str(event.steps),
        "cadence": amount(event.cadence_spm, "steps/min"),
        "contact time": amount(event.contact_time_ms, "ms"),
        "flight time": amount(event.flight_time_ms, "ms"),
        "impact": amount(event.impact_peak_g, "g", 2),
        "peak force (estimated)": amount(event.peak_force_bw, "body weights", 2),
        "vertical oscillation": amount(event.vertical_oscillation_cm, "cm", 1),
        "impact, right against left": amount(symmetry.impact_pct if symmetry else None, "%", 1, signed=True),
        "contact, right against left": amount(symmetry.contact_time_pct if symmetry else None, "%", 1, signed=True),
        "alerts": ", ".join(f"{name} ×{count}" for name, count in event.alerts.items()) or "none",
        "gaps in the signal": amount(event.gaps_s, "s", 1),
    }
    return {name: text for name, text in told.items() if text != "–"}
