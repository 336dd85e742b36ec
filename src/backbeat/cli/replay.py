"""`backbeat replay`: analyse a recording."""

from __future__ import annotations


def command(files: list[str]) -> None:
    """Analyse recordings: steps, alerts and the session's summary."""
    raise NotImplementedError(files)
