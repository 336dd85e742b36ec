"""One runner in depth: the present figures, the last minutes, alerts with their why, sessions, notes, the trend."""

from __future__ import annotations

from nicegui import ui

from backbeat import words
from backbeat.dashboard.charts import DRAW, LiveCharts, Trend
from backbeat.dashboard.elements import Box, Text
from backbeat.dashboard.pages.alerts import AlertCards
from backbeat.dashboard.pages.frame import Frame
from backbeat.dashboard.pages.numbers import Numbers
from backbeat.dashboard.pages.sessions import SessionTable
from backbeat.dashboard.reader import Reader
from backbeat.dashboard.runner import Runner, Told
from backbeat.dashboard.wording import (
    MARKS,
    condition,
    last_seen,
    moment,
    note,
    session_title,
)


def page(reader: Reader, who: str, team: str, name: str) -> None:
    """Build the page of a runner."""
    runner = reader.team.runners.get((team, name))
    frame = Frame(reader, runner.shown_name if runner else name, "", who)
    ui.add_head_html(DRAW)
    with frame.main:
        with Box("div", "bb-row"):
            title = Text("h1", name)
            with Box("span"):
                mark = Text("span", "", "bb-state bb-mark", "aria-hidden=true")
                state = Text("span", "", "bb-state")
        about = Text("p", "", "bb-soft")
        numbers = Numbers()
        with Box("section", props='aria-label="Alerts"'):
            alerts_title = Text("h2", "")
            cards = AlertCards(frame, named=False)
        with Box("section", props='aria-label="The last minutes"'):
            Text("h2", "The last minutes")
            charts = LiveCharts()
        with Box("section", props='aria-label="Sessions"'):
            Text("h2", "Sessions")
            sessions = SessionTable(named=False)
        with Box("section", props='aria-label="Notes"'):
            Text("h2", "Pain, effort and notes")
            notes = _Notes()
        with Box("section", props='aria-label="Trend"'):
            Text("h2", "Over the weeks")
            few = Text("p", "", "bb-empty")
            trend = Trend()

    def refresh() -> None:
        runner = reader.team.runners.get((team, name))
        now = reader.now()
        if runner is None:
            about.say("Nothing has been told of this runner.")
            return
        kind, said = condition(runner, now)
        title.say(runner.shown_name)
        mark.say(MARKS.get(kind, ""))
        mark.look(f"bb-state bb-mark {kind}")
        state.say(said)
        state.look(f"bb-state {kind}")
        about.say(_about(runner, now))
        numbers.show(runner, now)
        listed = _alerts(runner)
        which = "this" if runner.in_session else "the last"
        alerts_title.say(f"Alerts of {which} session" if listed else f"No alerts in {which} session")
        cards.show(listed)
        charts.show(runner)
        finished = [(runner, session) for session in runner.newest_first()]
        sessions.show(finished)
        notes.show(runner)
        told = [session_title(runner, session) for session, _ in runner.trend()]
        few.say("" if told else "The first finished session begins the trend.")
        if told:
            trend.show(runner, told)

    frame.run(refresh)


def _about(runner: Runner, now: float) -> str:
    live = runner.live
    kind = "simulated runner, not a person" if runner.simulated else "replay" if runner.origin == "replay" else ""
    lasts = f"session {words.clock(live.session_s)}" if live and live.session_s is not None else ""
    steps = f"{live.steps} steps" if live and live.session_s is not None else ""
    return " · ".join(part for part in (f"Team {runner.team}", kind, last_seen(runner, now), lasts, steps) if part)


def _alerts(runner: Runner) -> list[tuple[Runner, Told, bool]]:
    """Standing ones first, then what has passed, each newest first."""
    session = runner.current if runner.in_session else next(iter(runner.newest_first()), None)
    if session is None:
        return []
    active = runner.active()
    raised = [told for _, told in sorted(session.alerts.items(), reverse=True) if told.alert.state == "raised"]
    standing = {told.seq for told in active}
    return [(runner, told, True) for told in active] + [
        (runner, told, False) for told in raised if told.seq not in standing
    ]


class _Notes:
    def __init__(self) -> None:
        self._list = Box("ul", "bb-list", "role=list")
        self._told: list[str] | None = None

    def show(self, runner: Runner) -> None:
        """Newest session first."""
        told = [
            f"{moment(each.utc) if each.utc else words.clock(each.time)} · {note(each)}"
            for session in runner.newest_first()
            for each in reversed(session.notes)
        ][:50]
        if told != self._told:
            self._told = told
            self._list.clear()
            with self._list:
                for each in told or ["The runner has entered nothing."]:
                    Text("li", each, "" if told else "bb-soft")
