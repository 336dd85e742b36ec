"""Reading what others published: any bytes are borne, and what does not fit its field counts as unknown. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import cache
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from backbeat.errors import printable

MAX_BYTES = 128 * 1024
"""No message of ours is nearly so long."""

MAX_TEXT = 2000
"""Letters of a text that are shown."""

LATEST_UNIX = 4_102_444_800.0
"""The year 2100; a later time, or one before 1970, is a clock that was wrong."""

Body = Mapping[str, Any]
T = TypeVar("T")


def read(payload: bytes) -> Body | None:
    """The JSON object in a payload; None where there is none."""
    if len(payload) > MAX_BYTES:
        return None
    try:
        body = json.loads(payload, parse_constant=lambda _: None, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def weight(payload: bytes) -> int:
    """Bytes of memory that a message takes at most once it is read: letters of four bytes, objects of a hundred."""
    return 4 * len(payload) + 100 * sum(payload.count(each) for each in (b",", b"[", b"{"))


def _finite(digits: str) -> float | None:
    """A number too large to be one (1e999) is as unknown as NaN."""
    value = float(digits)
    return value if math.isfinite(value) else None


def number(body: Body, name: str) -> float | None:
    """A finite number, else None."""
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) and abs(value) < 1e15 else None
    except OverflowError:
        return None


def whole(body: Body, name: str) -> int:
    """A whole number from 0 on, else 0."""
    value = number(body, name)
    return int(value) if value is not None and value >= 0 else 0


def text(body: Body, name: str) -> str:
    """A text without control characters, else nothing."""
    value = body.get(name)
    return printable(value[:MAX_TEXT]) if isinstance(value, str) else ""


def unix(body: Body, name: str) -> float | None:
    """An ISO time as Unix time, where a calendar has it in every zone; else None."""
    try:
        at = datetime.fromisoformat(text(body, name))
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
    return seconds if 0.0 <= seconds < LATEST_UNIX else None


def objects(body: Body, name: str) -> list[Body]:
    """The objects in a list; whatever else is in it is left out."""
    value = body.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def told(kind: type[T], body: Body) -> T:
    """A flat event out of its message: each field by its declared type, unknown where it does not fit."""
    hints = _hints(kind)  # type: ignore[arg-type]  # a type is hashable
    return kind(**{name: _field(hint, body, name) for name, hint in hints.items()})


@cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _field(hint: Any, body: Body, name: str) -> Any:
    optional = NoneType in get_args(hint)
    kinds = [kind for kind in (get_args(hint) if get_origin(hint) is not Literal else (hint,)) if kind is not NoneType]
    kinds = kinds or [hint]
    if float in kinds:
        value = number(body, name)
        return value if optional or value is not None else 0.0
    if hint is int:
        return whole(body, name)
    if hint is bool:
        return body.get(name) is True
    words = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
    if words:
        value = body.get(name)
        return value if isinstance(value, str) and value in words else None if optional else words[-1]
    return text(body, name) or (None if optional else "")
