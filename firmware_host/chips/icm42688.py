"""TDK ICM-42688-P and its family: FIFO of 16-byte packets, each with a timestamp.

Registers and packets: TDK DS-000347, chapters 6 (FIFO), 13 and 14 (register map, bank 0).
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from backbeat.samples import STANDARD_GRAVITY
from firmware_host.chips.stamps import Stamps
from firmware_host.chips.talk import (
    Batch,
    ChipFault,
    Facts,
    Options,
    Read,
    Setting,
    Talk,
    Wait,
    Write,
    ask_identity,
    configure,
    nearest_rate,
    nothing,
)

DEVICE_CONFIG, FIFO_CONFIG, TEMP_DATA, FIFO_COUNT, FIFO_DATA = 0x11, 0x16, 0x1D, 0x2E, 0x30
SIGNAL_PATH_RESET, INTF_CONFIG0, INTF_CONFIG1, PWR_MGMT0 = 0x4B, 0x4C, 0x4D, 0x4E
GYRO_CONFIG0, ACCEL_CONFIG0, TMST_CONFIG, FIFO_CONFIG1 = 0x4F, 0x50, 0x54, 0x5F
WHO_AM_I, REG_BANK_SEL = 0x75, 0x76

NAMES = {0x47: "ICM-42688-P", 0x42: "ICM-42605", 0x46: "ICM-42622"}
RATES = {100.0: 8, 200.0: 7, 500.0: 15}
"""Readings a second to the code in GYRO_CONFIG0 and ACCEL_CONFIG0."""

PACKET, CAPACITY = 16, 2048
TICK_S = 16e-6
FULL_PACKET, KIND_BITS = 0x68, 0xFC
"""Header of accelerometer, gyroscope and timestamp together; the two lowest bits tell of a changed rate."""
INVALID = -32768

Packets = NDArray[np.uint8]


class Icm42688:
    """One chip of the family."""

    def __init__(self, options: Options) -> None:
        self._options, self._name = options, "ICM-42688-P"
        self._rate = nearest_rate(options.rate_hz, list(RATES), "An ICM-42688-P")
        self._fifo = Fifo(self._rate)

    @property
    def facts(self) -> Facts:
        """What is fixed about it."""
        return Facts(
            name=self._name,
            rate_hz=self._rate,
            acc_scale=STANDARD_GRAVITY / 2048,  # ±16 g
            gyr_scale=math.radians(2000 / 32768),
            acc_range_g=16.0,
            gyr_range_dps=2000.0,
            clock_error=0.1,  # without an external clock a tick is 32/30 of what it is called
            depth_s=CAPACITY / PACKET / self._rate,
        )

    def identify(self) -> Talk[None]:
        """Ask who is there."""
        yield Write(REG_BANK_SEL, b"\x00")
        self._name = yield from ask_identity(WHO_AM_I, NAMES, self._name, force=self._options.force)

    def start(self) -> Talk[None]:
        """Reset, configure, and start the FIFO empty."""
        yield Write(REG_BANK_SEL, b"\x00")
        yield Write(DEVICE_CONFIG, b"\x01")  # reset
        yield Wait(0.01)  # the datasheet asks for 1 ms
        code = RATES[self._rate]
        (interface,) = yield Read(INTF_CONFIG1)
        settings: list[Setting] = [
            (INTF_CONFIG0, 0x30, "FIFO count in bytes; count and data with the high byte first"),
            (INTF_CONFIG1, interface & 0x3F | 0x40, "no adaptive full-scale range: it stalls for 2 ms in hard motion"),
            (GYRO_CONFIG0, 0 << 5 | code, "±2000 °/s, rate"),
            (ACCEL_CONFIG0, 0 << 5 | code, "±16 g, rate"),
            (TMST_CONFIG, 0x29, "time on, counted in 16 µs: it goes round in 1 s and not in 65 ms"),
            (FIFO_CONFIG1, 0x0F, "accelerometer, gyroscope, temperature and time in each packet"),
        ]
        yield from configure(settings)
        yield Write(PWR_MGMT0, b"\x0f")  # both on, low noise
        yield Wait(0.1)  # nothing may be written for 200 µs; the gyroscope takes 45 ms
        yield Write(SIGNAL_PATH_RESET, b"\x02")  # FIFO flush, clears itself
        yield from configure([(FIFO_CONFIG, 0x40, "stream: the newest are kept")])
        yield Read(FIFO_COUNT, 2)  # the first count after a reset is always zero
        self._fifo = Fifo(self._rate)

    def drain(self) -> Talk[Batch]:
        """All packets that are in the FIFO."""
        count = int.from_bytes((yield Read(FIFO_COUNT, 2)), "big")
        if count > CAPACITY + PACKET:
            raise ChipFault(f"its FIFO claims {count} bytes and has room for {CAPACITY}")
        if count < PACKET:
            return nothing()
        batch = self._fifo.decode((yield Read(FIFO_DATA, count // PACKET * PACKET)))
        raw = int.from_bytes((yield Read(TEMP_DATA, 2)), "big", signed=True)
        return replace(batch, temperature_c=raw / 132.48 + 25.0)


class Fifo:
    """Packets to readings, from one start of the chip to the next."""

    def __init__(self, rate_hz: float) -> None:
        self._stamps = Stamps(16, TICK_S, rate_hz)
        self._held: Packets = np.empty((0, PACKET), dtype=np.uint8)
        self._given = False

    def decode(self, data: bytes) -> Batch:
        """Readings of all packets that make sense; a newest one with a doubtful time waits for the next call."""
        fresh = np.frombuffer(data, dtype=np.uint8, count=len(data) // PACKET * PACKET).reshape(-1, PACKET)
        empty = fresh[:, 0] & 0x80 != 0  # read beyond the end
        packets = np.concatenate((self._held, fresh[~empty]))
        self._held = packets[:0]
        full = packets[packets[:, 0] & KIND_BITS == FULL_PACKET]
        faults = len(packets) - len(full)
        if not len(full):
            return nothing(faults=faults)
        raw = full[:, 14:16].copy().view(">u2")[:, 0].astype(np.int64)
        good = self._stamps.plausible(raw)
        if not good[-1]:
            self._held = full[-1:].copy()
        faults += int((~good).sum()) - int(not good[-1])
        values = full[good, 1:13].copy().view(">i2").astype(np.int16)
        if not len(values):
            return nothing(faults=faults)
        device, gaps = self._stamps.take(raw[good])
        valid = (values != INVALID).all(axis=1)  # how the chip says "not ready yet"
        gaps[1:] |= ~valid[:-1]
        restarted = not self._given
        self._given |= bool(valid.any())
        return Batch(
            device[valid], values[valid, :3], values[valid, 3:], gaps[valid], restarted=restarted, faults=faults
        )


def icm42688(options: Options) -> Icm42688:
    """ICM-42688-P, ICM-42605, ICM-42622."""
    return Icm42688(options)
