"""LSM9DS1 (accelerometer and gyroscope) at register level, after ST DS10763.

Each of the two sensors has its own place in the FIFO, as the drivers of ArduPilot (all gyroscope values, then all of
the accelerometer) and of MicroPython (in turns) show.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from backbeat.samples import STANDARD_GRAVITY, FloatArray
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.feed import Motion
from firmware_host.emulators.registers import Fifo, RegisterChip, counts

RATES = {1: 14.9, 2: 59.5, 3: 119.0, 4: 238.0, 5: 476.0, 6: 952.0}
ACC_UNITS = {0: 0.061e-3, 1: 0.732e-3, 2: 0.122e-3, 3: 0.244e-3}
GYRO_UNITS = {0: 8.75e-3, 1: 17.5e-3, 3: 70e-3}
SLOTS, SENSOR = 32, 6


class EmulatedLsm9ds1(RegisterChip):
    """Registers 0x18 to 0x1D are the gyroscope's half of a slot of the FIFO, 0x28 to 0x2D the accelerometer's."""

    identity_register = 0x0F

    def __init__(self, motion: Motion, now: Callable[[], float], faults: Faults | None = None) -> None:
        self._fifos = {0x18: Fifo(SLOTS * SENSOR), 0x28: Fifo(SLOTS * SENSOR)}
        super().__init__(motion, now, faults)

    def power_on(self) -> None:
        """After SW_RESET: powered down, FIFO in bypass."""
        self.registers = bytearray(256)
        self.registers[0x0F] = 0x68 if self.faults.identity is None else self.faults.identity
        self.registers[0x22] = 0x04
        self._clear()

    def _clear(self) -> None:
        for fifo in self._fifos.values():
            fifo.clear()

    def sampling_rate(self) -> float | None:
        """By CTRL_REG1_G: with the gyroscope on, the accelerometer follows it."""
        return RATES.get(self.registers[0x10] >> 5)

    def measured(self, ticks_s: FloatArray, acc: FloatArray, gyr: FloatArray) -> None:  # noqa: ARG002 - no clock
        """To the FIFO when it is on."""
        acc_counts = counts(acc, ACC_UNITS[self.registers[0x20] >> 3 & 3] * STANDARD_GRAVITY)
        gyr_counts = counts(gyr, math.radians(GYRO_UNITS[self.registers[0x10] >> 3 & 3]))
        for register, values in ((0x18, gyr_counts), (0x28, acc_counts)):
            self.registers[register : register + SENSOR] = values[-1].astype("<i2").tobytes()
            if self._queued():
                self._fifos[register].push(values.astype("<i2").tobytes())

    def _queued(self) -> bool:
        return bool(self.registers[0x23] & 2) and self.registers[0x2E] >> 5 == 6

    def load(self, register: int) -> int:
        """The FIFO's state is made when it is read."""
        if register == 0x2F:
            overrun = any(fifo.overrun for fifo in self._fifos.values())
            for fifo in self._fifos.values():
                fifo.overrun = False
            return max(len(fifo.content) for fifo in self._fifos.values()) // SENSOR | (0x40 if overrun else 0)
        return self.registers[register]

    def store(self, register: int, value: int) -> None:
        """Resets and the FIFO's mode do something at once."""
        if register == 0x22 and value & 0x81:
            self.power_on()
        elif register != self.identity_register:
            self.registers[register] = value
            if register == 0x2E and value >> 5 == 0:
                self._clear()

    def write(self, data: bytes) -> None:
        """The highest bit of a register's number means nothing here (to the magnetometer: read on)."""
        super().write(bytes([data[0] & 0x7F]) + data[1:])

    def burst(self, register: int, size: int) -> bytes | None:
        """One sensor's half of the oldest slot."""
        if register not in self._fifos or size != SENSOR or not self._queued():
            return None
        return self._fifos[register].pop(size)
