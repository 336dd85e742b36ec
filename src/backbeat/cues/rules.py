"""Which alert is cued now. Pure: the time of day is passed in.

That two cues are three minutes apart and that form is left alone while the signal is bad is decided where alerts are
(`Alert.spoken`), so that a replay and a page see the same; what is left to decide here is the runner's own wish.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import time
from typing import Self

from backbeat.cues.patterns import CUES, LONGEST, Cue
from backbeat.cues.settings import CueSettings
from backbeat.events import Alert


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A part of the day, over midnight or not: from `start` on, up to and without `end`."""

    start: time
    end: time

    @classmethod
    def parse(cls, text: str) -> Self:
        """The hours in "21:30-06:30".

        Raises:
            ValueError: one sentence for people.
        """
        try:
            start, end = (time.fromisoformat(part.strip()) for part in text.split("-"))
        except ValueError:
            raise ValueError(f'quiet_hours = "{text}" is not a time of day to another, such as "21:30-06:30"') from None
        if start == end or start.tzinfo or end.tzinfo:
            raise ValueError(f'quiet_hours = "{text}" needs two different local times, such as "21:30-06:30"')
        return cls(start, end)

    def __contains__(self, now: time) -> bool:
        if self.start < self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end


def check(settings: CueSettings) -> None:
    """What types cannot say.

    Raises:
        ValueError: one sentence for people.
    """
    if settings.motor_pin is not None and settings.motor_pin == settings.button_pin:
        raise ValueError(f"motor_pin and button_pin are both {settings.motor_pin}; each needs a pin of its own")
    if settings.quiet_hours is not None:
        QuietHours.parse(settings.quiet_hours)
    names = {name.partition(":")[0] for name in CUES}
    for name, pattern in settings.patterns.items():
        if name not in names:
            raise ValueError(f"patterns: there is no cue for '{name}'; there are {', '.join(sorted(names))}")
        if set(pattern) - set(".-") or len(pattern) > LONGEST:
            raise ValueError(f'patterns: {name} = "{pattern}" is not up to {LONGEST} of . and -')


def wished(settings: CueSettings) -> dict[str, Cue]:
    """Alert, with its side where that matters, to its cue as this runner wants it; without those that are silent."""
    patterns = {name: settings.patterns.get(name.partition(":")[0], cue.pattern) for name, cue in CUES.items()}
    return {name: replace(CUES[name], pattern=pattern) for name, pattern in patterns.items() if pattern}


class Rules:
    """What the runner wishes to be told."""

    def __init__(self, settings: CueSettings) -> None:
        """Rules of checked settings."""
        self._cues = wished(settings)
        self._quiet = QuietHours.parse(settings.quiet_hours) if settings.quiet_hours is not None else ()

    def cue(self, alert: Alert, now: time) -> Cue | None:
        """The cue for an alert at a local time of day; None to stay still."""
        if alert.state != "raised" or not alert.spoken or now in self._quiet:
            return None
        return self._cues.get(f"{alert.alert}:{alert.side}") or self._cues.get(alert.alert)
