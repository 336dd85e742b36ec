"""One button: a short press, a long press, and nothing else however its contacts bounce."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from backbeat.cues.patterns import Cue
from backbeat.cues.pins import working

if TYPE_CHECKING:
    from gpiozero.pins import Factory

BOUNCE_S = 0.03
"""A cheap push-button's contacts are at rest after some ten milliseconds."""

HOLD_S = 1.5
"""Long enough not to be a thick glove's short press."""

APART_S = 1.0
"""Short presses closer than this are one: a second one by mistake would undo the first."""


class Presses:
    """Tells short from long presses. Pure: the time of each edge is passed in, in seconds that only grow."""

    def __init__(self) -> None:
        """Nothing is pressed."""
        self._down: float | None = None
        self._held = False
        self._short = float("-inf")

    def pressed(self, now: float) -> None:
        """The button went down."""
        self._down, self._held = now, False

    def held(self) -> bool:
        """It has been down for `HOLD_S`: whether this is a long press, once for each."""
        first = self._down is not None and not self._held
        self._held = True
        return first

    def released(self, now: float) -> bool:
        """It came up: whether that was a short press."""
        down, self._down = self._down, None
        if down is None or self._held or now - down < BOUNCE_S or now - self._short < APART_S:
            return False
        self._short = now
        return True


class Button:
    """A button between a pin and ground. It sits among the outputs, so that it is opened and closed with them."""

    def __init__(
        self,
        pin: int,
        pins: Factory,
        short: Callable[[], None],
        long: Callable[[], None],
        *,
        hold_s: float = HOLD_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the pin, with the Pi's own pull-up.

        Args:
            pin: GPIO number.
            pins: of the Pi, or gpiozero's mock.
            short: called after a short press, on a thread of gpiozero's.
            long: called while it is still held, likewise.
            hold_s: what is long.
            clock: seconds that pass.

        Raises:
            CueError: it cannot be had.
        """
        from gpiozero import Button as Contact

        self._what = f"The button on GPIO{pin}"
        presses = Presses()
        with working(self._what):
            self._contact = Contact(pin, pull_up=True, hold_time=hold_s, pin_factory=pins)
            self._contact.when_pressed = lambda: presses.pressed(clock())
            self._contact.when_held = lambda: long() if presses.held() else None
            self._contact.when_released = lambda: short() if presses.released(clock()) else None

    def play(self, cue: Cue) -> None:
        """A button is silent."""

    def close(self) -> None:
        """Give the pin back."""
        with working(self._what):
            self._contact.close()
