"""How each runner wears each sensor, as `backbeat calibrate` found it: one small TOML file for the two of them."""

from __future__ import annotations

import operator
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast, get_args

from backbeat.errors import UserError
from backbeat.gait.mount import Legs, Worn
from backbeat.monitor import MonitorSettings
from backbeat.samples import Position

FOLDER = "worn"
PLACES: Mapping[Position, str] = {
    "sacrum": "the middle of the back",
    "left_hip": "the left hip",
    "right_hip": "the right hip",
    "unknown": "a place not named",
}
LEVEL = 0.1
"""Up and forward are at a right angle: their product is no larger than this (6°)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What the file holds.

    Attributes:
        worn: how the sensor was worn.
        position: where on the body, as the configuration had it then.
    """

    worn: Worn
    position: Position = "unknown"


def worn_file(folder: Path, runner: str, sensor: str) -> Path:
    """Where it is kept.

    Args:
        folder: of the runners' histories.
        runner: id of the runner.
        sensor: name of the source, such as "LSM6DSOX at 0x6a on bus 1".
    """
    words = re.sub(r"[^a-z0-9]+", "-", sensor.lower()).strip("-")
    return folder / FOLDER / f"{runner}-{words[:80]}.toml"


def keep(file: Path, kept: Kept, runner: str, sensor: str, day: date) -> None:
    """Write the file.

    Raises:
        UserError: it cannot be written.
    """
    worn = kept.worn
    legs = "" if worn.legs is None else f'legs = "{worn.legs}"   # "usual": the free side of the pelvis drops\n'
    text = (
        f"# How {runner} wears {_one_line(sensor)}, found by `backbeat calibrate` on {day}.\n"
        "# Delete this file to forget it; the axes are then found from the motion alone.\n"
        f"up = {list(worn.up)}   # in the sensor's axes\n"
        f"forward = {list(worn.forward)}\n"
        f'position = "{kept.position}"\n'
        f"{legs}"
    )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_text(text, encoding="utf-8")
        new.replace(file)
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror}).") from None


def load(file: Path) -> Kept | None:
    """What is kept; None where nothing is.

    Raises:
        UserError: the file cannot be used.
    """
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        data = {}
    up, forward, legs = _direction(data.get("up")), _direction(data.get("forward")), data.get("legs")
    position = data.get("position", "unknown")
    known = legs in (None, *get_args(Legs)) and position in get_args(Position)
    if not known or up is None or forward is None or abs(sum(map(operator.mul, up, forward))) > LEVEL:
        raise UserError(f"{file}: is damaged; calibrate again, or delete it.")
    return Kept(Worn(up, forward, cast("Legs | None", legs)), cast("Position", position))


def usable(file: Path, position: Position) -> Kept | None:
    """What is kept, for a sensor that is now worn at `position`; None where nothing is.

    Raises:
        UserError: the file cannot be used, or was made with the sensor somewhere else on the body.
    """
    kept = load(file)
    if kept is not None and "unknown" not in (position, kept.position) and position != kept.position:
        raise UserError(
            f"{file}: was made with the sensor at {PLACES[kept.position]}, and [mount] position now says "
            f"{PLACES[position]}; calibrate again, or delete it."
        )
    return kept


def as_worn(
    settings: MonitorSettings, file: Path, position: Position, report: Callable[[str], None]
) -> MonitorSettings:
    """The settings with what was found at calibration; a file that cannot be used is reported and costs no run."""
    try:
        kept = usable(file, position)
    except UserError as error:
        report(f"{error} This run goes without it.")
        return settings
    return settings if kept is None else replace(settings, gait=replace(settings.gait, worn=kept.worn))


def _direction(numbers: Any) -> tuple[float, float, float] | None:
    """A unit vector; None for anything else."""
    if not isinstance(numbers, list) or [type(number) for number in numbers] != [float] * 3:
        return None
    x, y, z = numbers
    return (x, y, z) if abs(x * x + y * y + z * z - 1.0) < 0.01 else None


def _one_line(text: str) -> str:
    return " ".join(text.split())
