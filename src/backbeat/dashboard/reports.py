"""The page of a session, made from what the broker keeps of it; the same page as after a run, without its minutes."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from backbeat.dashboard.message import text, unix
from backbeat.dashboard.runner import Runner, Session
from backbeat.dashboard.wording import note
from backbeat.event_json import as_json
from backbeat.events import Summary
from backbeat.report.material import Material
from backbeat.report.page import page

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""Whatever a message smuggled in: nothing on the page runs or loads."""

_SUMMARY: TypeAdapter[Summary] = TypeAdapter(Summary)


def checked(session: Session) -> Summary | None:
    """The summary of a session; None where there is none, or none of our form."""
    if session.summary is None:
        return None
    try:
        return _SUMMARY.validate_python(session.summary)
    except ValidationError:
        return None


def report(runner: Runner, session: Session) -> str | None:
    """The session on one page of HTML; None where its summary is missing or no such thing."""
    summary = checked(session)
    if summary is None:
        return None
    earlier = [
        (None if each.summary is None else unix(each.summary, "utc"), as_json(told))
        for each in reversed(runner.newest_first())
        if each.utc < session.utc and (told := checked(each)) is not None
    ]
    material = Material(
        name=session.id,
        origin=session.origin,
        start_utc=session.began_unix,
        position=text(runner.info, "position") or "unknown",
        source=f"{runner.shown_name}, {text(runner.info, 'source')}",
        summary=as_json(summary),
        minutes=(),
        alerts=[as_json(told.alert) for _, told in sorted(session.alerts.items())],
        notes=[note(each) for each in session.notes],
        earlier=earlier,
    )
    return page(material)
