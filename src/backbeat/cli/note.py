"""`backbeat note`: pain, stiffness, effort or words, before, during or after a run; and what was run on."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from typing import Annotated

import typer

from backbeat.cli.whose import Runner, history_file
from backbeat.errors import UserError
from backbeat.history.notes import Note
from backbeat.history.store import History
from backbeat.pain import EASE_FROM, QUESTIONS, RedFlag, as_red_flag, pain_advice

_LATELY_S = 86_400.0
_INTRODUCTIONS: dict[RedFlag, str] = {
    "emergency": "Get help at once if you have:",
    "soon": "See a professional soon if you have:",
}


class When(StrEnum):
    """When it was felt."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


class WarningSign(StrEnum):
    """The answer to the questions about warning signs."""

    NONE = "none"
    SOON = "soon"
    EMERGENCY = "emergency"


_Level = typer.Option(min=0, max=10, help="0 to 10.")


def command(
    text: Annotated[str | None, typer.Argument(help="Anything worth remembering.")] = None,
    pain: Annotated[float | None, _Level] = None,
    stiffness: Annotated[float | None, _Level] = None,
    effort: Annotated[float | None, _Level] = None,
    surface: Annotated[str | None, typer.Option(help="What was run on: road, track, trail, treadmill, …")] = None,
    when: Annotated[When, typer.Option(help="When it was felt.")] = When.AFTER,
    warning_sign: Annotated[
        WarningSign | None, typer.Option(help="Answers the questions that follow on pain, instead of being asked.")
    ] = None,
    session: Annotated[str | None, typer.Option(help="Which session: its id, or last. Default: one of today.")] = None,
    runner: Runner = None,
) -> None:
    """Note how it felt: pain, stiffness, effort (0 to 10) or words; and what was run on."""
    levels = {"pain": pain, "stiffness": stiffness, "effort": effort}
    given = {kind: level for kind, level in levels.items() if level is not None}
    if not given and not text and not surface:
        raise UserError('there is nothing to note; try: backbeat note --pain 3 --when after "stiff in the morning"')
    file = history_file(runner)
    red_flag = _red_flag(warning_sign) if pain else None
    now = time.time()
    with History(file) as history:
        name = history.session(session).id if session else _lately(history, now)
        if surface:
            if name is None:
                raise UserError("there is no session of today to say the surface of; name one with --session.")
            history.set_surface(name, surface)
        for kind, level in given.items():
            history.add_note(Note(kind, level, when.value, text, now, name, red_flag if kind == "pain" else None))
        if text and not given:
            history.add_note(Note("note", None, when.value, text, now, name))
    typer.echo("Noted." if name is None else f"Noted with session {name}.")
    if pain is not None and (pain >= EASE_FROM or red_flag):
        typer.echo(pain_advice(pain, red_flag))


def _lately(history: History, now: float) -> str | None:
    sessions = [s for s in history.sessions() if s.start_utc is not None and 0 <= now - s.start_utc < _LATELY_S]
    return sessions[-1].id if sessions else None


def _red_flag(said: WarningSign | None) -> RedFlag | None:
    """Ask about warning signs, the most urgent first; where nobody can answer, only say them."""
    if said is not None:
        return as_red_flag(said.value)
    for kind, signs in QUESTIONS.items():
        typer.echo(_INTRODUCTIONS[kind])
        for sign in signs:
            typer.echo(f"  - {sign}")
        if sys.stdin.isatty() and typer.confirm("Does one of these apply to you?", default=False):
            return kind
    return None
