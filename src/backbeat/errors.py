"""Errors that are meant for a person."""

from __future__ import annotations

import unicodedata


class UserError(Exception):
    """One sentence that says what is wrong, where, and what to do; the command line prints it and exits with 2."""


class SourceError(UserError):
    """A source that cannot be opened or read."""


def why(error: Exception) -> str:
    """What went wrong with a file or a connection, without the number and the names that Python puts around it."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no text in UTF-8"
    return getattr(error, "strerror", None) or str(error)


def printable(text: str) -> str:
    """The text as a terminal may have it: what a file or its name says must not steer the terminal."""
    hidden = ("Cc", "Cf", "Cs")  # control characters, invisible ones, halves of characters
    return "".join("�" if unicodedata.category(c) in hidden and c not in "\n\t" else c for c in text)
