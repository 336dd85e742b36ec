"""Sessions with their summaries, and the way to each one's page."""

from __future__ import annotations

from collections.abc import Sequence

from backbeat import words
from backbeat.dashboard.elements import Box, Link, Text
from backbeat.dashboard.message import number
from backbeat.dashboard.pages.frame import Frame
from backbeat.dashboard.reader import Reader
from backbeat.dashboard.runner import Runner, Session
from backbeat.dashboard.wording import session_title, signed

MOST = 200
"""Rows on one page."""

HEAD = (
    "When",
    "Running",
    "Steps",
    "Cadence, steps/min",
    "Impact, g",
    "Right against left, %",
    "Index of 100",
    "Alerts",
)


def page(reader: Reader, who: str) -> None:
    """Build the page of all sessions."""
    frame = Frame(reader, "Sessions", "Sessions", who)
    with frame.main:
        Text("h1", "Sessions")
        Text("p", "What the broker keeps: the last fifty sessions of each runner, newest first.", "bb-soft")
        missing = Text("p", "", "bb-soft")
        table = SessionTable(named=True)

    def refresh() -> None:
        found = [(runner, session) for runner in reader.team.ordered() for session in runner.newest_first()]
        found.sort(key=lambda each: (each[1].utc, each[1].id), reverse=True)
        table.show(found)
        if reader.team.forgotten:
            missing.say(f"The {reader.team.forgotten} oldest are left out: the broker keeps more than fits in here.")

    frame.run(refresh)


class SessionTable:
    """Rows that are built again only when a session has changed."""

    def __init__(self, *, named: bool) -> None:
        """An empty table; `named`: say whose sessions they are."""
        self._named = named
        self._place = Box("div", "bb-card bb-scroll", 'tabindex=0 role=region aria-label="Table of sessions"')
        self._told: list[tuple[str, ...]] | None = None

    def show(self, found: Sequence[tuple[Runner, Session]]) -> None:
        """Show these."""
        rows = [
            (runner.team, runner.id, session.id, *_cells(runner, session, self._named)) for runner, session in found
        ]
        if rows == self._told:
            return
        self._told = rows
        self._place.clear()
        with self._place:
            if not rows:
                Text("p", "No session yet. One begins after 30 s of running.", "bb-soft")
                return
            with Box("table"):
                Text("caption", "Medians; a date opens its page")
                with Box("thead"), Box("tr"):
                    for name in (("Runner",) if self._named else ()) + HEAD:
                        Text("th", name, props="scope=col")
                with Box("tbody"):
                    for row in rows[:MOST]:
                        self._row(row)

    def _row(self, row: tuple[str, ...]) -> None:
        team, runner, session, *cells, finished = row
        with Box("tr"):
            for index, cell in enumerate(cells):
                tag, props = ("td", "") if index else ("th", "scope=row")
                if finished and index == self._named:  # when it was opens its page
                    with Box(tag, props=props):
                        Link(cell, f"/report/{team}/{runner}/{session}")
                else:
                    Text(tag, cell, props=props)


def _cells(runner: Runner, session: Session, named: bool) -> tuple[str, ...]:
    summary = session.summary or {}
    inner = {name: value if isinstance(value := summary.get(name), dict) else {} for name in ("symmetry", "index")}
    index = number(inner["index"], "index_pct")
    raised = sum(told.alert.state == "raised" for told in session.alerts.values())
    running = number(summary, "running_s")
    return (
        *((runner.shown_name + (" (simulated)" if session.origin == "simulated" else ""),) if named else ()),
        session_title(runner, session),
        "–" if running is None else words.clock(running),
        words.amount(number(summary, "steps"), "").strip(),
        words.amount(number(summary, "cadence_spm"), "").strip(),
        words.amount(number(summary, "impact_peak_g"), "", 2).strip(),
        signed(words.amount(number(inner["symmetry"], "impact_pct"), "", 1, signed=True)).strip(),
        words.amount(index, "").strip(),
        str(raised) if raised else "none",
        "yes" if session.summary is not None else "",
    )
