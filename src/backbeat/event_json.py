"""Events as plain JSON values: the names of their fields, and numbers rounded to what they mean."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache, lru_cache
from typing import Any, ClassVar, Protocol

_DECIMALS_BY_UNIT = {"ms": 1, "spm": 2, "pct": 2, "g": 3, "s": 2, "bw": 3, "cm": 2, "deg": 2, "bw4": 1, "m": 2}
_TIMES = frozenset({"time", "toe_off", "known_at", "start", "end"})
_AS_IT_IS = frozenset({type(None), int, str, bool})


@lru_cache(maxsize=1024)  # names of fields, and of what runners and sensors named
def _decimals(name: str) -> int:
    return 4 if name in _TIMES else _DECIMALS_BY_UNIT.get(name.rpartition("_")[2], 3)


@cache
def _field_names(kind: type[Told]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def _plain(name: str, value: Any) -> Any:
    if type(value) in _AS_IT_IS:
        return value
    if isinstance(value, float):
        return round(value, _decimals(name)) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {k: _plain(k, v) for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(name, v) for v in value]
    if hasattr(value, "kind"):
        return as_json(value)
    return value


class Told(Protocol):
    """Whatever is told in the form of an event: a dataclass with a `kind`."""

    kind: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


def as_json(event: Told) -> dict[str, Any]:
    """The event as plain JSON values, `kind` first, numbers rounded to what they mean (times to 0.1 ms)."""
    plain: dict[str, Any] = {"kind": event.kind}
    for name in _field_names(type(event)):
        value = getattr(event, name)
        plain[name] = value if type(value) in _AS_IT_IS else _plain(name, value)
    return plain
