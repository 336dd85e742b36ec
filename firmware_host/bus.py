"""One chip's place on an I2C bus of the host, through smbus2."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from smbus2 import SMBus, i2c_msg

from firmware_host.chips.talk import Operation, Read, Talk, Write

T = TypeVar("T")

RETRY_PAUSES_S = (0.002, 0.010, 0.050)
"""A motor beside the wires or a loose plug is over in milliseconds; after the last try the chip is started anew."""
UNANSWERED = (errno.EREMOTEIO, errno.ENXIO)
"""How adapters say that a chip did not acknowledge: it does so only before it gives its first byte, so none is lost."""


@dataclass(frozen=True, slots=True)
class Host:
    """The host's monotonic clock, s, and how to let time go by; a test or an emulator passes its own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Span(NamedTuple):
    """A moment that is known to lie between two, host s: when a count was asked for and when the answer was there."""

    begin: float
    end: float


class Bus:
    """Carries out what a chip asks for.

    Every transfer is one write and at most one read: the Raspberry Pi's controller takes no more (its driver
    i2c-bcm2835 answers EOPNOTSUPP), and SMBus calls end at 32 bytes where a FIFO has thousands.

    Attributes:
        errors: transfers that failed, retried ones included.
    """

    def __init__(self, path: int | str, address: int, host: Host) -> None:
        self._smbus = SMBus(path)
        self._address, self._host = address, host
        self.errors = 0

    def carry_out(self, talk: Talk[T]) -> tuple[T, Span]:
        """What the conversation came to, and when its first question was asked and answered.

        Raises:
            OSError: the bus failed and went on failing.
            ChipFault: the chip did.
        """
        asked = answered = self._host.now()
        try:
            operation = next(talk)
            while True:
                try:
                    answer = self._do(operation)
                except OSError as error:
                    operation = talk.throw(error)
                    continue
                if answered == asked and isinstance(operation, Read):
                    answered = self._host.now()
                operation = talk.send(answer)
        except StopIteration as end:
            return end.value, Span(asked, answered)

    def close(self) -> None:
        """Release the bus."""
        self._smbus.close()

    def _do(self, operation: Operation) -> bytes:
        if not isinstance(operation, Read | Write):
            self._host.sleep(operation.seconds)
            return b""
        once = isinstance(operation, Read) and operation.once
        for pause in RETRY_PAUSES_S:
            try:
                return self._transfer(operation)
            except OSError as error:
                if once and error.errno not in UNANSWERED:
                    raise
                self._host.sleep(pause)
        return self._transfer(operation)

    def _transfer(self, operation: Read | Write) -> bytes:
        try:
            if isinstance(operation, Write):
                self._smbus.i2c_rdwr(i2c_msg.write(self._address, bytes([operation.register]) + operation.data))
                return b""
            read = i2c_msg.read(self._address, operation.size)
            self._smbus.i2c_rdwr(i2c_msg.write(self._address, [operation.register]), read)
            return bytes(read)
        except OSError:
            self.errors += 1
            raise
