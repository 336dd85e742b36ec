"""The team at a glance: a tile for each runner, and the alerts that stand."""

from __future__ import annotations

from backbeat.dashboard.elements import Box, Link, Text
from backbeat.dashboard.pages.alerts import AlertCards
from backbeat.dashboard.pages.frame import Frame
from backbeat.dashboard.reader import Reader
from backbeat.dashboard.runner import Runner
from backbeat.dashboard.team import MAX_RUNNERS
from backbeat.dashboard.wording import (
    MARKS,
    alert_title,
    battery,
    cadence,
    condition,
    impact,
    last_seen,
    signal,
    symmetry,
    usual_impact,
)

SHOWN_ALERTS = 3
"""Names of alerts on a tile; the rest is counted."""


def page(reader: Reader, who: str) -> None:
    """Build the page."""
    frame = Frame(reader, "Team", "Team", who)
    tiles: dict[tuple[str, str], Tile] = {}
    with frame.main:
        Text("h1", "Team")
        counts = Text("p", "", "bb-soft")
        with Box("div", "bb-columns"):
            with Box("section", props='aria-label="Alerts"'):
                alerts_title = Text("h2", "")
                cards = AlertCards(frame, named=True)
            with Box("section", props='aria-label="Runners"'):
                Text("h2", "Runners")
                empty = Text("p", "", "bb-empty")
                grid = Box("div", "bb-tiles")

    def refresh() -> None:
        runners, now = reader.team.ordered(), reader.now()
        standing = [(runner, told, True) for runner in runners for told in runner.active()]
        standing.sort(key=lambda each: (bool(each[1].seen_by), _reversed(each[1].utc)))
        more = "" if not reader.team.left_out else f" · more than {MAX_RUNNERS} runners: the others are left out"
        counts.say(_counts(runners, now) + more)
        alerts_title.say("Alerts" if standing else "No alerts")
        cards.show(standing)
        empty.say(
            ""
            if runners or reader.trouble
            else "No runner has told anything yet that we may read at the broker. Start one with backbeat run --mqtt …"
        )
        for key in [key for key in tiles if key not in reader.team.runners]:
            grid.remove(tiles.pop(key).box)
        for index, runner in enumerate(runners):
            key = (runner.team, runner.id)
            if key not in tiles:
                with grid:
                    tiles[key] = Tile(runner)
            if grid.default_slot.children.index(tiles[key].box) != index:
                tiles[key].box.move(target_index=index)
            tiles[key].show(runner, now)

    frame.run(refresh)


def _reversed(utc: str) -> tuple[int, ...]:
    """Sorts newest first."""
    return tuple(-ord(letter) for letter in utc[:32])


def _counts(runners: list[Runner], now: float) -> str:
    if not runners:
        return ""
    conditions = [condition(runner, now)[0] for runner in runners]
    parts = [f"{len(runners)} runner{'s' if len(runners) != 1 else ''}"]
    for name, words in (("running", "running"), ("walking", "walking"), ("stale", "stale"), ("lost", "lost")):
        if name in conditions:
            parts.append(f"{conditions.count(name)} {words}")
    return " · ".join(parts)


class Tile:
    """One runner."""

    def __init__(self, runner: Runner) -> None:
        """Build it where it is made."""
        self.box = Box("article", "bb-tile")
        with self.box:
            with Box("div", "bb-row"):
                with Text("h3"):
                    self._name = Link(runner.shown_name, f"/runner/{runner.team}/{runner.id}", "bb-plain")
                with Box("span"):
                    self._mark = Text("span", "", "bb-state", "aria-hidden=true")
                    self._state = Text("span", "", "bb-state")
            self._flag = Text("p", "", "bb-flag")
            with Box("dl", "bb-figures"):
                self._cadence, _ = _figure("Cadence, steps/min")
                self._impact, _ = _figure("Impact, g")
                self._symmetry, self._symmetry_name = _figure("Right against left, %")
                with Box("div", "bb-wide"):
                    Text("dt", "Impact")
                    self._usual = Text("dd", "")
                with Box("div", "bb-wide bb-most"):
                    Text("dt", "Signal")
                    self._signal = Text("dd", "")
                with Box("div", "bb-wide bb-least"):
                    Text("dt", "Battery")
                    self._battery = Text("dd", "")
            with Box("div", "bb-foot"):
                self._seen = Text("span", "")
                self._kind = Text("span", "", "bb-tag")

    def show(self, runner: Runner, now: float) -> None:
        """Change what has changed."""
        kind, words = condition(runner, now)
        alerts = runner.active()
        self._name.say(runner.shown_name)
        self._mark.say(MARKS.get(kind, ""))
        self._mark.look(f"bb-state bb-mark {kind}")
        self._state.say(words)
        self._state.look(f"bb-state {kind}")
        self.box.flag("alerting", bool(alerts))
        self.box.flag("quiet", kind in ("stale", "lost", "ended"))
        names = [alert_title(told) for told in alerts]
        more = f", and {len(names) - SHOWN_ALERTS} more" if len(names) > SHOWN_ALERTS else ""
        self._flag.say(", ".join(names[:SHOWN_ALERTS]) + more)
        self._cadence.say(cadence(runner.live))
        self._impact.say(impact(runner.live))
        value, label = symmetry(runner.live)
        self._symmetry.say(value)
        self._symmetry_name.say(f"{label.capitalize()}, %")
        self._usual.say(usual_impact(runner))
        self._signal.say(signal(runner.live))
        self._battery.say(battery(runner.live))
        self._seen.say(last_seen(runner, now))
        self._kind.say("simulated" if runner.simulated else "replay" if runner.origin == "replay" else "")


def _figure(name: str) -> tuple[Text, Text]:
    with Box("div"):
        label = Text("dt", name)
        value = Text("dd", "–", "bb-big")
    return value, label
