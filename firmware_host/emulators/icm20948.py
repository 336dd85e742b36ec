"""ICM-20948 at register level, after InvenSense DS-000189."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from backbeat.samples import STANDARD_GRAVITY, FloatArray
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.feed import Motion
from firmware_host.emulators.registers import Fifo, RegisterChip, counts

BANK = 0x7F
ACC, GYRO, TEMP = slice(0x2D, 0x33), slice(0x33, 0x39), slice(0x39, 0x3B)


class EmulatedIcm20948(RegisterChip):
    """Four banks of registers; register 0x7F is in all of them."""

    identity_register = 0x00

    def __init__(self, motion: Motion, now: Callable[[], float], faults: Faults | None = None) -> None:
        self._fifo = Fifo(512)
        super().__init__(motion, now, faults)

    def power_on(self) -> None:
        """After a reset: asleep, bank 0."""
        self.banks = [bytearray(128) for _ in range(4)]
        self.banks[0][0x00] = 0xEA if self.faults.identity is None else self.faults.identity
        self.banks[0][0x06] = 0x41
        self.banks[0][TEMP] = b"\x05\x38"
        self.banks[2][0x01] = self.banks[2][0x14] = 0x01
        self.bank = 0
        self._fifo.clear()

    def sampling_rate(self) -> float | None:
        """By the divider of the gyroscope; none while asleep."""
        if self.banks[0][0x06] & 0x40:
            return None
        return 1125.0 / (1 + self.banks[2][0x00]) if self.banks[2][0x01] & 1 else 9000.0

    def measured(self, ticks_s: FloatArray, acc: FloatArray, gyr: FloatArray) -> None:  # noqa: ARG002 - no clock
        """To the output registers, and to the FIFO what FIFO_EN_2 says."""
        acc_unit = STANDARD_GRAVITY / (16384 >> (self.banks[2][0x14] >> 1 & 3))
        gyr_unit = math.radians((1 << (self.banks[2][0x01] >> 1 & 3)) / 131.2)
        values = np.concatenate((counts(acc, acc_unit), counts(gyr, gyr_unit)), axis=1).astype(">i2")
        latest = values[-1].tobytes()
        self.banks[0][ACC], self.banks[0][GYRO] = latest[:6], latest[6:]
        if self.banks[0][0x03] & 0x40 and self.banks[0][0x67] == 0x1E and not self.banks[0][0x68]:
            self._fifo.push(values.tobytes())

    def load(self, register: int) -> int:
        """Count, data and interrupts are made when they are read."""
        if register == BANK:
            return self.bank << 4
        if self.bank == 0 and register == 0x1B:
            overrun, self._fifo.overrun = self._fifo.overrun, False
            return 0x01 if overrun else 0
        if self.bank == 0 and register in (0x70, 0x71):
            return len(self._fifo.content) >> (8 if register == 0x70 else 0) & 0xFF
        if self.bank == 0 and register == 0x72:
            return self._fifo.pop(1)[0]
        return self.banks[self.bank][register]

    def store(self, register: int, value: int) -> None:
        """The bank and resets do something at once."""
        if register == BANK:
            self.bank = value >> 4 & 3
        elif self.bank == 0 and register == 0x06 and value & 0x80:
            self.power_on()
        elif self.bank == 0 and register == 0x68:
            self.banks[0][0x68] = value
            if value:
                self._fifo.clear()
        elif (self.bank, register) != (0, 0x00):
            self.banks[self.bank][register] = value

    def following(self, register: int) -> int:
        """Reading on from the FIFO stays there."""
        if self.bank == 0 and register == 0x72:
            return register
        return (register + 1) & 0x7F

    def burst(self, register: int, size: int) -> bytes | None:
        """The FIFO."""
        return self._fifo.pop(size) if self.bank == 0 and register == 0x72 else None
