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
_INV = (0x68, 0x69)

KINDS = {
    "lsm6dsox": Kind("LSM6DSOX or LSM6DSO", "lsm6dsox:lsm6dsox", _ST, 0x0F, (0x6C,)),
    "lsm6dso32": Kind("LSM6DSO32 (±32 g)", "lsm6dsox:lsm6dso32", _ST, 0x0F, (0x6C,)),
    "ism330dhcx": Kind("ISM330DHCX", "lsm6dsox:ism330dhcx", _ST, 0x0F, (0x6B,)),
    "lsm6ds3trc": Kind("LSM6DS3TR-C or LSM6DSL", "lsm6ds3trc:lsm6ds3trc", _ST, 0x0F, (0x6A,)),
    "lsm9ds1": Kind("LSM9DS1 (Sense HAT)", "lsm9ds1:lsm9ds1", _ST, 0x0F, (0x68,)),
    "mpu6050": Kind("MPU-6050 or clone", "mpu6050:mpu6050", _INV, 0x75, (0x68, 0x72, 0x75, 0x78, 0x98)),
    "mpu6500": Kind("MPU-6500 or 6515", "mpu6050:mpu6050", _INV, 0x75, (0x70, 0x74)),
    "mpu9250": Kind("MPU-9250 or 9255", "mpu6050:mpu6050", _INV, 0x75, (0x71, 0x73)),
    "icm42688": Kind("ICM-42688-P, 42605 or 42622", "icm42688:icm42688", _INV, 0x75, (0x47, 0x42, 0x46)),
    "icm20948": Kind("ICM-20948", "icm20948:icm20948", _INV, 0x00, (0xEA,)),
    "bmi270": Kind("BMI270", "bmi270:bmi270", _INV, 0x00, (0x24,)),
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
