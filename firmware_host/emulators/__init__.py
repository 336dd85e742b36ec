"""Chips and Bluetooth sensors that behave like the real ones: `emulate:lsm6dsox?faults…`.

For tests, for `backbeat doctor` and for trying things on a machine without a sensor.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from backbeat.errors import SourceError
from backbeat.sources import Source
from firmware_host.uri import SourceUri

I2C = "firmware_host.emulators.i2c:open_emulated_chip"
AIR = "firmware_host.emulators.air.source:open_emulated_sensor"

CHIPS = {
    "lsm6dsox": "lsm6dsox:EmulatedLsm6dsox",
    "lsm6dso32": "lsm6dsox:lsm6dso32",
    "ism330dhcx": "lsm6dsox:ism330dhcx",
    "lsm6ds3trc": "lsm6ds3trc:EmulatedLsm6ds3trc",
    "lsm9ds1": "lsm9ds1:EmulatedLsm9ds1",
    "mpu6050": "mpu6050:EmulatedMpu6050",
    "mpu6500": "mpu6050:mpu6500",
    "mpu9250": "mpu6050:mpu9250",
    "icm42688": "icm42688:EmulatedIcm42688",
    "icm20948": "icm20948:EmulatedIcm20948",
    "bmi270": "bmi270:EmulatedBmi270",
}
"""Emulated I2C chip to the "module:class or function" that makes it."""

SENSORS = ("witmotion", "movesense", "polar", "hipnode")
"""Emulated Bluetooth sensors."""

EMULATORS = dict.fromkeys(CHIPS, I2C) | dict.fromkeys(SENSORS, AIR)
"""Name in the URI to the "module:function" that opens it, imported when it is called."""


def open_emulated(text: str) -> Source:
    """Open `emulate:NAME?source=URI&…`: an emulated sensor worn by a simulated runner, or fed by a recording.

    Raises:
        SourceError: no such emulator, or its parameters make no sense.
    """
    uri = SourceUri(text)
    opener = EMULATORS.get(uri.place)
    if opener is None:
        raise SourceError(f"{text}: there is no emulator called '{uri.place}'; known are {', '.join(EMULATORS)}.")
    module, _, function = opener.partition(":")
    return cast("Callable[[SourceUri], Source]", getattr(import_module(module), function))(uri)
