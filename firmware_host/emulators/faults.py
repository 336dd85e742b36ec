"""What goes wrong with sensors, on order."""

from __future__ import annotations

import errno
import random
from dataclasses import dataclass
from typing import Literal

import numpy as np

from backbeat.samples import BoolArray, FloatArray

FaultKind = Literal["restart", "freeze", "zeros", "saturate", "stuck_bus", "unplugged", "sleep", "stall"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happens at a time.

    Attributes:
        kind: `restart`: the chip loses its power for a moment, and so its registers; `freeze`: it gives the same
            reading again and again; `zeros`: it gives zeros; `saturate`: it is shaken beyond its range; `sleep`: it
            takes no readings; `stuck_bus`: each transfer times out; `unplugged`: nobody answers; `stall`: the host does
            not get to reading, so that the FIFO runs over.
        at: s since the emulator's start.
        lasting: s; a restart has none.
    """

    kind: FaultKind
    at: float
    lasting: float = 0.0


@dataclass(frozen=True, slots=True)
class Faults:
    """All that goes wrong with one emulated sensor.

    Attributes:
        nack: part of the transfers that fail.
        flip: part of the bytes read in which a bit is flipped.
        clock: how much too fast the sensor's clock runs, as a fraction.
        identity: what the identity register holds instead.
        planned: what happens at set times.
        seed: of the first two.
    """

    nack: float = 0.0
    flip: float = 0.0
    clock: float = 0.0
    identity: int | None = None
    planned: tuple[Fault, ...] = ()
    seed: int = 0

    def during(self, kind: FaultKind, now: float) -> bool:
        """Whether such a fault is going on."""
        return any(f.kind == kind and f.at <= now < f.at + f.lasting for f in self.planned)

    def until(self, kind: FaultKind, now: float) -> float:
        """When such a fault that is going on ends, s; `now` where none is."""
        return max((f.at + f.lasting for f in self.planned if f.kind == kind and f.at <= now), default=now)

    def mask(self, kind: FaultKind, times: FloatArray) -> BoolArray:
        """At which of these times such a fault is going on, shape (n,); the times increase."""
        struck = np.zeros(len(times), dtype=np.bool_)
        for fault in self.planned:
            if fault.kind == kind and fault.at <= times[-1] and times[0] < fault.at + fault.lasting:
                struck |= (fault.at <= times) & (times < fault.at + fault.lasting)
        return struck


class Wires:
    """The faults that happen between the chip and the host."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._random = random.Random(faults.seed)

    def check(self, now: float) -> None:
        """Before a transfer at `now`, s since the start.

        Raises:
            OSError: as the Raspberry Pi's controller says it.
        """
        if self._faults.during("stuck_bus", now):
            raise OSError(errno.ETIMEDOUT, "Connection timed out")
        if self._faults.during("unplugged", now) or self._random.random() < self._faults.nack:
            raise OSError(errno.EREMOTEIO, "Remote I/O error")

    def spoil(self, data: bytes) -> bytes:
        """The bytes as they arrive."""
        if not self._faults.flip or self._random.random() >= 1 - (1 - self._faults.flip) ** len(data):
            return data
        spoiled = bytearray(data)
        spoiled[self._random.randrange(len(data))] ^= 1 << self._random.randrange(8)
        return bytes(spoiled)
