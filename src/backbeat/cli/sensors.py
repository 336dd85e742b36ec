"""`backbeat sensors`: what is on the bus and in the air, with the source URI to paste."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from backbeat.errors import UserError
from backbeat.sources import open_source
from firmware_host.emulators import EMULATORS
from firmware_host.i2c import explained
from firmware_host.scan import Answer, buses, open_real, scan_bus


@dataclass(frozen=True, slots=True)
class Found:
    """One line of the answer.

    Attributes:
        where: bus and address, or the name in the air.
        what: the sensor, or what is the matter.
        source: the URI to paste, empty where there is none.
    """

    where: str
    what: str
    source: str = ""


def on_the_bus() -> Iterator[Found]:
    """Chips that answer on this machine's I2C buses."""
    numbers = buses()
    if not numbers:
        yield Found("I2C", "no bus: enable it with raspi-config (or dtparam=i2c_arm=on in config.txt) and reboot")
    for number in numbers:
        try:
            answers = list(scan_bus(number, open_real(number)))
        except OSError as error:
            yield Found(f"I2C bus {number}", explained(error))
            continue
        if not answers:
            yield Found(f"I2C bus {number}", "no sensor that we know answers: check power, SDA and SCL")
        yield from (told(number, answer) for answer in answers)


def told(number: int, answer: Answer) -> Found:
    """An answer on a bus for people."""
    where = f"I2C bus {number}, 0x{answer.address:02x}"
    if answer.label is None:
        read = ", ".join(f"0x{value:02x} in register 0x{at:02x}" for at, value in answer.identities.items())
        return Found(where, f"not known ({read}); if you know better: chip=NAME&force=1")
    return Found(where, answer.label, answer.uri or "")


def in_the_air() -> Iterator[Found]:
    """Bluetooth sensors that advertise."""
    from firmware_host.air import listen  # bleak is a second on a Raspberry Pi

    for heard in listen():
        what = f"{heard.what} ({heard.remark})" if heard.remark else heard.what
        yield Found(heard.where, what, heard.uri)


def _blink(uri: str) -> None:
    """Connect to a HipNode and have it blink.

    Raises:
        UserError: it is none, or not there.
    """
    real = uri.startswith("ble:") and "sensor=hipnode" in uri
    if not real and not uri.startswith("emulate:hipnode"):
        raise UserError(f"{uri}: only a HipNode has a light to blink; `backbeat sensors` shows the URI of each.")
    open_source(f"{uri}{'&' if '?' in uri else '?'}blink=1").close()


SCANNERS: Sequence[Callable[[], Iterator[Found]]] = [on_the_bus, in_the_air]
"""Each looks in one place."""


def command(
    blink: Annotated[
        str | None, typer.Option(metavar="URI", help="Have the light of this HipNode blink, to see which one it is.")
    ] = None,
) -> None:
    """What is on the bus and in the air, with the source URI to paste."""
    console = Console()
    if blink is not None:
        _blink(blink)
        console.print("It has blinked.")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("where", "what", "source"):
        table.add_column(column, overflow="fold")
    sources = 0
    for scanner in SCANNERS:
        for found in scanner():
            table.add_row(found.where, found.what, found.source)
            sources += bool(found.source)
    console.print(table)
    if not sources:
        console.print(f"Without a sensor: backbeat run --source emulate:NAME, NAME one of {', '.join(EMULATORS)}.")
        raise typer.Exit(1)
