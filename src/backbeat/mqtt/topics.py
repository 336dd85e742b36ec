"""Where MQTT topics are named: every channel that Backbeat writes or reads, in one table."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backbeat.errors import UserError

ID = re.compile(r"[a-z0-9-]{1,32}")
"""Team, runner and session ids: a dot, a space or a capital breaks some brokers and Homie."""

VERSION = 1
"""Of topics and payloads; fields may be added without a new one."""


class TopicError(UserError):
    """An id or a topic that brokers would not take."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A kind of message.

    Attributes:
        name: also the name of its schema.
        address: below the runner's root; `{session}` and `{command}` stand for ids.
        qos: delivery: 0 at most once, 1 until the broker has acknowledged it.
        retain: the broker keeps the last one for those who come later.
        expiry_s: after which an MQTT 5 broker forgets it; None: never.
        kept: goes through the outbox on disk.
    """

    name: str
    address: str
    qos: int
    retain: bool = False
    expiry_s: int | None = None
    kept: bool = False


STATUS = Channel("status", "status", 1, retain=True)
INFO = Channel("info", "info", 1, retain=True)
LIVE = Channel("live", "live", 0, retain=True, expiry_s=10)
STEP = Channel("step", "step", 0, expiry_s=10)
ALERT = Channel("alert", "alert", 1, kept=True)
SESSION_ALERTS = Channel("session-alerts", "session/{session}/alerts", 1, retain=True, kept=True)
SESSION_NOTES = Channel("session-notes", "session/{session}/notes", 1, retain=True, kept=True)
SESSION_SUMMARY = Channel("session-summary", "session/{session}/summary", 1, retain=True, kept=True)
SESSION_LAST = Channel("session-last", "session/last", 1, retain=True, kept=True)
COMMAND = Channel("command", "cmd/{command}", 1)
REPLY = Channel("reply", "reply/{command}", 1, expiry_s=60)

CHANNELS = (
    STATUS,
    INFO,
    LIVE,
    STEP,
    ALERT,
    SESSION_ALERTS,
    SESSION_NOTES,
    SESSION_SUMMARY,
    SESSION_LAST,
    COMMAND,
    REPLY,
)


def checked_id(value: str, what: str) -> str:
    """The id itself.

    Raises:
        TopicError: it is not of the form `[a-z0-9-]{1,32}`.
    """
    if not ID.fullmatch(value):
        raise TopicError(f"The {what} '{value}' cannot be a topic: use 1 to 32 of a-z, 0-9 and '-'.")
    return value


def default_root(team: str, runner: str) -> str:
    """The root of one runner's topics.

    Raises:
        TopicError: an id is not of the form `[a-z0-9-]{1,32}`.
    """
    return f"backbeat/v{VERSION}/{checked_id(team, 'team')}/{checked_id(runner, 'runner')}"


def checked_root(root: str) -> str:
    """A root of the user's own.

    Raises:
        TopicError: it has an empty level, a wildcard, a control character or begins with '$'.
    """
    levels = root.split("/")
    if root.startswith("$") or not all(levels) or re.search(r"[+#\x00-\x1f\x7f. ]", root) or len(root) > 200:
        raise TopicError(
            f"The root '{root}' cannot begin topics: write levels with '/' between, such as 'club/backbeat/anna', "
            "without '+', '#', '.', spaces, empty levels or a '$' in front."
        )
    return root


@dataclass(frozen=True, slots=True)
class Topics:
    """The full topics of one runner.

    Attributes:
        root: checked by `default_root` or `checked_root`.
    """

    root: str

    def of(self, channel: Channel, *, session: str = "", command: str = "") -> str:
        """The topic of a channel."""
        return f"{self.root}/{channel.address.format(session=session, command=command)}"

    @property
    def commands(self) -> str:
        """The filter that all commands match."""
        return self.of(COMMAND, command="+")

    def command_of(self, topic: str) -> str:
        """The command's name in a topic that matches `commands`."""
        return topic.rpartition("/")[2]
