"""Source URIs of the sensor side, taken apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from backbeat.errors import SourceError
from backbeat.samples import Position

T = TypeVar("T")
D = TypeVar("D")

POSITIONS: tuple[Position, ...] = ("sacrum", "left_hip", "right_hip", "unknown")


class SourceUri:
    """A URI's place and its parameters; a parameter that nobody asked for is an error, since it is a typing error."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        parts = urlsplit(uri)
        self.place = f"{parts.netloc}{parts.path}".strip("/")
        self._values = dict(parse_qsl(parts.query, keep_blank_values=True))
        self._known: set[str] = set()

    def get(self, name: str, default: D, read: Callable[[str], T]) -> T | D:
        """A parameter, read by a function that raises ValueError for what it cannot read.

        Raises:
            SourceError: it cannot be read.
        """
        self._known.add(name)
        text = self._values.get(name)
        if text is None:
            return default
        try:
            return read(text)
        except ValueError:
            raise SourceError(f"{self.uri}: '{text}' is no value for {name}=.") from None

    def number(self, name: str, default: float) -> float:
        """A number."""
        return self.get(name, default, float)

    def text(self, name: str, default: str) -> str:
        """Text."""
        return self.get(name, default, str)

    def flag(self, name: str) -> bool:
        """Set (`force=1`, `force`) or not."""
        return self.get(name, False, lambda text: ("", "1", "0").index(text) < 2)

    def position(self) -> Position:
        """Where on the body, `position=`."""
        return self.get("position", "unknown", lambda text: POSITIONS[[str(p) for p in POSITIONS].index(text)])

    def done(self) -> None:
        """All parameters have been asked for.

        Raises:
            SourceError: there is one that has no meaning.
        """
        unknown = sorted(set(self._values) - self._known)
        if unknown:
            known = ", ".join(sorted(self._known))
            raise SourceError(f"{self.uri}: '{unknown[0]}' means nothing here; known are {known}.")
