"""LSM6DS3TR-C at register level, after ST DS11923 and AN5130."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from backbeat.samples import STANDARD_GRAVITY, FloatArray
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.feed import Motion
from firmware_host.emulators.lsm6dsox import ACC_RANGES, GYRO_RANGES, RATES
from firmware_host.emulators.registers import Fifo, RegisterChip, counts

SET = 9


class EmulatedLsm6ds3trc(RegisterChip):
    """FIFO of 2047 words in sets of nine, or six without time; an overflow loses single words, as in the real one."""

    identity_register = 0x0F

    def __init__(self, motion: Motion, now: Callable[[], float], faults: Faults | None = None) -> None:
        self._fifo = Fifo(2 * 2047)
        super().__init__(motion, now, faults)

    def power_on(self) -> None:
        """After SW_RESET: powered down, FIFO in bypass."""
        self.registers = bytearray(256)
        self.registers[0x0F] = 0x6A if self.faults.identity is None else self.faults.identity
        self.registers[0x12] = 0x04
        self._fifo.clear()
        self._pushed = 0  # words since the FIFO was started
        self._clock_zero = self.device_time()

    def sampling_rate(self) -> float | None:
        """By CTRL1_XL, or by CTRL2_G where only the gyroscope is on."""
        return RATES.get(self.registers[0x10] >> 4) or RATES.get(self.registers[0x11] >> 4)

    def measured(self, ticks_s: FloatArray, acc: FloatArray, gyr: FloatArray) -> None:
        """To the output registers, and sets to the FIFO when it is on."""
        pushed = self.registers[0x14]  # CTRL5_C: the self-test moves every axis
        acc = acc + 0.4 * STANDARD_GRAVITY * (pushed & 3 == 1)
        gyr = gyr + math.radians(400) * (pushed >> 2 & 3 == 1)
        acc_counts = counts(acc, ACC_RANGES[self.registers[0x10] >> 2 & 3] * STANDARD_GRAVITY)
        gyr_counts = counts(gyr, math.radians(GYRO_RANGES[self.registers[0x11] >> 2 & 3]))
        values = np.concatenate((gyr_counts, acc_counts), axis=1).astype("<i2")
        self.registers[0x22:0x2E] = values[-1].tobytes()
        if self.registers[0x0A] & 7 != 6 or not self.registers[0x0A] >> 3:
            return
        tick_s = 25e-6 if self.registers[0x5C] & 0x10 else 6.4e-3
        words = self._words()
        sets = np.zeros((len(ticks_s), 2 * words), dtype=np.uint8)
        sets[:, :12] = values.view(np.uint8).reshape(-1, 12)
        if words == SET and self.registers[0x19] & 0x20:
            ticks = np.round((ticks_s - self._clock_zero) / tick_s).astype(np.int64)
            sets[:, 12], sets[:, 13], sets[:, 15] = ticks >> 8 & 0xFF, ticks >> 16 & 0xFF, ticks & 0xFF
        self._fifo.push(sets.tobytes())
        self._pushed += words * len(sets)

    def _words(self) -> int:
        """In a set: the timestamp's three are there when FIFO_CTRL4 does not leave the fourth data set out."""
        return SET if self.registers[0x09] >> 3 & 7 else SET - 3

    def load(self, register: int) -> int:
        """Status and pattern are made when they are read."""
        held = len(self._fifo.content) // 2
        if register == 0x3A:
            return held & 0xFF
        if register == 0x3B:
            overrun, self._fifo.overrun = self._fifo.overrun, False
            return held >> 8 & 7 | (0x40 if overrun else 0) | (0x10 if not held else 0)
        if register in (0x3C, 0x3D):
            return (self._pushed - held) % self._words() >> 8 * (register - 0x3C) & 0xFF
        if register in (0x3E, 0x3F):
            return self._fifo.pop(1)[0]
        return self.registers[register]

    def store(self, register: int, value: int) -> None:
        """Resets and the FIFO's mode do something at once."""
        if register == 0x12 and value & 0x81:
            self.power_on()
        elif register == 0x42 and value == 0xAA:
            self._clock_zero = self.device_time()
        elif register != self.identity_register:
            self.registers[register] = value
            if register == 0x0A and value & 7 == 0:
                self._fifo.clear()
                self._pushed = 0

    def following(self, register: int) -> int:
        """Rolls over within the FIFO's word."""
        return 0x3E if register == 0x3F else super().following(register)

    def burst(self, register: int, size: int) -> bytes | None:
        """The FIFO."""
        return self._fifo.pop(size) if register == 0x3E else None
