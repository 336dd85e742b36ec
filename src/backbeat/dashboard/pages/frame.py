"""What all pages share: head, navigation, the broker's state, and when they are brought up to date."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from backbeat.dashboard.elements import Box, Link, Text
from backbeat.dashboard.reader import Reader
from backbeat.dashboard.wording import alert_title, why

EVERY_S = 1.0

NAVIGATION = (("Team", "/"), ("Sessions", "/sessions"), ("My run", "/me"))


class Frame:
    """A page; what is built inside `main` belongs to it."""

    def __init__(self, reader: Reader, title: str, here: str, who: str, classes: str = "") -> None:
        """Build head and navigation.

        Args:
            reader: what is shown.
            title: of the page.
            here: its entry in the navigation.
            who: is looking; told with an acknowledgement.
            classes: of the page.
        """
        self.reader, self.who = reader, who
        self._client = ui.context.client
        self._announced: set[tuple[str, str, str, int]] | None = None
        ui.page_title(f"{title} – Backbeat")
        with ui.header(elevated=False, wrap=False).classes("bb-header"), Box("div", "bb-bar"):
            Link("To the content", "#content", "bb-skip")
            Link("Backbeat", "/", "bb-brand")
            with Box("nav", props='aria-label="Pages"'):
                for name, target in NAVIGATION:
                    Link(name, target, props="aria-current=page" if name == here else "")
            self._broker = Text("span", "", "bb-broker")
        self.main = Box("div", f"bb-page {classes}", 'id=content tabindex="-1"')
        with self.main:
            self._trouble = Text("p", "", "bb-trouble", "role=alert")
            self._region = Text("p", "", "bb-hidden", "role=status aria-live=assertive")

    def run(self, refresh: Callable[[], None]) -> None:
        """Show, and bring up to date once a second, and at once when something cannot wait."""

        def now() -> None:
            with self._client:
                self._refresh_frame()
                refresh()

        now()
        ui.timer(EVERY_S, now, immediate=False)
        self._client.on_delete(self.reader.watch(now))

    def _refresh_frame(self) -> None:
        trouble = self.reader.trouble
        self._trouble.say(trouble or "")
        self._broker.say("Broker away" if trouble else "● Connected")
        active = {
            (runner.team, runner.id, told.session, told.seq): f"{runner.shown_name}: {alert_title(told)}. {why(told)}"
            for runner in self.reader.team.ordered()
            for told in runner.active()
        }
        if self._announced is not None:
            new = [text for key, text in active.items() if key not in self._announced]
            if new:
                self._region.say("Alert. " + " ".join(new[:5]))
        self._announced = set(active)
