"""One file a chip family: registers, start-up sequence, FIFO bytes to readings. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from backbeat.errors import SourceError
from firmware_host.chips.talk import Chip, Options


@dataclass(frozen=True, slots=True)
class Kind:
    """A chip that can be named in a source URI.

    Attributes:
        label: as printed on the part, and where people meet it.
        opener: "module:function" that makes a `Chip` from `Options`, imported when it is called.
        addresses: where it can be on the bus.
        register: holds its identity.
        identities: what it holds there; the first is the genuine part's.
    """

    label: str
    opener: str
    addresses: tuple[int, ...]
    register: int
    identities: tuple[int, ...]


_ST = (0x6A, 0x6B)

KINDS = {
    "lsm6dsox": Kind("LSM6DSOX or LSM6DSO", "lsm6dsox:lsm6dsox", _ST, 0x0F, (0x6C,)),
    "lsm6dso32": Kind("LSM6DSO32 (±32 g)", "lsm6dsox:lsm6dso32", _ST, 0x0F, (0x6C,)),
    "ism330dhcx": Kind("ISM330DHCX", "lsm6dsox:ism330dhcx", _ST, 0x0F, (0x6B,)),
}
"""Name in a URI to the chip; among those with one identity the first is taken."""


def open_chip(name: str, options: Options) -> Chip:
    """The driver for a chip's name.

    Raises:
        SourceError: no such chip, or it cannot give what the options want.
    """
    kind = KINDS.get(name.lower())
    if kind is None:
        raise SourceError(f"no driver for a chip called '{name}'; known are {', '.join(KINDS)}.")
    module, _, function = kind.opener.partition(":")
    opener = getattr(import_module(f"firmware_host.chips.{module}"), function)
    return cast("Callable[[Options], Chip]", opener)(options)
