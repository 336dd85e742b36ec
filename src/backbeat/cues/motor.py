"""A vibration motor or an active buzzer: whatever is on while its pin is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backbeat.cues.patterns import Cue, pulses
from backbeat.cues.performer import Pause
from backbeat.cues.pins import working

if TYPE_CHECKING:
    from gpiozero.pins import Factory


class Motor:
    """Plays the pattern of a cue on a pin (`backbeat.cues.performer.Output`)."""

    def __init__(self, pin: int, pins: Factory, pause: Pause) -> None:
        """Take the pin, switched off.

        Args:
            pin: GPIO number.
            pins: of the Pi, or gpiozero's mock.
            pause: waits.

        Raises:
            CueError: it cannot be had.
        """
        from gpiozero import DigitalOutputDevice

        self._what, self._pause = f"The motor on GPIO{pin}", pause
        with working(self._what):
            self._device = DigitalOutputDevice(pin, initial_value=False, pin_factory=pins)

    def play(self, cue: Cue) -> None:
        """Vibrate; at the end, and after a fault, it is off."""
        with working(self._what):
            try:
                for on_s, off_s in pulses(cue.pattern):
                    self._device.on()
                    self._pause(on_s)
                    self._device.off()
                    self._pause(off_s)
            finally:
                self._device.off()

    def close(self) -> None:
        """Be off and give the pin back."""
        with working(self._what):
            self._device.off()
            self._device.close()
