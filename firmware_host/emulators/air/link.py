"""The air between an emulated sensor and its central: connection events, and what goes wrong. Sans I/O."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from firmware_host.emulators.air.sensor import EmulatedSensor

AirFaultKind = Literal["drop", "restart", "daemon"]


@dataclass(frozen=True, slots=True)
class AirFault:
    """Something that happens at a time.

    Attributes:
        kind: `drop`: the sensor is out of range; `restart`: it loses its power for a moment; `daemon`: bluetoothd
            dies and comes back.
        at: s since the emulator's start.
        lasting: s.
    """

    kind: AirFaultKind
    at: float
    lasting: float


@dataclass(frozen=True, slots=True)
class AirFaults:
    """All that goes wrong with one emulated Bluetooth sensor.

    Attributes:
        lost: part of the notifications that never arrive.
        doubled: part of the notifications that arrive twice.
        late: part of the notifications that arrive after the next one.
        flip: part of the notifications in which a bit is flipped.
        busy: part of the connection events in which nothing gets through, because of others on the air.
        clock: how much too fast the sensor's clock runs, as a fraction.
        planned: what happens at set times.
        interval_s: time between connection events.
        seed: of all that is random.
    """

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    flip: float = 0.0
    busy: float = 0.0
    clock: float = 0.0
    planned: tuple[AirFault, ...] = ()
    interval_s: float = 0.03
    seed: int = 0


class AirLink:
    """Carries a sensor's notifications to whoever calls `event` once a connection interval."""

    def __init__(self, sensor: EmulatedSensor, faults: AirFaults) -> None:
        self.sensor, self.faults = sensor, faults
        self._random = random.Random(faults.seed)
        self._waiting: list[tuple[str, bytes]] = []
        self._late: list[tuple[str, bytes]] = []
        self._restarted: set[AirFault] = set()

    def during(self, kind: AirFaultKind, now: float) -> bool:
        """Whether such a fault is going on."""
        return any(f.kind == kind and f.at <= now < f.at + f.lasting for f in self.faults.planned)

    def reachable(self, now: float) -> bool:
        """Whether the sensor is there; one that is restarted is away for as long as that lasts."""
        for fault in self.faults.planned:
            if fault.kind == "restart" and fault.at <= now and fault not in self._restarted:
                self._restarted.add(fault)
                self.sensor.restart(now)
        return not (self.during("drop", now) or self.during("restart", now))

    def cut(self, now: float) -> None:
        """The link is lost, and with it what was on its way."""
        self._waiting, self._late = [], []
        self.sensor.linked(False, now)

    def event(self, now: float) -> list[tuple[str, bytes]]:
        """One connection event: the notifications that get through."""
        self._waiting += self.sensor.due(now)
        if self._random.random() < self.faults.busy:
            return []
        ready, self._waiting = self._waiting, []
        return [found for one in ready for found in self._carried(*one)]

    def _carried(self, uuid: str, data: bytes) -> Iterator[tuple[str, bytes]]:
        def happens(share: float) -> bool:
            return share > 0 and self._random.random() < share

        if happens(self.faults.lost):
            return
        if data and happens(self.faults.flip):
            spoiled = bytearray(data)
            spoiled[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
            data = bytes(spoiled)
        before, self._late = self._late, []
        if happens(self.faults.late):
            self._late = [(uuid, data)]
        else:
            yield uuid, data
            if happens(self.faults.doubled):
                yield uuid, data
        yield from before
