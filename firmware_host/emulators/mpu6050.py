"""MPU-6050 family at register level, after InvenSense's register maps RM-MPU-6000A-00 and RM-MPU-6500A-00."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from backbeat.samples import STANDARD_GRAVITY, FloatArray
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.feed import Motion
from firmware_host.emulators.registers import Fifo, RegisterChip, counts

ACC, TEMP, GYRO = slice(0x3B, 0x41), slice(0x41, 0x43), slice(0x43, 0x49)
DEGREES_25 = (0xF3, 0xE0)


class EmulatedMpu6050(RegisterChip):
    """MPU-6050, or with another identity and a smaller FIFO what is sold as one."""

    identity_register = 0x75

    def __init__(
        self, motion: Motion, now: Callable[[], float], faults: Faults | None = None, *, identity: int = 0x68
    ) -> None:
        self._identity = identity if faults is None or faults.identity is None else faults.identity
        self._fifo = Fifo(1024 if self._identity == 0x68 else 512)
        super().__init__(motion, now, faults)

    def power_on(self) -> None:
        """After a reset: asleep."""
        self.registers = bytearray(256)
        self.registers[0x75] = self._identity
        self.registers[0x6B] = 0x40
        self.registers[TEMP] = bytes(DEGREES_25)
        self._fifo.clear()

    def sampling_rate(self) -> float | None:
        """By SMPLRT_DIV and the low-pass filter; none while asleep."""
        if self.registers[0x6B] & 0x40:
            return None
        base = 1000.0 if self.registers[0x1A] & 7 in range(1, 7) else 8000.0
        return base / (1 + self.registers[0x19])

    def measured(self, ticks_s: FloatArray, acc: FloatArray, gyr: FloatArray) -> None:  # noqa: ARG002 - no clock
        """To the output registers, and to the FIFO what FIFO_EN says."""
        acc_unit = STANDARD_GRAVITY / (16384 >> (self.registers[0x1C] >> 3 & 3))
        gyr_unit = math.radians(250 / 32768 * (1 << (self.registers[0x1B] >> 3 & 3)))
        values = np.concatenate((counts(acc, acc_unit), counts(gyr, gyr_unit)), axis=1).astype(">i2")
        latest = values[-1].tobytes()
        self.registers[ACC], self.registers[GYRO] = latest[:6], latest[6:]
        if self.registers[0x6A] & 0x40 and self.registers[0x23] == 0x78:
            self._fifo.push(values.tobytes())

    def load(self, register: int) -> int:
        """Count, data and interrupts are made when they are read."""
        if register == 0x3A:
            overrun, self._fifo.overrun = self._fifo.overrun, False
            return 0x01 | (0x10 if overrun else 0)
        if register == 0x72:
            return len(self._fifo.content) >> 8
        if register == 0x73:
            return len(self._fifo.content) & 0xFF
        if register == 0x74:
            return self._fifo.pop(1)[0]
        return self.registers[register]

    def store(self, register: int, value: int) -> None:
        """Resets do something at once."""
        if register == 0x6B and value & 0x80:
            self.power_on()
        elif register == 0x6A:
            if value & 0x04:
                self._fifo.clear()
            self.registers[register] = value & ~0x07
        elif register != self.identity_register:
            self.registers[register] = value

    def following(self, register: int) -> int:
        """Reading on from the FIFO stays there."""
        return register if register == 0x74 else super().following(register)

    def burst(self, register: int, size: int) -> bytes | None:
        """The FIFO."""
        return self._fifo.pop(size) if register == 0x74 else None


def mpu6500(motion: Motion, now: Callable[[], float], faults: Faults) -> EmulatedMpu6050:
    """The successor."""
    return EmulatedMpu6050(motion, now, faults, identity=0x70)


def mpu9250(motion: Motion, now: Callable[[], float], faults: Faults) -> EmulatedMpu6050:
    """The successor with a magnetometer, which is not emulated."""
    return EmulatedMpu6050(motion, now, faults, identity=0x71)
