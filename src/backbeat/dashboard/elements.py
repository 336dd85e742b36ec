"""HTML elements by their own names. All text goes in as text, so nothing that a message says becomes markup."""

from __future__ import annotations

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement


class Box(ui.element):
    """An element that holds others; `props` as HTML attributes, with values of our own only."""

    def __init__(self, tag: str, classes: str = "", props: str = "") -> None:
        super().__init__(tag)
        self.classes(classes)
        if props:
            self.props(props)

    def flag(self, name: str, on: bool) -> None:
        """Set or take away a class."""
        if on != (name in self._classes):
            self.classes(add=name if on else None, remove=None if on else name)


class Text(TextElement):
    """An element with a text; setting the same text again sends nothing."""

    def __init__(self, tag: str, text: str = "", classes: str = "", props: str = "") -> None:
        super().__init__(tag=tag, text=text)
        self.classes(classes)
        if props:
            self.props(props)

    def say(self, text: str) -> None:
        """Show this text."""
        if self.text != text:
            self.text = text

    def look(self, classes: str) -> None:
        """Replace all classes."""
        if " ".join(self._classes) != classes:
            self.classes(replace=classes)


class Link(Text):
    """A link within the dashboard; `target` is made of checked ids."""

    def __init__(self, text: str, target: str, classes: str = "", props: str = "") -> None:
        super().__init__("a", text, classes, props)
        self._props["href"] = target


class Button(Text):
    """A button."""

    def __init__(self, text: str, label: str = "") -> None:
        super().__init__("button", text, "bb-button", "type=button")
        if label:
            self._props["aria-label"] = label

    def enable(self, on: bool) -> None:
        """Whether it can be pressed."""
        if on == bool(self._props.get("disabled")):
            self._props["disabled"] = not on
            self.update()
