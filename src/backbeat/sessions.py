"""When a session begins and ends, and what it is called."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from backbeat.samples import Samples


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """When a session begins and ends.

    Attributes:
        start_after_running_s: seconds of running that make a session.
        forget_after_pause_s: that many seconds without running and the count begins anew.
        end_after_pause_s: seconds without running that end a session.
    """

    start_after_running_s: Annotated[float, Ge(0), Le(600)] = 30.0
    forget_after_pause_s: Annotated[float, Ge(2), Le(600)] = 60.0
    end_after_pause_s: Annotated[float, Ge(30), Le(7200)] = 600.0


LATENCY_S = 4.0
"""A step may become known this much later than it happened (the first ones of a bout): a pause is sure only then."""
_LONGEST_STEP_S = 1.5


@dataclass(slots=True)
class SessionRule:
    """Counts running and pauses.

    Attributes:
        active: a session is on.
        first: time of the first running step of the session or of what may become one, s.
        last: time of the last one, s.
        running_s: seconds of running so far.
        held: a stop was asked for: nothing begins by itself before the runner has paused.
    """

    settings: SessionSettings
    active: bool = False
    first: float | None = None
    last: float = -math.inf
    running_s: float = 0.0
    held: bool = False

    @property
    def due(self) -> float:
        """When the pause is long enough to end the session, or to forget what might have become one, s."""
        if self.first is None and not self.held:
            return math.inf
        pause = self.settings.end_after_pause_s if self.active else self.settings.forget_after_pause_s
        return self.last + pause + LATENCY_S

    def step(self, time: float) -> bool:
        """A running step; True when it makes a session."""
        elapsed = time - self.last
        self.last = time
        if self.held:
            return False
        if self.first is None:
            self.first = time
        elif elapsed <= _LONGEST_STEP_S:
            self.running_s += elapsed
        if self.active or self.running_s < self.settings.start_after_running_s:
            return False
        self.active = True
        return True

    def start(self, time: float) -> None:
        """Begin now, because somebody says so."""
        self.active, self.held = True, False
        if self.first is None:
            self.first = self.last = time

    def reset(self, *, held: bool = False) -> None:
        """It is over; with `held`, running on does not begin another one."""
        self.active, self.first, self.running_s, self.held = False, None, 0.0, held


@dataclass(slots=True)
class SessionNames:
    """Names sessions without a clock or chance, so that a replay gives the same ones.

    With a known wall clock it is the start in UTC as yyyymmdd-hhmmss; without one the start on the readings' own time
    with a check sum of the first reading; or what the user said, with -2, -3, … for further sessions.
    """

    wanted: str | None
    utc_offset_s: float | None
    check_sum: int | None = None
    used: list[str] = field(default_factory=list)

    def see(self, block: Samples) -> None:
        """Take note of the first reading."""
        if self.check_sum is None and len(block):
            reading = np.concatenate([block.time[:1], block.acc[0], [] if block.gyr is None else block.gyr[0]])
            self.check_sum = zlib.crc32(reading.astype("<f8").tobytes())

    def name(self, start: float) -> str:
        """The id of a session that began at this time."""
        if self.wanted is not None:
            base = self.wanted
        elif self.utc_offset_s is not None:
            moment = str(np.datetime64(math.floor(start + self.utc_offset_s), "s"))
            base = moment.replace("-", "").replace(":", "").replace("T", "-")
        else:
            base = f"t{max(math.floor(start), 0)}-{self.check_sum or 0:08x}"
        name, number = base, 1
        while name in self.used:
            number += 1
            name = f"{base[:28]}-{number}"
        self.used = [*self.used[-99:], name]
        return name
