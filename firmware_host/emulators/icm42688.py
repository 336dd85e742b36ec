"""ICM-42688-P at register level (bank 0), after TDK DS-000347."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from backbeat.samples import STANDARD_GRAVITY, FloatArray
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.feed import Motion
from firmware_host.emulators.registers import Fifo, RegisterChip, counts

RATES = {6: 1000.0, 7: 200.0, 8: 100.0, 9: 50.0, 10: 25.0, 15: 500.0}
PACKET = 16


class EmulatedIcm42688(RegisterChip):
    """Packets with accelerometer, gyroscope, temperature and time."""

    identity_register = 0x75

    def __init__(self, motion: Motion, now: Callable[[], float], faults: Faults | None = None) -> None:
        self._fifo = Fifo(2048)
        super().__init__(motion, now, faults)

    def power_on(self) -> None:
        """After a reset: both sensors off."""
        self.registers = bytearray(256)
        self.registers[0x75] = 0x47 if self.faults.identity is None else self.faults.identity
        self.registers[0x4C], self.registers[0x4D], self.registers[0x54] = 0x30, 0x91, 0x23
        self.registers[0x4F] = self.registers[0x50] = 0x06
        self.registers[0x1F:0x2B] = b"\x80\x00" * 6
        self._fifo.clear()
        self._counted_once = False

    def sampling_rate(self) -> float | None:
        """By ACCEL_CONFIG0, while both are on."""
        return RATES.get(self.registers[0x50] & 15) if self.registers[0x4E] & 15 == 15 else None

    def measured(self, ticks_s: FloatArray, acc: FloatArray, gyr: FloatArray) -> None:
        """To the output registers, and packets to the FIFO when it is on."""
        acc_unit = STANDARD_GRAVITY / (2048 << (self.registers[0x50] >> 5))
        gyr_unit = math.radians(2000 / 32768) / (1 << (self.registers[0x4F] >> 5))
        values = np.concatenate((counts(acc, acc_unit), counts(gyr, gyr_unit)), axis=1)
        values = np.maximum(values, -32767).astype(">i2")
        self.registers[0x1F:0x2B] = values[-1].tobytes()
        if self.registers[0x16] >> 6 != 1 or self.registers[0x5F] & 0x0F != 0x0F:
            return
        tick_s = 16e-6 if self.registers[0x54] & 0x08 else 1e-6
        packets = np.zeros((len(ticks_s), PACKET), dtype=np.uint8)
        packets[:, 0] = 0x68
        packets[:, 1:13] = values.view(np.uint8).reshape(-1, 12)
        ticks = (np.round(ticks_s / tick_s).astype(np.int64) & 0xFFFF).astype(">u2")
        packets[:, 14:16] = ticks.view(np.uint8).reshape(-1, 2)
        self._fifo.push(packets.tobytes())

    def load(self, register: int) -> int:
        """The count is held while it is read; the first one after a reset is zero."""
        if register == 0x2E:
            self._count = len(self._fifo.content) if self._counted_once else 0
            self._counted_once = True
            return self._count >> 8
        if register == 0x2F:
            return self._count & 0xFF
        if register == 0x30:
            return self._fifo.pop(1)[0] if self._fifo.content else 0xFF
        return self.registers[register]

    _count = 0

    def store(self, register: int, value: int) -> None:
        """Reset and flush do something at once."""
        if register == 0x11 and value & 1:
            self.power_on()
        elif register == 0x4B:
            if value & 2:
                self._fifo.clear()
        elif register != self.identity_register:
            self.registers[register] = value

    def following(self, register: int) -> int:
        """Reading on from the FIFO stays there."""
        return register if register == 0x30 else super().following(register)

    def burst(self, register: int, size: int) -> bytes | None:
        """The FIFO; 0xff beyond its end."""
        if register != 0x30:
            return None
        held = len(self._fifo.content)
        return self._fifo.pop(min(size, held)) + b"\xff" * max(size - held, 0)
