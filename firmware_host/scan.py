"""Which known chips answer on which I2C bus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from firmware_host.bus import Bus, Host
from firmware_host.chips import KINDS
from firmware_host.chips.talk import Read, Talk


@dataclass(frozen=True, slots=True)
class Answer:
    """Somebody on a bus.

    Attributes:
        address: where.
        label: what it is by its identity; None for one that is not known.
        uri: to paste as a source; None where there is no driver.
        identities: what was read, register to value.
    """

    address: int
    label: str | None
    uri: str | None
    identities: dict[int, int]


def buses(root: Path = Path("/")) -> list[int]:
    """Numbers of the I2C buses of this machine."""
    names = (path.name.removeprefix("i2c-") for path in (root / "dev").glob("i2c-*"))
    return sorted(int(name) for name in names if name.isdigit())


def scan_bus(number: int, open_bus: Callable[[int], Bus]) -> Iterator[Answer]:
    """Ask at all addresses where a chip that we know could be. Others on the bus are left alone.

    Args:
        number: of the bus, for the URI.
        open_bus: opens it for an address.

    Raises:
        OSError: the bus cannot be opened.
    """
    for address in sorted({address for kind in KINDS.values() for address in kind.addresses}):
        bus = open_bus(address)
        try:
            identities, _ = bus.carry_out(_identities(address))
        finally:
            bus.close()
        if identities:
            yield _named(number, address, identities)


def _identities(address: int) -> Talk[dict[int, int]]:
    found: dict[int, int] = {}
    for register in sorted({kind.register for kind in KINDS.values() if address in kind.addresses}):
        try:
            (found[register],) = yield Read(register, once=True)
        except OSError:
            continue
    return found


def _named(number: int, address: int, identities: dict[int, int]) -> Answer:
    for name, kind in KINDS.items():
        if address in kind.addresses and identities.get(kind.register) in kind.identities:
            extra = "&firmware=PATH" if name == "bmi270" else ""
            return Answer(address, kind.label, f"i2c://{number}/0x{address:02x}?chip={name}{extra}", identities)
    return Answer(address, None, None, identities)


def open_real(number: int) -> Callable[[int], Bus]:
    """Opens a bus of this machine for an address."""
    host = Host()
    return lambda address: Bus(number, address, host)
