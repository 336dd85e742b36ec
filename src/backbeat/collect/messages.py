"""From a message to a row of the archive, or to the reason why it is none. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError, create_model

from backbeat.events import Alert, Summary
from backbeat.live import Live
from backbeat.mqtt import topics
from backbeat.mqtt.payloads import Envelope, encoded
from backbeat.mqtt.topics import VERSION, Channel

Kind = Literal["alert", "summary", "live"]

BODIES: dict[Kind, type] = {"alert": Alert, "summary": Summary, "live": Live}
CHANNELS: dict[Kind, Channel] = {"alert": topics.ALERT, "summary": topics.SESSION_SUMMARY, "live": topics.LIVE}

IN_SECONDS = {"time": "time_s", "known_at": "known_at_s", "start": "start_s", "end": "end_s"}
"""Fields whose bare name would say nothing in a table of its own, or is a word of SQL."""

CLOCK_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the time of messages from a device that did not know it: a part of a key cannot be empty."""

EARLIEST_YEAR, LATEST_YEAR = 1970, 9998
"""Nothing was told before `CLOCK_UNKNOWN`, and in year 9999 a time zone can lead to one that no program reads."""

ESCAPE = b"\\u"
"""How a character that no database keeps can stand in JSON; without it there is nothing to look for."""

LONGEST_TOPIC_BYTES = 1000
"""PostgreSQL refuses a key of more than 2700 bytes, and says so as if the database itself were in trouble."""

MOST_LISTED = 500
"""Alerts in a list: 64 KiB, a list's end, hold less than half of it, and each costs the database some work."""

LARGEST_WHOLE = 2**53
"""Beyond it JSON numbers are no longer whole in every reader."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that is none of ours, or damaged.

    Attributes:
        topic: full.
        payload: as it came.
        reason: one sentence.
    """

    topic: str
    payload: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A message as it is kept.

    Attributes:
        kind: which table.
        values: every column of the message to its value.
        payload: as it came.
    """

    kind: Kind
    values: Mapping[str, Any]
    payload: bytes


class _UnreadableError(ValueError):
    """One sentence says why."""


@cache
def columns(kind: Kind) -> dict[str, type]:
    """The body's plain fields: column to float, int, bool or str; everything else of a message is in `more`."""
    found: dict[str, type] = {}
    for name, hint in get_type_hints(BODIES[kind]).items():
        plain = _plain_type(hint)
        if plain is not None and name not in ("kind", "session"):
            found[IN_SECONDS.get(name, name)] = plain
    return found


def read(topic: str, payload: bytes) -> Row | Rejected:
    """The row in a message, or why there is none."""
    try:
        return _row(topic, payload)
    except _UnreadableError as error:
        return Rejected(topic, payload, str(error))


def read_list(topic: str, payload: bytes) -> list[Row | Rejected]:
    """The alerts in a session's list of them, which a broker retains: each is a message as it was sent."""
    try:
        alerts = _object(payload).get("alerts")
        if not isinstance(alerts, list) or not all(isinstance(alert, dict) for alert in alerts):
            raise _UnreadableError("alerts: it is no list of alerts")
        if len(alerts) > MOST_LISTED:
            raise _UnreadableError(f"alerts: no device lists more than {MOST_LISTED}")
        root = topic.rpartition("/session/")[0]
        sent = [{name: alert[name] for name in alert if not name.startswith("acknowledged_")} for alert in alerts]
        return [_of_list(f"{root}/{topics.ALERT.address}", alert) for alert in sent]
    except _UnreadableError as error:
        return [Rejected(topic, payload, str(error))]


def _of_list(topic: str, alert: Mapping[str, Any]) -> Row | Rejected:
    try:
        return read(topic, encoded(alert))
    except (ValueError, RecursionError) as error:  # NaN, half a character, a depth without end
        return Rejected(topic, repr(alert).encode("utf-8", "replace"), f"it cannot be written as JSON: {error}")


def _row(topic: str, payload: bytes) -> Row:
    kind, root = _place(topic)
    body = _object(payload)
    try:
        _adapter(kind).validate_json(payload)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the message"
        raise _UnreadableError(f"{where}: {first['msg'][:200]}") from None
    if body.get("kind") != BODIES[kind].kind:  # type: ignore[attr-defined]
        raise _UnreadableError(f"kind: on this topic it is '{BODIES[kind].kind}'")  # type: ignore[attr-defined]
    known = columns(kind)
    for name, value in body.items():  # the model has seen to the known fields, but not to their size and characters
        if ESCAPE in payload or IN_SECONDS.get(name, name) not in known or type(value) is int:
            _refuse_what_no_database_keeps({name: value})
    team, _, runner = root.rpartition("/")
    values: dict[str, Any] = {
        "topic": topic,
        "session": _session(body),
        "seq": _number(body),
        "at": _moment(body),
        "team": team.rpartition("/")[2],
        "runner": runner,
        "origin": body["origin"],
    }
    values |= dict.fromkeys(known)
    more: dict[str, Any] = {}
    for name, value in body.items():
        column = IN_SECONDS.get(name, name)
        if column in known:
            values[column] = value
        elif name not in _ENVELOPE:
            more[name] = value
    values["more"] = more or None
    return Row(kind, values, payload)


_ENVELOPE = {*get_type_hints(Envelope), "kind"}
_PATTERNS = {
    kind: re.compile("(.+)/" + re.escape(channel.address).replace(re.escape("{session}"), "[^/]+"))
    for kind, channel in CHANNELS.items()
}


def _place(topic: str) -> tuple[Kind, str]:
    if len(topic.encode("utf-8", "replace")) > LONGEST_TOPIC_BYTES:
        raise _UnreadableError(f"topic: it is longer than {LONGEST_TOPIC_BYTES} bytes")
    for kind, pattern in _PATTERNS.items():
        found = pattern.fullmatch(topic)
        if found:
            return kind, found[1]
    raise _UnreadableError("topic: it is none of those that are kept")


def _plain_type(hint: Any) -> type | None:
    """The type of a column for a field; None where it needs more than a column."""
    if isinstance(hint, type):
        return hint if hint in (float, int, bool, str) else None
    if get_origin(hint) is Literal:
        return str
    if get_origin(hint) in (Union, UnionType):
        kinds = {_plain_type(each) for each in get_args(hint) if each is not NoneType}
        return kinds.pop() if len(kinds) == 1 else None
    return None


@cache
def _adapter(kind: Kind) -> TypeAdapter[Any]:
    """Checks the envelope and the body as strictly as JSON can be checked; fields of later versions pass."""
    hints = {**get_type_hints(BODIES[kind], include_extras=True), **get_type_hints(Envelope, include_extras=True)}
    required: Any = {name: (hint, ...) for name, hint in hints.items() if name != "kind"}
    model = create_model(
        kind,
        __config__=ConfigDict(strict=True, allow_inf_nan=False, extra="ignore", protected_namespaces=()),
        **required,
    )
    return TypeAdapter(model)


def _object(payload: bytes) -> dict[str, Any]:
    try:
        body = json.loads(payload.decode())
    except (ValueError, RecursionError):
        raise _UnreadableError("it is not JSON in UTF-8") from None
    if not isinstance(body, dict):
        raise _UnreadableError("it is not a JSON object")
    return body


def _refuse_what_no_database_keeps(value: Any) -> None:
    for each in _leaves(value):
        if isinstance(each, str) and _NOT_KEPT.search(each):
            raise _UnreadableError("a text in it has a character that no database keeps")
        if isinstance(each, int) and abs(each) > LARGEST_WHOLE:
            raise _UnreadableError("a whole number in it is too large")
        if isinstance(each, float) and not math.isfinite(each):
            raise _UnreadableError("a number in it is not finite")


_NOT_KEPT = re.compile("[\x00\ud800-\udfff]")


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield name
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    else:
        yield value


def _session(body: Mapping[str, Any]) -> str:
    """Empty outside a session: a part of a key cannot be NULL."""
    session = body["session"]
    if session is None:
        return ""
    if not topics.ID.fullmatch(session):
        raise _UnreadableError("session: it is no id (1 to 32 of a-z, 0-9 and '-')")
    return str(session)


def _number(body: Mapping[str, Any]) -> int:
    if body["v"] != VERSION:
        raise _UnreadableError(f"v: version {body['v']} of the payloads is not known here, only {VERSION}")
    number = body["seq"]
    if number is None or number < 1:
        raise _UnreadableError("seq: a message without a number cannot be told from its double")
    return int(number)


def _moment(body: Mapping[str, Any]) -> datetime:
    text = body["utc"]
    if text is None:
        return CLOCK_UNKNOWN
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None or not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _UnreadableError("utc: it is no time of the form 2026-05-01T07:30:00.000Z") from None
