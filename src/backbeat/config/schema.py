"""Settings dataclasses as strict pydantic models, so that a file's faults are found all at once.

The dataclasses stay free of pydantic: the rooms that use them are pure, and tests make them without it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Le
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from backbeat.config.checks import CHECKS
from backbeat.config.settings import Settings
from backbeat.errors import UserError
from backbeat.mqtt.settings import MqttSettings

ELSEWHERE: Mapping[type, frozenset[str]] = {MqttSettings: frozenset({"team", "runner", "runner_name", "owntracks"})}
"""Fields that stand in a section of their own ([runner], [speed])."""

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def hints(cls: type) -> dict[str, Any]:
    """The fields of a settings type that the file may hold, each with its annotated type."""
    left_out = ELSEWHERE.get(cls, frozenset())
    return {name: hint for name, hint in get_type_hints(cls, include_extras=True).items() if name not in left_out}


def optional(hint: Any) -> Any:
    """What an optional type holds when it is set; any other type as it is."""
    if get_origin(hint) in (Union, UnionType):
        return next(option for option in get_args(hint) if option is not NoneType)
    return hint


def wanted(hint: Any) -> str:
    """What a field takes, for people: "a number from 2 to 8"."""
    hint = optional(hint)
    if get_origin(hint) is Annotated:
        base, *limits = get_args(hint)
        least = next((limit.ge for limit in limits if isinstance(limit, Ge)), None)
        most = next((limit.le for limit in limits if isinstance(limit, Le)), None)
        return f"{wanted(base)} from {least} to {most}"
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(f'"{option}"' for option in get_args(hint))
    if get_origin(hint) is frozenset:
        return 'a list of names, such as ["note"]'
    if get_origin(hint) is Mapping and get_args(hint)[1] is str:
        return 'names with a text each, such as {signal_bad = "..."}'
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes"}
    return {**names, Path: "a path in quotes"}.get(hint, "a section of its own")


@cache
def settings_model() -> type[BaseModel]:
    """The model of the whole file; made at the first call, since only those who read a file need it."""
    return _model(Settings)


def _model(cls: type) -> type[BaseModel]:
    told = hints(cls)
    fields: dict[str, Any] = {}
    for item in dataclasses.fields(cls):
        if item.name not in told:
            continue
        default = item.default
        if item.default_factory is not dataclasses.MISSING:
            default = Field(default_factory=item.default_factory)
        elif default is dataclasses.MISSING:
            default = ...
        fields[item.name] = (_edge(told[item.name]), default)
    return create_model(cls.__name__, __config__=_STRICT, **fields)


def _edge(hint: Any) -> Any:
    """A type as the file has it: sections become models that give the dataclass, paths and sets come as text."""
    inner = optional(hint)
    edge: Any = inner
    if dataclasses.is_dataclass(inner) and isinstance(inner, type):
        edge = Annotated[_model(inner), AfterValidator(lambda model: _made(inner, model))]
    elif get_origin(inner) is Mapping:
        key, value = get_args(inner)
        edge = dict.__class_getitem__((key, _edge(value)))
    elif inner is Path:
        edge = Annotated[Path, Field(strict=False), AfterValidator(_possible)]
    elif get_origin(inner) is frozenset:
        edge = Annotated[inner, Field(strict=False)]
    return edge if inner is hint else edge | None


def _possible(path: Path) -> Path:
    """The path as it came; raises ValueError for one that no file can have."""
    if "\0" in str(path):
        raise ValueError("a path has no zero character")
    try:
        path.expanduser()
    except RuntimeError:
        raise ValueError(f'"{path.parts[0]}" is the folder of a user who is not known here') from None
    return path


def _made(cls: type, model: BaseModel) -> Any:
    """The dataclass from its checked fields; raises ValueError where they do not go together."""
    made = cls(**{name: getattr(model, name) for name in type(model).model_fields})
    try:
        CHECKS.get(cls, lambda _: None)(made)
    except UserError as error:
        raise ValueError(str(error)) from None
    return made
