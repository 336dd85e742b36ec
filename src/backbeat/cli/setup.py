"""`backbeat setup`: a few questions, and the configuration file written with comments."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
import sys
import unicodedata
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
    "6": ("another one, by its URI (`backbeat sensors` shows it)", "{uri}"),
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
    try:
        if not force and _somebodys(path):
            raise UserError(f"{path} is there already; --force writes over it, --file names another one.")
        answers = _ask()
        text = written(answers)
        parse(text, path)  # what is written can be read
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, text)
    except KeyboardInterrupt:
        typer.echo("\nNothing was written.", err=True)
        raise SystemExit(130) from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; use sudo, or --file for another place.") from None
    typer.echo(f"\nWritten: {path}. Every other setting: backbeat config example")
    service = path == PLACES[0]
    if answers.user is not None:
        owner = "-o backbeat -g backbeat " if service else ""
        secret = path.with_name("password")
        typer.echo(
            f"The broker's password goes, as one line, into a file of its own that nobody else reads:\n"
            f"  {'sudo ' if service else ''}install -m 0600 {owner}/dev/null {secret}\n"
            f"  {'sudoedit' if service else 'nano'} {secret}"
        )
    typer.echo("Now: sudo systemctl restart backbeat, or: backbeat run" if service else "Now: backbeat run")


def _somebodys(path: Path) -> bool:
    """Whether there is a file that is not as the installation laid it."""
    return path.exists() and path.read_text(encoding="utf-8", errors="replace").strip("\n") != _complete()


def _write(path: Path, text: str) -> None:
    """All of it or nothing: a card that is full does not cost the file that was there."""
    path = path.resolve()  # a link to a part of the card that may be written stays one
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.chmod(0o644)  # the service is another user; the file has no secret
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _complete() -> str:
    """The file that the installation puts there; nobody has changed it yet."""
    from backbeat.config.example import complete

    return complete().strip("\n")


def _ask() -> Answers:
    name = _question("Who runs? A name for people", "Sam", _some)
    runner = _question("An id for topics and files: a-z, 0-9 and -", _id_of(name), _id)
    typer.echo("Which sensor?")
    for number, (words, _) in SENSORS.items():
        typer.echo(f"  {number}  {words}")
    sensor = SENSORS[_question("Number", "1", _one_of(SENSORS))][1]
    if "{address}" in sensor:
        sensor = sensor.format(address=_question("Its address (`backbeat sensors` shows it)", None, _address))
    if sensor == "{uri}":
        sensor = _question("Its URI", None, _uri)
    typer.echo("Where is it worn?  1 middle of the back (best)  2 left hip  3 right hip  4 not sure")
    position = POSITIONS[_question("Number", "1", _one_of(POSITIONS))]
    cues = _question("Are a motor and a button wired as in hardware/README.md? y or n", "n", _yes)
    host, port = _question("MQTT broker: name or address, - for none", "-", _broker)
    if host is None:
        return Answers(runner, name, sensor, position, cues)
    tls = _question("Does it use TLS? y or n", "n", _yes)
    user = _question("User at the broker, - for none", "-", _some)
    return Answers(runner, name, sensor, position, cues, host, port, tls, None if user == "-" else user)


def _question(words: str, default: str | None, read: Callable[[str], T]) -> T:
    """Ask until the answer can be used; the end of the input is the end of the questions."""
    while True:
        sys.stdout.write(f"{words}{f' [{default}]' if default else ''}: ")
        sys.stdout.flush()
        try:
            line = sys.stdin.readline()
        except UnicodeDecodeError:
            raise UserError("The answers are not UTF-8 text; nothing was written.") from None
        if not line:
            typer.echo()
            raise UserError("There are no more answers; nothing was written.")
        try:
            return read(line.strip() or default or "")
        except ValueError as error:
            typer.echo(f"  {error}")


def _some(text: str) -> str:
    if not text.isprintable() or not text or len(text) > 100:
        raise ValueError("Up to 100 letters, please.")
    return text


def _id_of(name: str) -> str:
    """The name in an id's letters, accents left out."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:32].strip("-") or "runner"


def _id(text: str) -> str:
    if not re.fullmatch("[a-z0-9-]{1,32}", text):
        raise ValueError("1 to 32 of a-z, 0-9 and -, please.")
    return text


def _address(text: str) -> str:
    if not re.fullmatch("([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}", text):
        raise ValueError("Such as AA:BB:CC:DD:EE:FF, please.")
    return text.upper()


def _uri(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]+:[!-~]+", text):
        raise ValueError("Such as i2c://1/0x68?chip=mpu6050, please.")
    return text


def _broker(text: str) -> tuple[str | None, int | None]:
    """Host and port; a bare IPv6 address has colons of its own."""
    if text == "-":
        return None, None
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(text)), None
    found = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]{0,252})(?::(\d{1,5}))?", text)
    if not found or not 0 < int(found[2] or 1) < 65536:
        raise ValueError("Such as broker.local, 192.168.1.10 or broker.local:8883, please.")
    return found[1], int(found[2]) if found[2] else None


def _yes(text: str) -> bool:
    if text.lower() not in ("y", "yes", "n", "no"):
        raise ValueError("y or n, please.")
    return text.lower().startswith("y")


def _one_of(options: dict[str, T]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in options:
            raise ValueError(f"One of {', '.join(options)}, please.")
        return text

    return read
