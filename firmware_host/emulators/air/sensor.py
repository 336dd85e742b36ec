"""An emulated Bluetooth sensor: its GATT services, and what it notifies by when. Sans I/O; time is passed in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from backbeat.samples import FloatArray
from firmware_host.emulators.feed import Motion
from firmware_host.radios import standard


@dataclass(frozen=True, slots=True)
class Characteristic:
    """A characteristic and what may be done with it, in BlueZ's words ("read", "notify", "write", …)."""

    uuid: str
    flags: tuple[str, ...]


class Sampler:
    """The sensor's measuring: equally spaced on the sensor's own clock, which is not the host's.

    Args:
        motion: what the sensor feels.
        clock: how much too fast the sensor's clock runs, as a fraction.
    """

    def __init__(self, motion: Motion, clock: float) -> None:
        self._motion, self._clock = motion, clock
        self.begin(100.0, 0.0)

    def begin(self, rate_hz: float, now: float) -> None:
        """Measure at that rate from now on; readings are counted from 0."""
        self.rate_hz, self._began, self.count = rate_hz, now, 0

    def device_time(self, now: float) -> float:
        """What the sensor's clock shows, s since it was switched on at 0."""
        return now * (1 + self._clock)

    def taken_at(self, index: int | FloatArray) -> FloatArray:
        """When readings are taken, s."""
        return np.asarray(self._began + np.asarray(index) / (self.rate_hz * (1 + self._clock)))

    def due(self, now: float) -> int:
        """How many readings will have been taken by now."""
        return max(0, int(np.floor((now - self._began) * self.rate_hz * (1 + self._clock))) + 1)

    def take(self, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The next readings: when they were taken (s), specific force (m/s²) and angular rate (rad/s)."""
        times = self.taken_at(np.arange(self.count, self.count + count, dtype=np.float64))
        self.count += count
        acc, gyr = self._motion.at(times)
        return times, acc, gyr


def in_counts(values: FloatArray, scale: float) -> NDArray[np.int64]:
    """Physical values as the 16-bit counts of a sensor; what is beyond its range stays at the end."""
    return np.clip(np.rint(values / scale), -32768, 32767).astype(np.int64)


class EmulatedSensor:
    """What all emulated sensors share: link, subscriptions, battery and device information.

    Args:
        motion: what it feels.
        address: its Bluetooth address.
        clock: how much too fast its clock runs, as a fraction.
    """

    local_name: ClassVar[str]
    service: ClassVar[str]
    characteristics: ClassVar[Sequence[Characteristic]]

    def __init__(self, motion: Motion, address: str = "C0:FF:EE:00:00:01", clock: float = 0.0) -> None:
        self.address = address
        self.sampler = Sampler(motion, clock)
        self.battery_pct = 81
        self.subscribed: set[str] = set()
        self._replies: list[tuple[str, bytes]] = []

    @property
    def services(self) -> Mapping[str, Sequence[Characteristic]]:
        """Service UUIDs to their characteristics."""
        return {
            self.service: self.characteristics,
            standard.BATTERY_SERVICE: (Characteristic(standard.BATTERY, ("read", "notify")),),
        }

    def linked(self, up: bool, now: float) -> None:
        """A central has connected or is gone; subscriptions do not outlive the link."""
        del now
        if not up:
            self.subscribed.clear()
            self._replies.clear()

    def subscribe(self, characteristic: str, on: bool, now: float) -> None:
        """A central wants notifications, or no more of them."""
        del now
        (self.subscribed.add if on else self.subscribed.discard)(characteristic)

    def read(self, characteristic: str, now: float) -> bytes:
        """The value of a characteristic."""
        del now
        return bytes((self.battery_pct,)) if characteristic == standard.BATTERY else b""

    def write(self, characteristic: str, data: bytes, now: float) -> None:
        """A central has written."""

    def restart(self, now: float) -> None:
        """The sensor lost its power for a moment."""

    def due(self, now: float) -> list[tuple[str, bytes]]:
        """Notifications since the last call: answers first, then readings."""
        sent, self._replies = self._replies, []
        sent += self.readings(now)
        return [(uuid, data) for uuid, data in sent if uuid in self.subscribed]

    def readings(self, now: float) -> list[tuple[str, bytes]]:
        """Notifications of readings since the last call."""
        raise NotImplementedError

    def reply(self, characteristic: str, data: bytes) -> None:
        """Answer with the next notifications."""
        self._replies.append((characteristic, data))
