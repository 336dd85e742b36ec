"""InvenSense ICM-20948: banked registers, an untagged FIFO of 512 bytes or more (0.2 s), no readable clock.

Registers: InvenSense DS-000189, chapters 7 to 10. The magnetometer is not used. A 1.8 V part: only boards with level
shifters belong on a Raspberry Pi.
"""

from __future__ import annotations

import math
from dataclasses import replace

from backbeat.samples import STANDARD_GRAVITY
from firmware_host.chips.talk import (
    Batch,
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
)
from firmware_host.chips.untagged import PACKET, Place, Untagged, drain

REG_BANK_SEL = 0x7F
# bank 0
WHO_AM_I, USER_CTRL, LP_CONFIG, PWR_MGMT_1, PWR_MGMT_2 = 0x00, 0x03, 0x05, 0x06, 0x07
INT_ENABLE_2, INT_STATUS_2, TEMP_OUT = 0x12, 0x1B, 0x39
FIFO_EN_2, FIFO_RST, FIFO_MODE, FIFO_COUNT, FIFO_R_W = 0x67, 0x68, 0x69, 0x70, 0x72
# bank 2
GYRO_SMPLRT_DIV, GYRO_CONFIG_1, ODR_ALIGN_EN = 0x00, 0x01, 0x09
ACCEL_SMPLRT_DIV_1, ACCEL_SMPLRT_DIV_2, ACCEL_CONFIG = 0x10, 0x11, 0x14

RATES = {1125 / 11: 10, 1125 / 5: 4}
"""Readings a second to the dividers: 1125 Hz over one more. (Some sources say 1100 Hz for the gyroscope: the true
rate is measured.)"""
LEAST_FIFO, MOST_FIFO = 512, 4096
"""Bytes: the data sheet has the first, owners found the second. It is visited as if small, and read to the end."""
FIFO = Place(INT_STATUS_2, 0x1F, FIFO_COUNT, FIFO_R_W, MOST_FIFO)


class Icm20948:
    """One chip."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._rate = nearest_rate(options.rate_hz, list(RATES), "An ICM-20948")
        self._fifo = Untagged(self._rate, "big")

    @property
    def facts(self) -> Facts:
        """What is fixed about it."""
        return Facts(
            name="ICM-20948",
            rate_hz=self._rate,
            acc_scale=STANDARD_GRAVITY / 2048,  # ±16 g
            gyr_scale=math.radians(1 / 16.4),  # ±2000 °/s
            acc_range_g=16.0,
            gyr_range_dps=2000.0,
            clock_error=0.1,
            depth_s=LEAST_FIFO / PACKET / self._rate,
            counted=True,
        )

    def identify(self) -> Talk[None]:
        """Ask who is there."""
        yield Write(REG_BANK_SEL, b"\x00")  # whoever was here before may have left another bank
        yield from ask_identity(WHO_AM_I, {0xEA: "ICM-20948"}, "ICM-20948", force=self._options.force)

    def start(self) -> Talk[None]:
        """Reset, wake, configure, and start the FIFO empty."""
        yield Write(REG_BANK_SEL, b"\x00")
        yield Write(PWR_MGMT_1, b"\x80")  # reset; the chip then sleeps
        yield Wait(0.1)
        bank_0: list[Setting] = [
            (PWR_MGMT_1, 0x01, "awake, best clock"),
            (PWR_MGMT_2, 0x00, "all six axes on"),
            (LP_CONFIG, 0x00, "no duty cycling: it would override the dividers"),
        ]
        yield from configure(bank_0)
        yield Write(REG_BANK_SEL, b"\x20")
        divider = RATES[self._rate]
        filtered = 2 if self._rate > 200 else 3  # about 115 Hz, or 51 Hz
        bank_2: list[Setting] = [
            (ODR_ALIGN_EN, 0x01, "accelerometer and gyroscope measure together"),
            (GYRO_SMPLRT_DIV, divider, "rate"),
            (GYRO_CONFIG_1, filtered << 3 | 3 << 1 | 1, "low-pass, ±2000 °/s; the divider works only with the filter"),
            (ACCEL_SMPLRT_DIV_1, 0x00, "upper bits of the divider"),
            (ACCEL_SMPLRT_DIV_2, divider, "rate"),
            (ACCEL_CONFIG, filtered << 3 | 3 << 1 | 1, "low-pass, ±16 g"),
        ]
        yield from configure(bank_2)
        yield Write(REG_BANK_SEL, b"\x00")
        # FIFO_MODE is 0x69 and FIFO_RST 0x68; a widely copied header has it otherwise
        yield from configure([(FIFO_MODE, 0x00, "stream: the newest are kept"), (INT_ENABLE_2, 0x01, "tell overflows")])
        yield Wait(0.1)  # the gyroscope's start-up (35 ms) and the filters
        self._fifo = Untagged(self._rate, "big")
        yield from self._empty()

    def drain(self) -> Talk[Batch]:
        """All whole packets that are in the FIFO; after an overflow it is emptied instead."""
        batch = yield from drain(self._fifo, FIFO, self._empty)
        raw = int.from_bytes((yield Read(TEMP_OUT, 2)), "big", signed=True)
        return replace(batch, temperature_c=raw / 333.87 + 21.0)

    def _empty(self) -> Talk[None]:
        self._fifo.emptied()
        yield Write(REG_BANK_SEL, b"\x00")
        yield Write(FIFO_EN_2, b"\x00")  # nothing may be written while it is reset
        yield Write(FIFO_RST, b"\x1f")
        yield Write(FIFO_RST, b"\x00")
        yield Write(USER_CTRL, b"\x40")  # FIFO on; the chip's own I2C master stays off
        yield Write(FIFO_EN_2, b"\x1e")  # accelerometer and the three gyroscope axes
        yield Read(INT_STATUS_2)  # forgets an overflow


def icm20948(options: Options) -> Icm20948:
    """ICM-20948."""
    return Icm20948(options)
