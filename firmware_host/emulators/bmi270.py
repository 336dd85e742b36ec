"""BMI270 at register level, after Bosch BST-BMI270-DS000."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from backbeat.samples import STANDARD_GRAVITY, FloatArray
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.feed import Motion
from firmware_host.emulators.registers import Fifo, RegisterChip, counts

RATES = {6: 25.0, 7: 50.0, 8: 100.0, 9: 200.0, 10: 400.0, 11: 800.0, 12: 1600.0}
FRAME = 13
LEAST_FIRMWARE = 328
"""Bytes of the shortest configuration that Bosch publishes."""


class EmulatedBmi270(RegisterChip):
    """Measures only after it was given a configuration, in order and whole; its content does not matter here."""

    identity_register = 0x00

    def __init__(self, motion: Motion, now: Callable[[], float], faults: Faults | None = None) -> None:
        self._fifo = Fifo(2048 // FRAME * FRAME)
        super().__init__(motion, now, faults)

    def power_on(self) -> None:
        """After a soft reset: no configuration, power save on."""
        self.registers = bytearray(256)
        self.registers[0x00] = 0x24 if self.faults.identity is None else self.faults.identity
        self.registers[0x7C] = 0x03
        self.registers[0x22:0x24] = b"\x00\x04"
        self._fifo.clear()
        self._firmware: dict[int, int] = {}
        self._upload = 0
        self._lost = 0

    def sampling_rate(self) -> float | None:
        """By ACC_CONF, with both sensors on and a configuration in place."""
        ready = self.registers[0x21] & 15 == 1 and self.registers[0x7D] & 0x06 == 0x06
        return RATES.get(self.registers[0x40] & 15) if ready else None

    def measured(self, ticks_s: FloatArray, acc: FloatArray, gyr: FloatArray) -> None:  # noqa: ARG002 - no time frames
        """To the output registers, and frames to the FIFO when it is on."""
        acc_counts = counts(acc, STANDARD_GRAVITY / (16384 >> (self.registers[0x41] & 3)))
        gyr_counts = counts(gyr, math.radians(2000 / 32768 / (1 << (self.registers[0x43] & 7))))
        self.registers[0x0C:0x18] = np.concatenate((acc_counts[-1], gyr_counts[-1])).astype("<i2").tobytes()
        if self.registers[0x49] != 0xD0:
            return
        frames = np.zeros((len(acc), FRAME), dtype=np.uint8)
        frames[:, 0] = 0x8C
        frames[:, 1:] = np.concatenate((gyr_counts, acc_counts), axis=1).astype("<i2").view(np.uint8).reshape(-1, 12)
        room = self._fifo.capacity - len(self._fifo.content)
        self._lost += max(len(acc) - room // FRAME, 0)
        self._fifo.push(frames.tobytes())

    def load(self, register: int) -> int:
        """The length is held while it is read."""
        if register == 0x24:
            self._length = len(self._fifo.content) + (2 if self._lost else 0)
            return self._length & 0xFF
        if register == 0x25:
            return self._length >> 8
        return self.registers[register]

    _length = 0

    def store(self, register: int, value: int) -> None:
        """Commands, the upload of the configuration and its end do something at once."""
        if register == 0x7E and value == 0xB6:
            self.power_on()
        elif register == 0x7E and value == 0xB0:
            self._fifo.clear()
            self._lost = 0
        elif register == 0x5E and not self.registers[0x7C] & 1:
            self._firmware[self._upload] = value
            self._upload += 1
        elif register == 0x59 and value == 1:
            whole = len(self._firmware) >= LEAST_FIRMWARE and max(self._firmware) == len(self._firmware) - 1
            self.registers[0x21] = 1 if whole else 2
        elif register not in (0x00, 0x21):
            self.registers[register] = value
            if register in (0x5B, 0x5C):
                self._upload = 2 * (self.registers[0x5B] & 0x0F | self.registers[0x5C] << 4)

    def following(self, register: int) -> int:
        """Writing on to the configuration and reading on from the FIFO stay there."""
        return register if register in (0x26, 0x5E) else super().following(register)

    def burst(self, register: int, size: int) -> bytes | None:
        """The FIFO: lost frames are told first, 0x80 beyond the end."""
        if register != 0x26:
            return None
        told = bytes([0x40, min(self._lost, 0xFF)]) if self._lost else b""
        self._lost = 0
        whole = min(max(size - len(told), 0) // FRAME * FRAME, len(self._fifo.content))
        answer = told + self._fifo.pop(whole)
        rest = size - len(answer)
        cut = bytes(self._fifo.content[:rest])  # a frame that is cut off is sent again
        return (answer + cut + b"\x80" * rest)[:size]
