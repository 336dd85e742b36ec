"""What `backbeat doctor` looks at on the machine itself: the configuration file, supply and temperature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from backbeat.config import Settings, find, load
from backbeat.config.load import PLACES
from backbeat.errors import UserError
from backbeat.service import POWER_FLAGS, THROTTLED, throttled_flags


def power_faults(root: Path) -> list[str] | None:
    """What the firmware says about supply and temperature, now or since the start; None where this is no Pi."""
    flags = throttled_flags(root / THROTTLED.relative_to("/"))
    if flags is None:
        return None
    now = [words for bit, words in POWER_FLAGS.items() if flags >> bit & 1]
    since = [f"since the start: {words}" for bit, words in POWER_FLAGS.items() if flags >> (bit + 16) & 1]
    return now or since


def configuration(places: Sequence[Path] = PLACES) -> tuple[bool, str] | None:
    """Whether the configuration file in force can be used, and a line about it; None where there is none."""
    path = find(places)
    if path is None:
        return None
    try:
        load(path)
    except UserError as error:
        return False, str(error)
    return True, f"{path} can be used"


def usable_settings(file: Path | None) -> Settings:
    """The settings of this file, or of the one in force; the defaults where it cannot be used, which is told apart."""
    try:
        return load(file or find())
    except UserError:
        return Settings()
