"""LSM9DS1 (accelerometer and gyroscope) at register level, after ST DS10763."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from backbeat.samples import STANDARD_GRAVITY, FloatArray
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.feed import Motion
from firmware_host.emulators.registers import Fifo, RegisterChip, counts

RATES = {1: 14.9, 2: 59.5, 3: 119.0, 4: 238.0, 5: 476.0, 6: 952.0}
ACC_UNITS = {0: 0.061e-3, 1: 0.732e-3, 2: 0.122e-3, 3: 0.244e-3}
GYRO_UNITS = {0: 8.75e-3, 1: 17.5e-3, 3: 70e-3}
SLOT = 12


class EmulatedLsm9ds1(RegisterChip):
    """Registers 0x18 to 0x1D and 0x28 to 0x2D are one slot of the FIFO."""

    identity_register = 0x0F

    def __init__(self, motion: Motion, now: Callable[[], float], faults: Faults | None = None) -> None:
        self._fifo = Fifo(32 * SLOT)
        super().__init__(motion, now, faults)

    def power_on(self) -> None:
        """After SW_RESET: powered down, FIFO in bypass."""
        self.registers = bytearray(256)
        self.registers[0x0F] = 0x68 if self.faults.identity is None else self.faults.identity
        self.registers[0x22] = 0x04
        self._fifo.clear()
        self._slot = bytes(SLOT)

    def sampling_rate(self) -> float | None:
        """By CTRL_REG1_G: with the gyroscope on, the accelerometer follows it."""
        return RATES.get(self.registers[0x10] >> 5)

    def measured(self, ticks_s: FloatArray, acc: FloatArray, gyr: FloatArray) -> None:  # noqa: ARG002 - no clock
        """To the FIFO when it is on."""
        acc_counts = counts(acc, ACC_UNITS[self.registers[0x20] >> 3 & 3] * STANDARD_GRAVITY)
        gyr_counts = counts(gyr, math.radians(GYRO_UNITS[self.registers[0x10] >> 3 & 3]))
        slots = np.concatenate((gyr_counts, acc_counts), axis=1).astype("<i2").tobytes()
        self._slot = slots[-SLOT:]
        if self.registers[0x23] & 2 and self.registers[0x2E] >> 5 == 6:
            self._fifo.push(slots)

    def load(self, register: int) -> int:
        """The FIFO's state is made when it is read."""
        if register == 0x2F:
            overrun, self._fifo.overrun = self._fifo.overrun, False
            return len(self._fifo.content) // SLOT | (0x40 if overrun else 0)
        if 0x18 <= register <= 0x1D:
            return self._slot[register - 0x18]
        if 0x28 <= register <= 0x2D:
            return self._slot[register - 0x28 + 6]
        return self.registers[register]

    def store(self, register: int, value: int) -> None:
        """Resets and the FIFO's mode do something at once."""
        if register == 0x22 and value & 0x81:
            self.power_on()
        elif register != self.identity_register:
            self.registers[register] = value
            if register == 0x2E and value >> 5 == 0:
                self._fifo.clear()

    def following(self, register: int) -> int:
        """From the gyroscope to the accelerometer and back."""
        return {0x1D: 0x28, 0x2D: 0x18}.get(register) or super().following(register)

    def burst(self, register: int, size: int) -> bytes | None:
        """Whole slots of the FIFO."""
        if register != 0x18 or size % SLOT or not self.registers[0x23] & 2:
            return None
        return self._fifo.pop(size)
