"""What the pages say, with units: one function for each thing that is shown. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from backbeat import words
from backbeat.dashboard.message import unix
from backbeat.dashboard.runner import Note, Presence, Runner, Session, Told
from backbeat.live import Live

STATES = {"running": "Running", "walking": "Walking", "other": "Not running", "unknown": "No signal"}
PRESENCES: dict[Presence, str] = {"stale": "Stale", "lost": "Connection lost", "ended": "Offline"}
MARKS = {
    "running": "▶",
    "walking": "▷",
    "other": "■",
    "unknown": "?",
    "stale": "◌",
    "lost": "✕",
    "ended": "–",
    "sensor": "!",
}
"""Shapes beside the words, so that nothing is told by colour alone."""

SIGNAL = {
    "unusable": "no usable readings",
    "slow": "readings too far apart",
    "holes": "readings missing again and again",
    "vertical": "upward axis missing",
    "forward": "forward axis missing",
    "front": "forward not known",
    "rhythm": "neither running nor walking",
    "gap": "readings missing",
    "saturated": "beyond the sensor's range",
    "scale": "wrong scale",
    "slipped": "sensor turned on the body",
    "turned": "worn another way up",
}
"""What is wrong with a signal; devices with a newer program may know more, which are shown by their names."""

GRADES = {"B": "moderate evidence (B)", "C": "weak or indirect evidence (C)", "D": "no clear evidence (D)"}


def condition(runner: Runner, now: float) -> tuple[str, str]:
    """How it stands with a runner, as a class and in words."""
    presence = runner.presence(now)
    if presence != "live" or runner.live is None:
        return presence, PRESENCES.get(presence, "Stale")
    if runner.live.sensor != "ok":
        return "sensor", "Sensor lost" if runner.live.sensor == "lost" else "Sensor fault"
    return runner.live.state, STATES[runner.live.state]


def last_seen(runner: Runner, now: float) -> str:
    """When the newest figures came."""
    if runner.live_at is not None:
        seconds = max(0.0, now - runner.live_at)
        return "Now" if runner.presence(now) == "live" else f"Last seen {_ago(seconds)} ago"
    return f"Last seen {moment(runner.live_utc)}" if runner.live_utc else "No figures yet"


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def _calendar(at: datetime) -> str:
    return at.strftime("%d %b %Y, %H:%M")


def _local(unix_s: float) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC).astimezone()


def moment(utc: str) -> str:
    """An ISO time in the server's own zone; as it stands where it is none."""
    try:
        at = datetime.fromisoformat(utc)
        here = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone()
    except (ValueError, OverflowError):  # the first or the last hours that there are have no other zone
        return utc[:40]
    return _calendar(here)


def cadence(live: Live | None) -> str:
    """Steps a minute."""
    return "–" if live is None or live.cadence_spm is None else f"{live.cadence_spm:.0f}"


def impact(live: Live | None) -> str:
    """In g."""
    return "–" if live is None or live.impact_peak_g is None else f"{live.impact_peak_g:.2f}"


def contact(live: Live | None) -> str:
    """In ms."""
    return "–" if live is None or live.contact_time_ms is None else f"{live.contact_time_ms:.0f}"


def symmetry(live: Live | None) -> tuple[str, str]:
    """The difference of the landings in per cent, and what it is: against the left, or against the run's own start."""
    if live is not None and live.impact_symmetry_pct is not None:
        value, label = live.impact_symmetry_pct, "right against left"
    elif live is not None and live.impact_symmetry_change_pct is not None:
        value, label = live.impact_symmetry_change_pct, "right/left since the start"
    else:
        return "–", "right against left"
    return signed(f"{value:+.1f}"), label


def signed(figure: str) -> str:
    """A figure with its sign as it is typeset; none for zero."""
    zero = not any(digit in figure for digit in "123456789")
    return figure.lstrip("+-") if zero else figure.replace("-", "−")


def usual_impact(runner: Runner) -> str:
    """What the impact is compared with: what an alert says of this pace, else the median of earlier sessions."""
    for told in runner.active():
        if told.alert.measure == "impact_peak_g" and told.alert.usual is not None:
            return f"usual {told.alert.usual:.2f} g at this pace"
    usual = runner.usual("impact_peak_g")
    return f"median of {usual[1]} sessions {usual[0]:.2f} g" if usual else "usual not known yet"


def signal(live: Live | None) -> str:
    """Quality, and what is wrong."""
    if live is None or live.signal_quality is None:
        return "–"
    problems = [SIGNAL.get(name, name.replace("_", " ")) for name in live.signal_problems.split(", ") if name]
    return ", ".join((f"{100 * live.signal_quality:.0f} %", *problems))


def battery(live: Live | None) -> str:
    """Of the sensor."""
    return "–" if live is None else words.amount(live.battery_pct, "%")


def alert_title(told: Told) -> str:
    """Its name for people, with the side."""
    name = told.alert.alert.replace("_", " ").capitalize()
    return f"{name}, {told.alert.side}" if told.alert.side else name


def why(told: Told) -> str:
    """Usual against now, how sure, for how long."""
    return words.why(told.alert).replace("-", "−")


def since(told: Told) -> str:
    """When an alert became known, in the server's own zone; what its figures say is of that moment."""
    known = unix({"utc": told.utc}, "utc")
    return "" if known is None else _local(known).strftime("%d %b, %H:%M")


def note(entry: Note) -> str:
    """What a runner entered, as a sentence."""
    about = entry.about.replace("_", " ").capitalize() or "Note"
    value = (
        ""
        if entry.value is None
        else f" {entry.value:g}" + (" of 10" if entry.about in ("pain", "stiffness", "effort") else "")
    )
    when = f" {entry.when} the run" if entry.when else ""
    return f"{about}{value}{when}" + (f": {entry.text}" if entry.text else "")


def session_title(runner: Runner, session: Session) -> str:
    """When it began; its id where nobody knows."""
    if runner.in_session and session is runner.current and session.summary is None:
        return "Under way"
    began = session.began_unix
    if began is not None:
        return _calendar(_local(began))
    return moment(session.utc) if session.utc else f"Time not known ({session.id})"
