"""The complete, commented configuration file, written from the settings types: none can be forgotten or go stale."""

from __future__ import annotations

import dataclasses
import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from backbeat.config.schema import hints, optional, wanted
from backbeat.config.settings import Settings
from backbeat.strain.catalogue import RULES

WIDTH = 110
RULE = "# " + "-" * (WIDTH - 2)

HEAD = """\
# The configuration of Backbeat. Every setting stands here with its default, commented out; take the # away to
# change one. `backbeat config check FILE` names every fault of a file at once.
#
# Looked for as /etc/backbeat/backbeat.toml, then ~/.config/backbeat/backbeat.toml; the first that exists is taken.
# `backbeat run --settings FILE` takes another one. Names end with their unit. Relative paths start at this file's
# folder. No secret stands in this file: passwords have files of their own (see [mqtt]).
"""


def complete() -> str:
    """The file."""
    return HEAD + "".join(f"\n{line}" if line else "\n" for line in _section(Settings, "")) + "\n"


def attributes(cls: type) -> dict[str, str]:
    """What the docstring of a settings type says about each field."""
    _, _, told = (inspect.getdoc(cls) or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    name = ""
    for line in told.splitlines():
        start = re.fullmatch(r"    (\w+): (.*)", line)
        if start:
            name = start[1]
            found[name] = start[2]
        elif line.startswith("        ") and name:
            found[name] += " " + line.strip()
    return found


def _section(cls: type, path: str) -> Iterator[str]:
    """A section with its settings, then the sections within it."""
    told, inner = attributes(cls), []
    settings = {item.name: item for item in dataclasses.fields(cls)}
    lines: list[str] = []
    for name, hint in hints(cls).items():
        within = optional(hint)
        if get_origin(within) is Mapping and dataclasses.is_dataclass(get_args(within)[1]):
            inner.append((f"{path}.{name}.NAME", get_args(within)[1]))
        elif dataclasses.is_dataclass(within):
            inner.append((f"{path}.{name}".lstrip("."), within))
        else:
            lines += ["", *_comment(f"{told[name]} Takes {wanted(hint)}.")]
            lines.append(f"# {name} = {_value(settings[name], hint)}")
    if lines:
        summary = (inspect.getdoc(cls) or "").partition("\n\n")[0].replace("\n", " ")
        yield from ("", RULE, *_comment(summary), *_alerts(path), f"{'# ' if path.endswith('.NAME') else ''}[{path}]")
        yield from lines
    for name, section in inner:
        yield from _section(section, name)


def _alerts(path: str) -> Iterator[str]:
    """The alerts that a section named for one may stand for, with what holds unless it says otherwise."""
    if path != "strain.alerts.overrides.NAME":
        return
    yield "# NAME is one of (threshold; for how long it has to hold; on or off unless set):"
    for rule in RULES:
        figures = rule.levels or ((rule.threshold,) if rule.threshold else ())
        threshold = f"{', '.join(f'{figure:g}' for figure in figures)} {rule.threshold_unit}" if figures else "none"
        yield f"#   {rule.name:18} {threshold:24} {rule.persistence_s:5g} s   {'on' if rule.enabled else 'off'}"
        yield from (f"#       {line}" for line in textwrap.wrap(rule.when, WIDTH - 8))


def _value(item: dataclasses.Field[Any], hint: Any) -> str:
    """The default as TOML; where there is none, nothing but the word for it."""
    if get_origin(hint) is Mapping:
        return "{}"
    value = None if item.default is dataclasses.MISSING else item.default
    if value is None:
        return _blank(optional(hint))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, frozenset):
        return "[" + ", ".join(f'"{entry}"' for entry in sorted(value)) + "]"
    return f"{value}"


def _blank(hint: Any) -> str:
    """For a setting that is not set unless the user sets it."""
    kind = wanted(hint)
    return '"…"   # not set' if "quotes" in kind or "one of" in kind else "…   # not set"


def _comment(text: str) -> Iterator[str]:
    text = text[0].upper() + text[1:]
    yield from (f"# {line}" for line in textwrap.wrap(text, WIDTH - 2, break_long_words=False, break_on_hyphens=False))
