"""Who may log in, and who may read and write which topics: Mosquitto's password file and access list.

Formats: https://mosquitto.org/man/mosquitto-conf-5.html (acl_file), and mosquitto_passwd's `$7$` (PBKDF2-SHA512).
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

from backbeat.mqtt.broker.files import write
from backbeat.mqtt.homeassistant import STATUS_TOPIC, discovery_topic
from backbeat.mqtt.topics import checked_id, default_root

ITERATIONS = 20_000
"""Of PBKDF2; the passwords are random, and a Raspberry Pi has to do it at every connection."""

HEADER = "# Written by `backbeat broker`; who is not named here may do nothing.\n"


def runner_user(team: str, runner: str) -> str:
    """A runner's user name at the broker."""
    return f"{checked_id(team, 'team')}.{checked_id(runner, 'runner')}"


def coach_user(team: str, coach: str) -> str:
    """A coach's user name at the broker; a runner of the same name is another user."""
    return f"{checked_id(team, 'team')}.coach.{checked_id(coach, 'coach')}"


def runner_rights(team: str, runner: str, *, homeassistant: bool = False, phone: bool = False) -> list[str]:
    """A runner reads and writes below its own topic; the two conventions are extra."""
    rights = [f"topic readwrite {default_root(team, runner)}/#"]
    if homeassistant:
        rights += [f"topic write {discovery_topic(team, runner)}", f"topic read {STATUS_TOPIC}"]
    if phone:
        rights.append(f"topic readwrite owntracks/{runner_user(team, runner)}/#")
    return rights


def coach_rights(team: str, *, commands: bool = False) -> list[str]:
    """A coach reads the whole team, asks for lost alerts and acknowledges; other commands are extra."""
    team_root = default_root(team, "x").removesuffix("/x")
    names = ["#"] if commands else ["resend", "ack"]
    return [f"topic read {team_root}/#", *(f"topic write {team_root}/+/cmd/{name}" for name in names)]


def hashed(password: str, salt: bytes | None = None) -> str:
    """A password as Mosquitto keeps it."""
    salt = secrets.token_bytes(12) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS, 64)
    return f"$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


class Access:
    """The two files of a broker, as far as one user is concerned; all others stay as they are."""

    def __init__(self, passwords: Path, rights: Path) -> None:
        self._passwords, self._rights = passwords, rights

    def create(self) -> None:
        """Make the files where they are not there yet: nobody may do anything."""
        if not self._passwords.exists():
            write(self._passwords, b"", 0o600)
        if not self._rights.exists():
            write(self._rights, HEADER.encode(), 0o600)

    def users(self) -> list[str]:
        """Who can log in."""
        return [line.partition(":")[0] for line in self._passwords.read_text(encoding="utf-8").splitlines() if line]

    def put(self, user: str, password: str, rights: Sequence[str]) -> None:
        """Let a user in with exactly these rights."""
        lines = [
            line
            for line in self._passwords.read_text(encoding="utf-8").splitlines()
            if line and line.partition(":")[0] != user
        ]
        text = self._rights.read_text(encoding="utf-8")
        block = rf"^user {re.escape(user)}\n(?:topic .*\n)*\n?"
        text = re.sub(block, "", text, flags=re.MULTILINE).rstrip("\n")
        rules = "\n".join([text, "", f"user {user}", *rights, ""])
        # rights first: a password without rights does no harm, rights without their owner's password neither
        write(self._rights, rules.encode(), 0o600)
        write(self._passwords, "\n".join([*lines, f"{user}:{hashed(password)}", ""]).encode(), 0o600)
