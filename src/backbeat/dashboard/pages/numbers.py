"""The present figures of a runner, large."""

from __future__ import annotations

from backbeat.dashboard.elements import Box, Text
from backbeat.dashboard.runner import Runner
from backbeat.dashboard.wording import battery, cadence, contact, impact, signal, symmetry, usual_impact


class Numbers:
    """A list of figures; built where it is made."""

    def __init__(self, *, only: int = 6) -> None:
        """The first so many of them."""
        self._box = Box("dl", "bb-numbers")
        self._figures: list[tuple[Text, Text, Text]] = []
        with self._box:
            for _ in range(only):
                with Box("div"):
                    label = Text("dt")
                    with Box("dd"):
                        value = Text("span", "–", "bb-big")
                        remark = Text("span", "", "bb-unit")
                    self._figures.append((label, value, remark))

    def show(self, runner: Runner, now: float) -> None:
        """Change what has changed."""
        live = runner.live
        difference, label = symmetry(live)
        told = (
            ("Cadence", cadence(live), "steps/min"),
            ("Impact", impact(live), f"g · {usual_impact(runner)}"),
            (f"Impact, {label}", difference, "%"),
            ("Ground contact", contact(live), "ms"),
            ("Signal", signal(live), ""),
            ("Battery", battery(live), ""),
        )
        self._box.flag("quiet", runner.presence(now) != "live")
        for (name, value, remark), (a, b, c) in zip(self._figures, told, strict=False):
            name.say(a)
            value.say(b)
            remark.say(f" {c}" if c else "")
