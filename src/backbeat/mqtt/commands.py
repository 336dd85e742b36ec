"""What may be asked by MQTT, and the strict reading of it: nothing unvalidated gets past here. Pure.

Each command is a dataclass; `COMMANDS` has them by the name that ends their topic.
"""

from __future__ import annotations

import json
import math
from dataclasses import MISSING, dataclass, fields
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Le, MaxLen, MinLen

MAX_BYTES = 4096
"""No command needs more."""

CommandId = Annotated[str, MinLen(1), MaxLen(64)]
SessionId = Annotated[str, MinLen(1), MaxLen(32)]
Number = Annotated[int, Ge(1), Le(2**53)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resend:
    """A reader saw a gap in `seq` of the topic `alert`: those alerts are published again, with the same numbers.

    Attributes:
        id: comes back in the reply.
        session: as in the envelope of the messages around the gap.
        first: the first missing number.
        last: the last missing number.
    """

    id: CommandId | None = None
    session: SessionId | None
    first: Number
    last: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """A coach has seen an alert; `session/<id>/alerts` then says so.

    Attributes:
        id: comes back in the reply.
        session: the alert's.
        seq: the alert's.
        by: who has seen it.
    """

    id: CommandId | None = None
    session: SessionId
    seq: Number
    by: Annotated[str, MinLen(1), MaxLen(64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Start or stop a session now.

    Attributes:
        id: comes back in the reply.
        action: which of the two.
    """

    id: CommandId | None = None
    action: Literal["start", "stop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the runner feels or wants to remember.

    Attributes:
        id: comes back in the reply.
        about: pain, stiffness and effort have a value, a note has a text, a surface its name (road, track, trail,
            treadmill, …) as text.
        value: 0 (none) to 10 (worst imaginable).
        when: of the run.
        text: free.
        red_flag: with pain: which of the lists of warning signs that the answer asks about had a yes.
    """

    id: CommandId | None = None
    about: Literal["pain", "stiffness", "effort", "note", "surface"]
    value: Annotated[int, Ge(0), Le(10)] | None = None
    when: Literal["before", "during", "after"] | None = None
    text: Annotated[str, MaxLen(1000)] = ""
    red_flag: Literal["emergency", "soon"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shoe:
    """The shoe that is worn.

    Attributes:
        id: comes back in the reply.
        shoe: its id in the history.
    """

    id: CommandId | None = None
    shoe: Annotated[str, MinLen(1), MaxLen(64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """The treadmill's speed.

    Attributes:
        id: comes back in the reply.
        speed_m_s: null: not known any more.
    """

    id: CommandId | None = None
    speed_m_s: Annotated[float, Ge(0), Le(12)] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incline:
    """The treadmill's incline.

    Attributes:
        id: comes back in the reply.
        grade_pct: positive uphill; null: not known any more.
    """

    id: CommandId | None = None
    grade_pct: Annotated[float, Ge(-45), Le(45)] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Make the report of a session.

    Attributes:
        id: comes back in the reply.
        session: null: the last one.
    """

    id: CommandId | None = None
    session: SessionId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identify:
    """Let the device vibrate, buzz or blink, so that one knows which it is.

    Attributes:
        id: comes back in the reply.
    """

    id: CommandId | None = None


Command: TypeAlias = Resend | Ack | Session | Note | Shoe | Speed | Incline | Report | Identify

COMMANDS: dict[str, type[Command]] = {
    "resend": Resend,
    "ack": Ack,
    "session": Session,
    "note": Note,
    "shoe": Shoe,
    "speed": Speed,
    "incline": Incline,
    "report": Report,
    "identify": Identify,
}
ALWAYS = frozenset({"resend", "ack"})
"""The others are off unless the configuration names them."""


class InvalidCommandError(ValueError):
    """One sentence for who asked; `id` is what could be read of it."""

    def __init__(self, sentence: str, identity: str | None = None) -> None:
        super().__init__(sentence)
        self.id = identity


def read_command(name: str, payload: bytes) -> Command:
    """The command in a payload.

    Raises:
        InvalidCommandError: it is none, or not exactly one.
    """
    kind = COMMANDS.get(name)
    if kind is None:
        raise InvalidCommandError(f"There is no command of this name; there are {', '.join(COMMANDS)}.")
    body = _json_object(payload)
    identity = body.get("id")
    identity = identity if isinstance(identity, str) and len(identity) <= 64 and _sendable(identity) else None
    try:
        return kind(**_checked(kind, body))
    except InvalidCommandError as error:
        raise InvalidCommandError(str(error), identity) from None


def _json_object(payload: bytes) -> dict[str, Any]:
    if len(payload) > MAX_BYTES:
        raise InvalidCommandError(f"A command has at most {MAX_BYTES} bytes, not {len(payload)}.")
    try:
        body = json.loads(payload.decode("utf-8") or "{}", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InvalidCommandError("The payload is not JSON in UTF-8.") from None
    if not isinstance(body, dict):
        raise InvalidCommandError("The payload is not a JSON object.")
    return body


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _checked(kind: type[Command], body: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    unknown = sorted(set(body) - set(hints))
    if unknown:
        raise InvalidCommandError(f"It has no field {unknown[0][:40]!r}; it has {', '.join(hints)}.")
    missing = [f.name for f in fields(kind) if f.default is MISSING and f.name not in body]
    if missing:
        raise InvalidCommandError(f"The field {missing[0]!r} is missing.")
    return {name: _value(name, hints[name], value) for name, value in body.items()}


def _value(name: str, hint: Any, value: Any) -> Any:
    """The value if it is of the hinted type and within its limits."""
    if get_origin(hint) in (Union, UnionType):
        if value is None and NoneType in get_args(hint):
            return None
        (hint,) = (option for option in get_args(hint) if option is not NoneType)
    limits: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        limits = tuple(rest)
    if get_origin(hint) is Literal:
        if value not in get_args(hint) or not isinstance(value, str):
            raise InvalidCommandError(f"{name!r} is one of {', '.join(map(str, get_args(hint)))}.")
        return value
    value = _typed(name, hint, value)
    for limit in limits:
        if not _within(value, limit):
            raise InvalidCommandError(f"{name!r} is out of range ({limit}).")
    return value


def _sendable(text: str) -> bool:
    """Whether it is UTF-8; JSON can spell halves of a character, and no reply could say them again."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _typed(name: str, hint: Any, value: Any) -> Any:
    if hint is str and isinstance(value, str):
        if any(ord(letter) < 32 and letter not in "\n\t" for letter in value):
            raise InvalidCommandError(f"{name!r} has control characters in it.")
        if not _sendable(value):
            raise InvalidCommandError(f"{name!r} has half a character in it.")
        return value
    if hint is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isfinite(number):
            return number
    words = {str: "a text", int: "a whole number", float: "a number"}
    raise InvalidCommandError(f"{name!r} is {words[hint]}.")


def _within(value: Any, limit: Any) -> bool:
    match limit:
        case Ge(least):
            return bool(value >= least)
        case Le(most):
            return bool(value <= most)
        case MinLen(least):
            return len(value) >= least
        case MaxLen(most):
            return len(value) <= most
    raise TypeError(limit)


class RateLimit:
    """So many at once, and then so many a second."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst, self._per_second = burst, per_second
        self._left, self._at = burst, -math.inf

    def allows(self, now: float, cost: float = 1.0) -> bool:
        """Whether one more may pass at this time (monotonic seconds)."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < cost:
            return False
        self._left -= cost
        return True
