"""Writing files that others must not see half-written, and some of them not at all."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

BROKER_USER = "mosquitto"
"""Mosquitto takes this user when root starts it."""


def write(path: Path, content: bytes, mode: int) -> None:
    """Replace a file whole; nobody ever sees it half-written or with other rights."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with open(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as stream:  # noqa: PTH123
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    beside.chmod(mode)
    hand_over(beside)
    beside.replace(path)


def hand_over(path: Path) -> None:
    """Where root sets the broker up, its files belong to the user that it runs as."""
    if os.geteuid() == 0 and broker_user() != "root":
        entry = pwd.getpwnam(BROKER_USER)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def broker_user() -> str:
    """Who the broker runs as."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    try:
        return pwd.getpwnam(BROKER_USER).pw_name
    except KeyError:
        return "root"
