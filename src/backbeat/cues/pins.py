"""The Pi's pins, through gpiozero and lgpio (the extra `gpio`), which are imported only where a pin is configured."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from backbeat.cues.performer import CueError

if TYPE_CHECKING:
    from gpiozero.pins import Factory

Pins: TypeAlias = "Callable[[], Factory]"
"""Opens the pins; gpiozero calls what it returns a factory of pins."""

MISSING = (
    "motor_pin and button_pin in [cues] need packages that are not installed: pip install 'backbeat[gpio]' into the "
    "environment of backbeat; lgpio for Python 3.13 comes with Raspberry Pi OS (docs/install.md)."
)


def real_pins() -> Pins:
    """What opens the pins of this Pi. To be called before other threads open files by relative names.

    At its import lgpio makes a pipe in the current folder, which a service may not write and nobody wants to find
    there; it keeps it open, so that the folder it is given here can go at once.

    Where GPIOZERO_PIN_FACTORY is set, gpiozero's own choice is taken: "mock" tries everything without a Pi.

    Raises:
        CueError: a package is missing.
    """
    try:
        if os.environ.get("GPIOZERO_PIN_FACTORY"):
            from gpiozero import Device

            return partial(_opened, lambda: Device.ensure_pin_factory() or Device.pin_factory)
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            from gpiozero.pins.lgpio import LGPIOFactory
    except ImportError:
        raise CueError(MISSING) from None
    return partial(_opened, LGPIOFactory)


def _opened(make: Callable[[], Factory]) -> Factory:
    with working("The GPIO pins"):
        return make()


@contextlib.contextmanager
def working(what: str) -> Iterator[None]:
    """Turns what gpiozero, lgpio and the system raise into one sentence about `what`."""
    try:
        yield
    except CueError:
        raise
    except Exception as error:
        raise CueError(f"{what} cannot be used ({error}): {_remedy(error)}") from error


def _remedy(error: Exception) -> str:
    words = f"{type(error).__name__} {error}".lower()
    if "busy" in words:
        return "another program has the pin; sudo systemctl stop backbeat, or choose another pin."
    if "permission" in words or "not permitted" in words:
        return "sudo adduser $USER gpio, then log in again."
    if "revision" in words or "can not open gpiochip" in words:
        return "is this a Raspberry Pi? If not, take motor_pin and button_pin out of [cues]."
    return "look at the wiring, and at motor_pin and button_pin in [cues]."
