"""FIFOs that hold nothing but values: whole packets of six big- or little-endian numbers, and no clock.

A byte lost or gained turns everything after it into nonsense, so whatever leaves the alignment in doubt (an overflow,
a read that broke off) must empty the FIFO; the number of readings lost is then unknown and the clock begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from firmware_host.chips.talk import Batch, Read, Talk, Wait, nothing

PACKET = 12
COUNT_BITS = 0x1FFF


class Untagged:
    """Packets to readings; the number of a reading over the nominal rate is its time."""

    def __init__(self, rate_hz: float, order: Literal["big", "little"], *, gyro_first: bool = False) -> None:
        self._rate, self._type = rate_hz, ">i2" if order == "big" else "<i2"
        self._acc, self._gyr = (slice(3, 6), slice(0, 3)) if gyro_first else (slice(0, 3), slice(3, 6))
        self._index = 0
        self._restarted = True

    def emptied(self) -> None:
        """The FIFO was emptied; nobody knows what was in it."""
        self._restarted = True

    def decode(self, data: bytes) -> Batch:
        """Whole packets to readings."""
        values = np.frombuffer(data, dtype=self._type, count=len(data) // PACKET * 6).reshape(-1, 6).astype(np.int16)
        n = len(values)
        if not n:
            return nothing()
        index = self._index + np.arange(1.0, n + 1.0)
        self._index += n
        restarted, self._restarted = self._restarted, False
        return Batch(
            index / self._rate, values[:, self._acc], values[:, self._gyr], np.zeros(n, dtype=np.bool_), restarted
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where an untagged FIFO is in a chip's registers, and how large.

    Attributes:
        status: register that tells of an overflow, and forgets it when read.
        overflow: its bits.
        count: register of the number of bytes, big-endian.
        data: register to read them from.
        capacity: bytes that it holds at most.
    """

    status: int
    overflow: int
    count: int
    data: int
    capacity: int


def drain(fifo: Untagged, place: Place, empty: Callable[[], Talk[None]]) -> Talk[Batch]:
    """All whole packets; after an overflow or with the alignment in doubt the FIFO is emptied instead."""
    (status,) = yield Read(place.status)
    count = yield from settled_count(place.count, place.capacity)
    if status & place.overflow or count is None or count > place.capacity - PACKET:
        yield from empty()
        return nothing()
    if not count:
        return nothing()
    try:
        data = yield Read(place.data, count, once=True)
    except OSError:
        yield from empty()
        return nothing()
    (after,) = yield Read(place.status)
    if after & place.overflow:  # it ran over while it was read
        yield from empty()
        return nothing()
    return fifo.decode(data)


def settled_count(register: int, capacity: int) -> Talk[int | None]:
    """How many bytes are in a FIFO (big-endian register), or None where its alignment is in doubt.

    The count is read twice: a flipped bit on the bus would otherwise fetch bytes that were never measured. A rest of
    a packet is one that is just being written; if it stays, the alignment is lost.
    """
    for _ in range(3):
        first = int.from_bytes((yield Read(register, 2)), "big") & COUNT_BITS
        second = int.from_bytes((yield Read(register, 2)), "big") & COUNT_BITS
        if first > capacity or not first <= second <= first + 2 * PACKET:
            continue
        if first % PACKET == 0 or first % PACKET != second % PACKET:
            return first - first % PACKET
        yield Wait(0.001)
    return None
