"""Where a runner's file is."""

from __future__ import annotations

import os
import re
from pathlib import Path

from backbeat.errors import UserError

DEFAULT_RUNNER = "runner"
_NAME = re.compile(r"[a-z0-9-]{1,32}")


def data_folder() -> Path:
    """$BACKBEAT_DATA, or backbeat in $XDG_DATA_HOME, or ~/.local/share/backbeat."""
    if chosen := os.environ.get("BACKBEAT_DATA"):
        return Path(chosen)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "backbeat"


def runner_file(runner: str = DEFAULT_RUNNER, folder: Path | None = None) -> Path:
    """The file of this runner, in the data folder unless said; it need not exist yet.

    Raises:
        UserError: the name is not one that works in topics and file names.
    """
    if not _NAME.fullmatch(runner):
        raise UserError(f"'{runner}' cannot be a runner's short name: use 1 to 32 of a-z, 0-9 and -.")
    return (folder or data_folder()) / f"{runner}.sqlite"
