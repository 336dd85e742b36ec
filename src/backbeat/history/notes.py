"""What a runner enters about a run: how it felt, and words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backbeat.pain import RedFlag, as_red_flag
from backbeat.samples import Context

ENTERED = ("pain", "stiffness", "effort", "note")
"""Kinds of context that are notes."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a runner entered: pain, stiffness or effort from 0 to 10, or words.

    Attributes:
        kind: one of `ENTERED`.
        level: 0 to 10, None for words alone.
        moment: before, during or after the run.
        text: in the runner's words.
        utc: Unix time of the entry, None where the wall clock was not known.
        session: which one it belongs to.
        red_flag: which questions about warning signs had a yes beside the pain.
    """

    kind: str
    level: float | None = None
    moment: str | None = None
    text: str | None = None
    utc: float | None = None
    session: str | None = None
    red_flag: RedFlag | None = None

    def __str__(self) -> str:
        level = "" if self.level is None else f" {self.level:g} of 10"
        moment = f", {self.moment} the run" if self.moment else ""
        return f"{self.kind}{level}{moment}{f': {self.text}' if self.text else ''}"


def note_of(context: Context, utc: float | None, session: str | None) -> Note | None:
    """The note in a context; None where there is none."""
    if context.kind not in ENTERED:
        return None
    value = context.value
    entry: Mapping[str, object] = value if isinstance(value, Mapping) else {}
    if not entry:
        entry = {"text": value} if isinstance(value, str) else {"value": value}
    level, moment, text = entry.get("value"), entry.get("when"), entry.get("text")
    return Note(
        context.kind,
        float(level) if isinstance(level, (int, float)) and not isinstance(level, bool) else None,
        moment if isinstance(moment, str) else None,
        text if isinstance(text, str) and text else None,
        utc,
        session,
        as_red_flag(entry.get("red_flag")),
    )
