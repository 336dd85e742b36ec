"""What the configuration says about cues, section [cues]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from annotated_types import Ge, Le


@dataclass(frozen=True, slots=True)
class CueSettings:
    """Cues on the belt: a motor or buzzer and a button on the Pi's pins, a voice. Off unless set.

    At most one cue in three minutes ([strain.alerts] cue_every_s); while the signal is bad none about form. Try it:
    `backbeat cues test`. Pins are GPIO numbers, not places on the header; hardware/README.md has the wiring.

    Attributes:
        motor_pin: GPIO number that switches a vibration motor or an active buzzer on.
        button_pin: GPIO number of a button to ground. A short press starts or stops a session, a long one says "my
            back hurts now".
        pain_level: what a long press notes as pain; 3 and more is answered by an alert.
        quiet_hours: local time in which no alert is cued, such as "21:30-06:30". The button is answered all the same.
        patterns: alert name to another pattern: "." short, "-" long, "" for no cue. `backbeat cues list` shows them.
        voice: program that says a few words through the Pi's sound output, such as a Bluetooth headset.
    """

    motor_pin: Annotated[int, Ge(4), Le(27)] | None = None
    button_pin: Annotated[int, Ge(4), Le(27)] | None = None
    pain_level: Annotated[int, Ge(0), Le(10)] = 5
    quiet_hours: str | None = None
    patterns: Mapping[str, str] = field(default_factory=dict)
    voice: Literal["none", "espeak-ng", "spd-say"] = "none"

    @property
    def tells(self) -> bool:
        """Whether there is anything to feel or to hear."""
        return self.motor_pin is not None or self.voice != "none"

    @property
    def any(self) -> bool:
        """Whether there is anything to feel, to hear or to press."""
        return self.tells or self.button_pin is not None
