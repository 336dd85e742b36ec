"""Alerts as cards: what, why, what speaks for it and against it, and who has seen it."""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from backbeat.dashboard.elements import Box, Button, Link, Text
from backbeat.dashboard.pages.frame import Frame
from backbeat.dashboard.runner import Runner, Told
from backbeat.dashboard.wording import GRADES, alert_title, since, why

Key = tuple[str, str, str, int]

MOST = 60
"""Cards on one page."""


class AlertCards:
    """A list of alerts that follows the state; it is built where it is made."""

    def __init__(self, frame: Frame, *, named: bool) -> None:
        """An empty list.

        Args:
            frame: the page.
            named: say whose alerts they are.
        """
        self._frame, self._named = frame, named
        self._list = Box("ul", "bb-alerts", "role=list")
        self._cards: dict[Key, _Card] = {}

    def show(self, alerts: Sequence[tuple[Runner, Told, bool]]) -> None:
        """Show these in this order; the third: it still stands."""
        wanted = {(runner.team, runner.id, told.session, told.seq): (runner, told, on) for runner, told, on in alerts}
        wanted = dict(list(wanted.items())[:MOST])
        for key in [
            key for key, card in self._cards.items() if key not in wanted or card.told.alert != wanted[key][1].alert
        ]:
            self._list.remove(self._cards.pop(key).item)
        for index, (key, (runner, told, on)) in enumerate(wanted.items()):
            if key not in self._cards:
                with self._list:
                    self._cards[key] = _Card(self._frame, runner, told, named=self._named)
            card = self._cards[key]
            if self._list.default_slot.children.index(card.item) != index:
                card.item.move(target_index=index)
            card.show(runner, told, on)


class _Card:
    def __init__(self, frame: Frame, runner: Runner, told: Told, *, named: bool) -> None:
        self._frame, self._runner, self.told = frame, runner, told
        alert = told.alert
        title = alert_title(told)
        self.item = Box("li", "bb-alert", "tabindex=-1")
        with self.item:
            with Box("div", "bb-row"):
                if named:
                    with Text("h3", ""):
                        Link(f"{runner.shown_name}: {title}", f"/runner/{runner.team}/{runner.id}", "bb-plain")
                else:
                    Text("h3", title)
                self._state = Text("span", "", "bb-tag")
            with Box("p", "bb-why"):
                Text("span", since(told), "bb-soft bb-since")
                Text("span", why(told))
            Text("p", alert.message)
            self._evidence(told)
            with Box("div", "bb-row"):
                self._said = Text("span", "", "bb-soft bb-small")
                self._button = Button("Acknowledge", f"Acknowledge {title}, {runner.shown_name}")
                self._button.on("click", self._press)

    def _evidence(self, told: Told) -> None:
        alert = told.alert
        rows = [
            ("About", (alert.cause or "").replace("_", " ")),
            ("For it", alert.evidence or ""),
            ("Against it", alert.contrary_evidence or ""),
            ("Grade", GRADES.get(alert.evidence_grade or "", "")),
        ]
        rows = [row for row in rows if row[1]]
        if rows:
            with Box("details"):
                Text("summary", "What speaks for it and against it")
                with Box("dl"):
                    for name, text in rows:
                        Text("dt", name)
                        Text("dd", text)

    def show(self, runner: Runner, told: Told, on: bool) -> None:
        """Follow what has become of it."""
        self._runner, self.told = runner, told
        self._state.say("Active" if on else "Cleared")
        answer = runner.answers.get((told.session, told.seq))
        self.item.flag("seen", bool(told.seen_by))
        if told.seen_by:
            self._said.say(f"✓ Seen by {told.seen_by}")
        else:
            self._said.say("Telling the runner's device …" if answer == "" else answer or "")
        self._button.set_visibility(on and not told.seen_by)
        self._button.enable(answer != "")

    def _press(self) -> None:
        # The button goes; who came by keyboard stays at the card, and a screen reader reads what became of it.
        ui.run_javascript(f"getHtmlElement({self.item.id}).focus()")
        trouble = self._frame.reader.acknowledge(self._runner, self.told, self._frame.who)
        if trouble:
            ui.notify(trouble, type="warning")
