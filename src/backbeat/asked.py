"""What a live run does when somebody asks it by MQTT for more than a word: a page of a session, or to show itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backbeat.errors import UserError
from backbeat.history.live import write_page

if TYPE_CHECKING:
    from backbeat.mqtt.attendant import Handler
    from backbeat.mqtt.commands import Command


def write_report(history_file: Path, folder: Path) -> Handler:
    """Does the command `report`: writes the page of a kept session on this device.

    The answer has the session, the file, and the session's summary. A session that is under way has no page yet.

    Args:
        history_file: of the runner.
        folder: for the pages.
    """

    def write(command: Command) -> Mapping[str, Any]:
        session = getattr(command, "session", None) or "last"
        if not history_file.exists():
            raise UserError("No session of this runner is kept on this device.")
        try:
            file, material = write_page(history_file, folder, session)
        except sqlite3.Error as error:
            raise UserError(f"The history cannot be read ({error}).") from None
        except OSError as error:
            raise UserError(f"The page cannot be written into {folder} ({error.strerror}).") from None
        return {"session": material.name, "file": str(file), "summary": dict(material.summary)}

    return write


def say_who(runner: str, say: Callable[[str], None]) -> Handler:
    """Does the command `identify` where the runner wears nothing that buzzes or speaks: a line in the log."""

    def show(_command: Command) -> Mapping[str, Any]:
        say(f"*** Somebody asked by MQTT which device this is: here it is, the one of {runner}. ***")
        return {"shown": "a line in this device's log; a motor or a voice is set in [cues]"}

    return show
