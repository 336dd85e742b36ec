"""Errors that are meant for a person."""

from __future__ import annotations


class UserError(Exception):
    """One sentence that says what is wrong, where, and what to do; the command line prints it and exits with 2."""


class SourceError(UserError):
    """A source that cannot be opened or read."""
