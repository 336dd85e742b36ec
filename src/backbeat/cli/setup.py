"""`backbeat setup`: a few questions, and the configuration file written with comments."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from backbeat.config.load import PLACES, parse
from backbeat.config.write import Answers, written
from backbeat.errors import UserError

T = TypeVar("T")

SENSORS = {
    "1": ("LSM6DSOX (or DSO, DSO32, ISM330DHCX) on the Pi's I2C pins", "i2c://1/0x6a?chip=lsm6dsox&rate=208"),
    "2": ("WitMotion over Bluetooth", "ble://{address}?sensor=witmotion&rate=200"),
    "3": ("Movesense over Bluetooth", "ble://{address}?sensor=movesense"),
    "4": ("HipNode (built as in hardware/) over Bluetooth", "ble://{address}?sensor=hipnode"),
    "5": ("none yet: an emulated one, to try everything", "emulate:lsm6dsox"),
}
POSITIONS = {"1": "sacrum", "2": "left_hip", "3": "right_hip", "4": "unknown"}


def command(
    file: Annotated[
        Path | None, typer.Option(help="The file to write; that of the machine for root, else yours.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> None:
    """Ask what a runner can answer, and write the configuration."""
    path = (file or PLACES[0 if os.geteuid() == 0 else 1]).expanduser()
    if path.exists() and not force and path.read_text(encoding="utf-8", errors="replace").strip("\n") != _complete():
        raise UserError(f"{path} is there already; --force writes over it, --file names another one.")
    text = written(_ask())
    parse(text, path)  # what is written can be read
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; use sudo, or --file for another place.") from None
    typer.echo(f"\nWritten: {path}. Every other setting: backbeat config example")
    typer.echo("Now: backbeat run" if path != PLACES[0] else "Now: sudo systemctl restart backbeat, or: backbeat run")


def _complete() -> str:
    """The file that the installation puts there; nobody has changed it yet."""
    from backbeat.config.example import complete

    return complete().strip("\n")


def _ask() -> Answers:
    name = _question("Who runs? A name for people", "Sam", _some)
    runner = _question(
        "An id for topics and files: a-z, 0-9 and -", re.sub(r"[^a-z0-9-]+", "-", name.lower())[:32], _id
    )
    typer.echo("Which sensor?")
    for number, (words, _) in SENSORS.items():
        typer.echo(f"  {number}  {words}")
    sensor = SENSORS[_question("Number", "1", _one_of(SENSORS))][1]
    if "{address}" in sensor:
        sensor = sensor.format(address=_question("Its address (`backbeat sensors` shows it)", None, _address))
    typer.echo("Where is it worn?  1 middle of the back (best)  2 left hip  3 right hip  4 not sure")
    position = POSITIONS[_question("Number", "1", _one_of(POSITIONS))]
    yes_no = _one_of({"y": 1, "n": 0})
    cues = _question("Are a motor and a button wired as in hardware/README.md? y or n", "n", yes_no) == "y"
    host = _question("MQTT broker: name or address, - for none", "-", _some)
    if host == "-":
        return Answers(runner, name, sensor, position, cues)
    tls = _question("Does it use TLS? y or n", "n", yes_no) == "y"
    user = _question("User at the broker, - for none", "-", _some)
    return Answers(runner, name, sensor, position, cues, host, tls, None if user == "-" else user)


def _question(words: str, default: str | None, read: Callable[[str], T]) -> T:
    """Ask until the answer can be used; the end of the input is the end of the questions."""
    while True:
        sys.stdout.write(f"{words}{f' [{default}]' if default else ''}: ")
        sys.stdout.flush()
        line = sys.stdin.readline()
        if not line:
            raise UserError("There are no more answers; nothing was written.")
        try:
            return read(line.strip() or default or "")
        except ValueError as error:
            typer.echo(f"  {error}")


def _some(text: str) -> str:
    if not text.isprintable() or not text or len(text) > 100:
        raise ValueError("Up to 100 letters, please.")
    return text


def _id(text: str) -> str:
    if not re.fullmatch("[a-z0-9-]{1,32}", text):
        raise ValueError("1 to 32 of a-z, 0-9 and -, please.")
    return text


def _address(text: str) -> str:
    if not re.fullmatch("([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", text):
        raise ValueError("Such as AA:BB:CC:DD:EE:FF, please.")
    return text.upper()


def _one_of(options: dict[str, T]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in options:
            raise ValueError(f"One of {', '.join(options)}, please.")
        return text

    return read
