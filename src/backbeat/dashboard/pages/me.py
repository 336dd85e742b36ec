"""A runner's own page for the phone: three big numbers and one cue."""

from __future__ import annotations

from backbeat.dashboard.elements import Box, Link, Text
from backbeat.dashboard.pages.frame import Frame
from backbeat.dashboard.pages.numbers import Numbers
from backbeat.dashboard.reader import Reader
from backbeat.dashboard.runner import Runner
from backbeat.dashboard.wording import MARKS, alert_title, condition, last_seen


def page(reader: Reader, who: str, team: str, name: str) -> None:
    """Build the page of this runner."""
    frame = Frame(reader, "My run", "My run", who, "bb-me")
    with frame.main:
        with Box("div", "bb-row"):
            title = Text("h1", name)
            state = Text("span", "", "bb-state")
        seen = Text("p", "", "bb-soft")
        cue = Text("p", "", "bb-cue", "role=status")
        numbers = Numbers(only=3)

    def refresh() -> None:
        runner = reader.team.runners.get((team, name))
        if runner is None:
            cue.say("Nothing has been told of this runner.")
            return
        now = reader.now()
        kind, said = condition(runner, now)
        title.say(runner.shown_name)
        state.say(f"{MARKS.get(kind, '')} {said}")
        state.look(f"bb-state {kind}")
        seen.say(last_seen(runner, now) + (" · simulated" if runner.simulated else ""))
        numbers.show(runner, now)
        alerts = runner.active()
        cue.say((alerts[0].alert.message or alert_title(alerts[0])) if alerts else _calm(runner, now))
        cue.look("bb-cue alerting" if alerts else "bb-cue")

    frame.run(refresh)


def _calm(runner: Runner, now: float) -> str:
    """What there is to say without an alert."""
    if runner.presence(now) != "live" or runner.live is None:
        return "No figures at present."
    return "Nothing unusual." if runner.live.state == "running" else "Ready when you are."


def choose(reader: Reader, who: str) -> None:
    """Build the page that asks who is looking."""
    frame = Frame(reader, "My run", "My run", who, "bb-me")
    with frame.main:
        Text("h1", "Who are you?")
        Text("p", "Choose yourself, then keep that page on your phone's home screen.", "bb-soft")
        people = Box("ul", "bb-list", "role=list")
    told: list[tuple[str, str, str]] = []

    def refresh() -> None:
        known = [(runner.team, runner.id, runner.shown_name) for runner in reader.team.ordered()]
        if known != told:
            told[:] = known
            people.clear()
            with people:
                for team, name, shown in known:
                    with Box("li"):
                        Link(shown, f"/me/{team}/{name}", "bb-cue bb-plain bb-choice")

    frame.run(refresh)
