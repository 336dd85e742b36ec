"""The attendant: answers commands. On the courier's thread, but for what takes long: that has a thread of its own."""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from backbeat.errors import UserError
from backbeat.mqtt import topics
from backbeat.mqtt.commands import (
    ALWAYS,
    COMMANDS,
    Ack,
    Command,
    Identify,
    Incline,
    InvalidCommandError,
    Note,
    RateLimit,
    Report,
    Resend,
    Session,
    Shoe,
    Speed,
    read_command,
)
from backbeat.mqtt.link import Incoming
from backbeat.mqtt.payloads import Reply
from backbeat.pain import QUESTIONS, pain_advice
from backbeat.samples import ContextKind, JsonValue

MOST_RESENT = 200
"""Alerts in the answer to one `resend`."""

BURST, PER_SECOND = 10.0, 1.0
"""Of each command; answers count too, so that nonsense cannot make a flood."""

REMEMBERED = 256
"""Ids of commands, so that one which the broker brings twice acts once."""

Tell = Callable[[ContextKind, JsonValue], bool]
Handler = Callable[[Command], Mapping[str, Any]]


class Files(Protocol):
    """What an attendant asks of the desk."""

    def resend(self, session: str | None, first: int, last: int, most: int) -> list[int]:
        """Publish alerts again; the numbers of those that were found."""
        ...

    def acknowledge(self, session: str, seq: int, by: str) -> bool:
        """Mark an alert as seen; whether there is such an alert."""
        ...

    def reply(self, reply: Reply, correlation: bytes | None) -> None:
        """Answer."""
        ...


class Attendant:
    """Lets commands in by name, rate and form, and has them done."""

    def __init__(
        self,
        files: Files,
        *,
        allowed: frozenset[str],
        tell: Tell | None,
        handlers: Mapping[type[Command], Handler],
        post: Callable[[Callable[[], None]], None],
        report: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        """An attendant.

        Args:
            files: where alerts are found and answers go.
            allowed: commands that are on besides `resend` and `ack`.
            tell: hands context to the run; None where there is none to tell.
            handlers: for commands that are done elsewhere, `Report` and `Identify`; each is called on a thread of its
                own, what it raises as `UserError` is the answer.
            post: has something done on this thread; may be called from any.
            report: told of errors inside a handler.
            clock: monotonic seconds.
        """
        self._files, self._tell, self._handlers, self._clock = files, tell, handlers, clock
        self._post, self._report = post, report
        self._under_way: set[str] = set()
        self._allowed = ALWAYS | (allowed & COMMANDS.keys())
        self._limits = {name: RateLimit(BURST, PER_SECOND) for name in COMMANDS}
        self._strangers = RateLimit(BURST, PER_SECOND)
        self._seen: deque[tuple[str, str]] = deque(maxlen=REMEMBERED)

    def received(self, name: str, message: Incoming) -> None:
        """A message on a command's topic."""
        if message.retained or not self._limits.get(name, self._strangers).allows(self._clock()):
            return  # an old wish is nobody's present one, and a flood gets no answers
        if topics.ID.fullmatch(name) is None:
            return
        identity: str | None = None
        try:
            command = read_command(name, message.payload)
            identity = command.id
            if name not in self._allowed:
                raise InvalidCommandError("This command is off; the device's configuration can turn it on.", identity)
            if identity is not None and (name, identity) in self._seen:
                return
            if identity is not None:
                self._seen.append((name, identity))
            if isinstance(command, Report | Identify):
                self._hand_over(name, command, message.correlation)
                return
            reply = Reply(command=name, id=identity, ok=True, result=self._do(command))
        except InvalidCommandError as error:
            reply = Reply(command=name, id=error.id or identity, ok=False, error=str(error))
        self._files.reply(reply, message.correlation)

    def _hand_over(self, name: str, command: Report | Identify, correlation: bytes | None) -> None:
        """Have it done elsewhere: an alert must not wait for a page to be written. One of each kind at a time.

        Raises:
            InvalidCommandError: nobody does that here, or the one before is not done.
        """
        handler = self._handlers.get(type(command))
        if handler is None:
            raise InvalidCommandError("This device cannot do that.")
        if name in self._under_way:
            raise InvalidCommandError("This is being done already; wait for its answer.")
        self._under_way.add(name)

        def work() -> None:
            try:
                reply = Reply(command=name, id=command.id, ok=True, result=handler(command))
            except (UserError, OSError) as error:
                reply = Reply(command=name, id=command.id, ok=False, error=str(error))
            except Exception:  # noqa: BLE001  a fault of ours must not end the run, and is told as what it is
                self._report(f"An error inside Backbeat, please report it:\n{traceback.format_exc()}")
                reply = Reply(command=name, id=command.id, ok=False, error="An error inside Backbeat; see its log.")
            self._post(partial(self._done, reply, correlation))

        threading.Thread(target=work, name=f"mqtt-{name}", daemon=True).start()

    def _done(self, reply: Reply, correlation: bytes | None) -> None:
        self._under_way.discard(reply.command)
        self._files.reply(reply, correlation)

    def _do(self, command: Resend | Ack | Session | Note | Shoe | Speed | Incline) -> Mapping[str, Any]:
        match command:
            case Resend():
                return self._resend(command)
            case Ack():
                if not self._files.acknowledge(command.session, command.seq, command.by):
                    raise InvalidCommandError("There is no such alert.")
                return {}
            case _:
                kind, value = as_context(command)
                if self._tell is None or not self._tell(kind, value):
                    raise InvalidCommandError("No run is on that could be told.")
                return _answer(command)

    def _resend(self, command: Resend) -> Mapping[str, Any]:
        if command.last < command.first or command.last - command.first >= MOST_RESENT:
            raise InvalidCommandError(f"Ask for 1 to {MOST_RESENT} numbers at a time, from the first to the last.")
        found = set(self._files.resend(command.session, command.first, command.last, MOST_RESENT))
        missing = [number for number in range(command.first, command.last + 1) if number not in found]
        return {"resent": sorted(found), "missing": missing}


def _answer(command: Command) -> Mapping[str, Any]:
    """What is said to pain: what to do, and the warning signs to ask about as long as nobody has."""
    if not isinstance(command, Note) or command.about != "pain" or not (command.value or command.red_flag):
        return {}
    advice = {"advice": pain_advice(command.value or 0, command.red_flag)}
    return advice if command.red_flag else {**advice, "red_flags": {k: list(v) for k, v in QUESTIONS.items()}}


def as_context(command: Session | Note | Shoe | Speed | Incline) -> tuple[ContextKind, JsonValue]:
    """What a run hears of a command."""
    match command:
        case Session():
            return "command", f"{command.action}_session"
        case Note(about="note" | "surface"):
            if not command.text.strip():
                raise InvalidCommandError("The field 'text' is missing.")
            return command.about, command.text
        case Note():
            if command.value is None:
                raise InvalidCommandError("The field 'value' is missing: 0 (none) to 10 (worst imaginable).")
            felt: dict[str, JsonValue] = {"value": command.value, "when": command.when, "text": command.text}
            return command.about, felt if command.red_flag is None else {**felt, "red_flag": command.red_flag}
        case Shoe():
            return "shoe", command.shoe
        case Speed():
            return "speed_m_s", command.speed_m_s
        case Incline():
            return "grade_pct", command.grade_pct
