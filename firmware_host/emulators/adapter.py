"""An I2C adapter without a bus: what the kernel's i2c-dev would do for smbus2, done by emulated chips.

smbus2 marshals its requests itself and hands them to `ioctl`; that name in smbus2 is replaced, so that everything
above it is the real thing. Requests for any other file go to the real `ioctl`.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

import smbus2.smbus2 as smbus

I2C_M_RD = 0x0001
I2C_FUNCTIONS = 0x0EFF0009
"""I2C_FUNC_I2C and I2C_FUNC_SMBUS_EMUL (linux/i2c.h)."""
MOST_MESSAGES, LONGEST_MESSAGE = 42, 8192
"""Limits of i2c-dev (I2C_RDWR_IOCTL_MAX_MSGS, and the check in i2cdev_ioctl_rdwr)."""


class WireChip(Protocol):
    """A chip as its bus sees it."""

    def write(self, data: bytes) -> None:
        """The bytes of one write message."""
        ...

    def read(self, size: int) -> bytes:
        """The answer to one read message."""
        ...


@dataclass
class Adapter:
    """A bus with chips on it.

    Attributes:
        chips: address to chip.
        before: called before each transfer; raises OSError to make it fail.
        spoil: what the wires make of the bytes that were read.
        baudrate: bits a second, or None for a bus that takes no time.
        sleep: lets the time of a transfer go by.
    """

    chips: Mapping[int, WireChip]
    before: Callable[[], None] = lambda: None
    spoil: Callable[[bytes], bytes] = lambda data: data
    baudrate: float | None = None
    sleep: Callable[[float], None] = lambda _: None
    _address: int = field(default=0, init=False)

    def transfer(self, messages: list[tuple[int, int | bytes]]) -> list[bytes]:
        """One combined transfer of (address, bytes to write or size to read); what was read, in order.

        Raises:
            OSError: EREMOTEIO where no chip answers, as the Raspberry Pi's controller says it.
        """
        self.before()
        answers = []
        bits = 0
        reads = [place for place, (_, what) in enumerate(messages) if isinstance(what, int)]
        if len(messages) > 1 and reads != [len(messages) - 1] and reads:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")  # i2c-bcm2835: one read, and last
        for address, what in messages:
            chip = self.chips.get(address)
            if chip is None:
                raise OSError(errno.EREMOTEIO, "Remote I/O error")
            bits += 9 * (1 + (what if isinstance(what, int) else len(what))) + 2
            if isinstance(what, int):
                answers.append(self.spoil(chip.read(what)))
            elif what:
                chip.write(what)
        if self.baudrate is not None:
            self.sleep(bits / self.baudrate)
        return answers

    def ioctl(self, request: int, argument: Any) -> int:
        """What /dev/i2c-N does."""
        if request in (smbus.I2C_SLAVE, smbus.I2C_SLAVE_FORCE):
            self._address = argument
        elif request == smbus.I2C_FUNCS:
            argument.value = I2C_FUNCTIONS
        elif request == smbus.I2C_RDWR:
            return self._rdwr(argument)
        elif request == smbus.I2C_SMBUS:
            self._smbus(argument)
        elif request != smbus.I2C_PEC:
            raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
        return 0

    def _rdwr(self, request: Any) -> int:
        messages = [request.msgs[k] for k in range(request.nmsgs)]
        if len(messages) > MOST_MESSAGES or any(m.len > LONGEST_MESSAGE for m in messages):
            raise OSError(errno.EINVAL, "Invalid argument")
        wire = [(int(m.addr), int(m.len) if m.flags & I2C_M_RD else ctypes.string_at(m.buf, m.len)) for m in messages]
        answers = iter(self.transfer(wire))
        for message in messages:
            if message.flags & I2C_M_RD:
                ctypes.memmove(message.buf, next(answers), message.len)
        return len(messages)

    def _smbus(self, request: Any) -> None:
        """SMBus calls as messages, as the kernel's i2c_smbus_xfer_emulated makes them."""
        reading = bool(request.read_write)
        data: Any = request.data.contents if request.data else None  # only a quick write has none
        command = bytes([request.command])
        size = request.size
        if size == smbus.I2C_SMBUS_QUICK:
            self.transfer([(self._address, 0 if reading else b"")])
        elif size == smbus.I2C_SMBUS_BYTE and reading:
            data.byte = self.transfer([(self._address, 1)])[0][0]
        elif size == smbus.I2C_SMBUS_BYTE:
            self.transfer([(self._address, command)])
        elif size == smbus.I2C_SMBUS_BYTE_DATA:
            if reading:
                data.byte = self._register(command, 1)[0]
            else:
                self.transfer([(self._address, command + bytes([data.byte]))])
        elif size == smbus.I2C_SMBUS_WORD_DATA:
            if reading:
                data.word = int.from_bytes(self._register(command, 2), "little")
            else:
                self.transfer([(self._address, command + int(data.word).to_bytes(2, "little"))])
        elif size == smbus.I2C_SMBUS_I2C_BLOCK_DATA:
            length = data.block[0]
            if not 0 < length <= smbus.I2C_SMBUS_BLOCK_MAX:
                raise OSError(errno.EINVAL, "Invalid argument")
            if reading:
                for place, byte in enumerate(self._register(command, length)):
                    data.block[place + 1] = byte
            else:
                self.transfer([(self._address, command + bytes(data.block[1 : length + 1]))])
        else:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    def _register(self, command: bytes, size: int) -> bytes:
        return self.transfer([(self._address, command), (self._address, size)])[0]


class Installed:
    """An adapter at a path that `smbus2.SMBus` can open, for as long as the `with` lasts."""

    _adapters: dict[tuple[int, int], Adapter] = {}  # noqa: RUF012 - smbus2's `ioctl` is one for the process as well
    _real: Callable[..., Any] = staticmethod(fcntl.ioctl)

    def __init__(self, adapter: Adapter) -> None:
        handle, self.path = tempfile.mkstemp(prefix="backbeat-i2c-")
        about = os.fstat(handle)
        os.close(handle)
        self._key = (about.st_dev, about.st_ino)
        self._adapters[self._key] = adapter
        setattr(smbus, "ioctl", self._ioctl)  # noqa: B010 - the stub of smbus2 does not name it

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the adapter away; the last one gives smbus2 its `ioctl` back."""
        if self._adapters.pop(self._key, None) is None:
            return
        Path(self.path).unlink()
        if not self._adapters:
            setattr(smbus, "ioctl", self._real)  # noqa: B010

    @classmethod
    def _ioctl(cls, handle: int, request: int, argument: Any = 0) -> Any:
        about = os.fstat(handle)
        adapter = cls._adapters.get((about.st_dev, about.st_ino))
        if adapter is None:
            return cls._real(handle, request, argument)
        return adapter.ioctl(request, argument)
