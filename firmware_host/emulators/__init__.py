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

EMULATORS = {
    "lsm6dsox": I2C,
    "lsm6dso32": I2C,
    "ism330dhcx": I2C,
    "witmotion": AIR,
    "movesense": AIR,
    "polar": AIR,
    "hipnode": AIR,
}
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
