"""Whose history a command is about."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backbeat.config import find, load
from backbeat.history.live import runner_history

Runner = Annotated[str | None, typer.Option(help="Whose history, a short name; that of the configuration unless said.")]


def history_file(runner: str | None) -> Path:
    """The file in which a run of this runner is kept on this machine; it need not exist yet.

    Raises:
        UserError: the configuration has a fault, or the name cannot be a runner's.
    """
    settings = load(find())
    return runner_history(settings.history, runner or settings.runner.id)
