"""Reading the file: every fault in one sentence with its place in the file, all faults at once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin

from backbeat.config.settings import Settings
from backbeat.errors import UserError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PLACES = (Path("/etc/backbeat/backbeat.toml"), Path("~/.config/backbeat/backbeat.toml"))
"""Where the file is looked for; the first that exists is taken, alone."""

SECRET_WORDS = ("password", "passwd", "secret", "token", "passphrase")

PATHS = {
    "recorder": ("folder",),
    "history": ("folder",),
    "dashboard": ("password_file", "certificate", "key"),
    "mqtt": ("ca_file", "cert_file", "key_file", "password_file"),
}
"""Section to those of its settings that are paths."""


class ConfigError(UserError):
    """A configuration file that cannot be used as it is."""


def find(places: Sequence[Path] = PLACES) -> Path | None:
    """The configuration file of this machine or user, if there is one."""
    return next((place for place in (p.expanduser() for p in places) if place.is_file()), None)


def load(path: Path | None) -> Settings:
    """The settings in a file; the defaults without one.

    Relative paths in the file start at its folder.

    Raises:
        ConfigError: names every fault.
    """
    if path is None:
        return Settings()
    return parse(_text(path), path)


def parse(text: str, path: Path) -> Settings:
    """The settings in a text; `path` is for messages and for relative paths.

    Raises:
        ConfigError: names every fault.
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not TOML: {error}.") from None
    if data.get("mqtt") == {}:  # the section of the complete example with every line commented out
        del data["mqtt"]
    from pydantic import ValidationError  # only those who have a file pay for it

    from backbeat.config.schema import settings_model

    try:
        model = settings_model().model_validate(data)
    except ValidationError as error:
        faults = [_sentence(fault) for fault in error.errors(include_url=False)]
        if len(faults) == 1:
            raise ConfigError(f"{path}: {faults[0]}") from None
        listed = "".join(f"\n  {fault}" for fault in faults)
        raise ConfigError(f"{path} has {len(faults)} faults:{listed}") from None
    settings = Settings(**{name: getattr(model, name) for name in type(model).model_fields})
    return _from_here(settings, path.parent)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name a file that can be read with --settings.") from None


def _from_here(settings: Settings, folder: Path) -> Settings:
    """Relative paths start where the file is."""
    placed: dict[str, Any] = {}
    for section, names in PATHS.items():
        part = getattr(settings, section)
        paths = {name: path for name in names if (path := getattr(part, name, None)) is not None}
        if paths:
            placed[section] = replace(part, **{name: folder / path.expanduser() for name, path in paths.items()})
    return replace(settings, **placed)


def _sentence(fault: ErrorDetails) -> str:
    """One fault: where it is and what is allowed there."""
    from backbeat.config.schema import wanted

    place = [str(part) for part in fault["loc"]]
    *above, name = place or ["file"]
    section = f"[{'.'.join(above)}] " if above else ""
    if fault["type"] == "value_error":  # two settings that do not go together: its sentence names them
        return f"[{'.'.join(place)}] {str(fault['ctx']['error']).rstrip('.')}."
    if fault["type"] == "missing":
        return f"{section}{name} is missing; it takes {wanted(_hint(place))}."
    if fault["type"] == "extra_forbidden":
        return f"{section}{_unknown(above, name)}"
    return f"{section}{name} = {_shown(fault['input'])} is not {wanted(_hint(place))}."


def _unknown(above: Sequence[str], name: str) -> str:
    if any(word in name.lower() for word in SECRET_WORDS):
        return (
            f"{name}: no secret belongs into this file; put it alone into a file that only its owner can read "
            '(chmod 600) and set [mqtt] password_file = "…".'
        )
    known = _known(above)
    near = get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}."
    return f"{name} is not a {'setting' if above else 'section'} here; {hint}"


def _known(above: Sequence[str]) -> list[str]:
    from backbeat.config.schema import hints

    section = _hint(above)
    return list(hints(section)) if is_dataclass(section) and isinstance(section, type) else []


def _hint(place: Sequence[str]) -> Any:
    """The type at a place of the file."""
    from backbeat.config.schema import hints, optional

    hint: Any = Settings
    for part in place:
        hint = optional(hint)
        if get_origin(hint) is Mapping:
            hint = get_args(hint)[1]
        elif is_dataclass(hint) and isinstance(hint, type):
            hint = hints(hint)[part]
        else:  # within a list: what the list takes
            break
    return optional(hint)


def _shown(value: object) -> str:
    """A value as the file has it, cut short."""
    text = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else None
    text = text or (f'"{value}"' if isinstance(value, str) else str(value))
    return text if len(text) <= 60 else f"{text[:59]}…"
