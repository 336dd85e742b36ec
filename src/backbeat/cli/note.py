"""`backbeat note`: pain, stiffness, effort or words, before, during or after a run."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Annotated

import typer

from backbeat.errors import UserError
from backbeat.history.place import DEFAULT_RUNNER, runner_file
from backbeat.history.store import History, Note
from backbeat.strain.evidence import EASE_FROM, EMERGENCY, SOON, pain_advice

_LATELY_S = 86_400.0


class When(StrEnum):
    """When it was felt."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


_Level = typer.Option(min=0, max=10, help="0 to 10.")


def command(
    text: Annotated[str | None, typer.Argument(help="Anything worth remembering.")] = None,
    pain: Annotated[float | None, _Level] = None,
    stiffness: Annotated[float | None, _Level] = None,
    effort: Annotated[float | None, _Level] = None,
    when: Annotated[When, typer.Option(help="When it was felt.")] = When.AFTER,
    session: Annotated[str | None, typer.Option(help="Which session: its id, or last. Default: one of today.")] = None,
    runner: Annotated[str, typer.Option(help="Whose history.")] = DEFAULT_RUNNER,
) -> None:
    """Note how it felt: pain, stiffness, effort (0 to 10) or words."""
    levels = {"pain": pain, "stiffness": stiffness, "effort": effort}
    given = {kind: level for kind, level in levels.items() if level is not None}
    if not given and not text:
        raise UserError('there is nothing to note; try: backbeat note --pain 3 --when after "stiff in the morning"')
    now = time.time()
    with History(runner_file(runner)) as history:
        name = history.session(session).id if session else _lately(history, now)
        for kind, level in given.items():
            history.add_note(Note(kind, level, when.value, text, now, name))
        if not given:
            history.add_note(Note("note", None, when.value, text, now, name))
    typer.echo("Noted." if name is None else f"Noted with session {name}.")
    if pain is not None and pain >= EASE_FROM:
        typer.echo(pain_advice(pain))
        _warning_signs()


def _lately(history: History, now: float) -> str | None:
    sessions = [s for s in history.sessions() if s.start_utc is not None and 0 <= now - s.start_utc < _LATELY_S]
    return sessions[-1].id if sessions else None


def _warning_signs() -> None:
    typer.echo("\nGet help at once if you have:")
    for sign in EMERGENCY:
        typer.echo(f"  - {sign}")
    typer.echo("See a professional soon if you have:")
    for sign in SOON:
        typer.echo(f"  - {sign}")
