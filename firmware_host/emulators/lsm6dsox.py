"""LSM6DSOX family at register level, after ST's datasheet DS12814 and application note AN5272."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from backbeat.samples import STANDARD_GRAVITY, FloatArray
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.feed import Motion
from firmware_host.emulators.registers import Fifo, RegisterChip, counts

RATES = {1: 12.5, 2: 26.0, 3: 52.0, 4: 104.0, 5: 208.0, 6: 416.0, 7: 833.0}
GYRO_RANGES = {0: 8.75e-3, 1: 17.5e-3, 2: 35e-3, 3: 70e-3}
ACC_RANGES = {0: 0.061e-3, 1: 0.488e-3, 2: 0.122e-3, 3: 0.244e-3}
TICK_S = 25e-6
WORD = 7
DATA, DATA_END = 0x78, 0x7E


class EmulatedLsm6dsox(RegisterChip):
    """LSM6DSOX; other members of the family by identity and by the width of the range."""

    identity_register = 0x0F

    def __init__(
        self,
        motion: Motion,
        now: Callable[[], float],
        faults: Faults | None = None,
        *,
        identity: int = 0x6C,
        widest: int = 1,
    ) -> None:
        """`widest` times the ranges of the LSM6DSOX: 2 for the LSM6DSO32."""
        self._identity, self._widest = identity, widest
        self._fifo = Fifo(512 * WORD)
        super().__init__(motion, now, faults)

    def power_on(self) -> None:
        """After SW_RESET: powered down, FIFO in bypass."""
        self.registers = bytearray(256)
        self.registers[0x0F] = self._identity if self.faults.identity is None else self.faults.identity
        self.registers[0x12] = 0x04  # CTRL3_C: IF_INC
        self.registers[0x18] = 0xE0  # CTRL9_XL
        self._fifo.clear()
        self._slot = 0
        self._clock_zero = self.device_time()
        self._latest: tuple[bytes, bytes] = (bytes(6), bytes(6))
        self._word = bytes(WORD)

    def sampling_rate(self) -> float | None:
        """By CTRL1_XL; the gyroscope at another rate is not emulated."""
        return RATES.get(self.registers[0x10] >> 4)

    def measured(self, ticks_s: FloatArray, acc: FloatArray, gyr: FloatArray) -> None:
        """To the output registers, and to the FIFO when it is on."""
        acc_unit = ACC_RANGES[self.registers[0x10] >> 2 & 3] * STANDARD_GRAVITY * self._widest
        gyr_unit = math.radians(GYRO_RANGES[self.registers[0x11] >> 2 & 3])
        acc_counts = counts(acc, acc_unit)
        gyr_counts = counts(gyr, gyr_unit) if self.registers[0x11] >> 4 else np.zeros_like(acc_counts)
        self._latest = (gyr_counts[-1].astype("<i2").tobytes(), acc_counts[-1].astype("<i2").tobytes())
        if self.registers[0x0A] & 7 != 6 or not self.registers[0x09]:
            return
        n = len(ticks_s)
        slots = (self._slot + np.arange(n)) & 3
        self._slot = int(slots[-1] + 1) & 3
        stamped = bool(self.registers[0x0A] >> 6) and bool(self.registers[0x19] & 0x20)
        words = np.zeros((n, 2 + stamped, WORD), dtype=np.uint8)
        for place, (tag, values) in enumerate(((1, gyr_counts), (2, acc_counts))):
            words[:, place, 0] = tag << 3 | slots << 1
            words[:, place, 1:] = values.astype("<i2").view(np.uint8).reshape(n, 6)
        if stamped:
            ticks = np.round((ticks_s - self._clock_zero) / TICK_S).astype(np.int64) & 0xFFFFFFFF
            words[:, 2, 0] = 4 << 3 | slots << 1
            words[:, 2, 1:5] = ticks.astype("<u4").view(np.uint8).reshape(n, 4)
        tags = words[:, :, 0]
        words[:, :, 0] = tags | (np.unpackbits(tags[..., None], axis=-1).sum(axis=-1) & 1)
        self._fifo.push(words.tobytes())

    def load(self, register: int) -> int:
        """Status, data and time are made when they are read."""
        held = len(self._fifo.content) // WORD
        if register == 0x3A:
            return held & 0xFF
        if register == 0x3B:
            overrun, self._fifo.overrun = self._fifo.overrun, False
            return held >> 8 & 3 | (0x48 if overrun else 0) | (0x20 if held == 512 else 0)
        if 0x22 <= register <= 0x2D:
            return (self._latest[0] + self._latest[1])[register - 0x22]
        if 0x40 <= register <= 0x43:
            ticks = int((self.device_time() - self._clock_zero) / TICK_S)
            return ticks >> 8 * (register - 0x40) & 0xFF
        if register == DATA:
            self._word = self._fifo.pop(WORD)
        if DATA <= register <= DATA_END:
            return self._word[register - DATA]
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

    def following(self, register: int) -> int:
        """Rolls over within the FIFO's word."""
        return DATA if register == DATA_END else super().following(register)

    def burst(self, register: int, size: int) -> bytes | None:
        """Whole words of the FIFO."""
        return self._fifo.pop(size) if register == DATA and size % WORD == 0 else None


def lsm6dso32(motion: Motion, now: Callable[[], float], faults: Faults) -> EmulatedLsm6dsox:
    """Twice the ranges, the same identity."""
    return EmulatedLsm6dsox(motion, now, faults, widest=2)


def ism330dhcx(motion: Motion, now: Callable[[], float], faults: Faults) -> EmulatedLsm6dsox:
    """The industrial one."""
    return EmulatedLsm6dsox(motion, now, faults, identity=0x6B)
