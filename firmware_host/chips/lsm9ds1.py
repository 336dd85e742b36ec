"""ST LSM9DS1 (Raspberry Pi Sense HAT): a FIFO of 32 slots, no readable clock.

Registers: ST datasheet DS10763, chapters 3.3 (FIFO) and 7. A slot is read as six bytes of the gyroscope and six of the
accelerometer, as the drivers of ArduPilot, MicroPython and Arduino do: nobody who has a chip reads several slots in one
burst. The first slot after the FIFO was switched on is thrown away, as ST asks for its sister LSM6DS0. RTIMULib and the
Sense HAT's own library use the same chip: only one program can.
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
    nothing,
    wait_for,
)
from firmware_host.chips.untagged import PACKET, Untagged

WHO_AM_I, CTRL_REG1_G, OUT_TEMP, OUT_X_G = 0x0F, 0x10, 0x15, 0x18
CTRL_REG6_XL, CTRL_REG8, CTRL_REG9, OUT_X_XL, FIFO_CTRL, FIFO_SRC = 0x20, 0x22, 0x23, 0x28, 0x2E, 0x2F

RATES = {119.0: 3, 238.0: 4, 476.0: 5}
SLOTS = 32
OVERRUN = 0x40
SENSOR = 6
"""Bytes of one of the two sensors in a slot."""


class Lsm9ds1:
    """The accelerometer and gyroscope of one chip; the magnetometer is not used."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._rate = nearest_rate(options.rate_hz, list(RATES), "An LSM9DS1")
        self._fifo = Untagged(self._rate, "little", gyro_first=True)
        self._fresh = True  # nothing was read since the FIFO was switched on

    @property
    def facts(self) -> Facts:
        """What is fixed about it."""
        return Facts(
            name="LSM9DS1",
            rate_hz=self._rate,
            # 0.732 mg a count at ±16 g, which is not a sixteenth of the others' scale (datasheet, table 3)
            acc_scale=0.732e-3 * STANDARD_GRAVITY,
            gyr_scale=math.radians(0.070),  # ±2000 °/s
            acc_range_g=16.0,
            gyr_range_dps=2000.0,
            clock_error=0.1,
            depth_s=SLOTS / self._rate,
            counted=True,
        )

    def identify(self) -> Talk[None]:
        """Ask who is there."""
        yield from ask_identity(WHO_AM_I, {0x68: "LSM9DS1"}, "LSM9DS1", force=self._options.force)

    def start(self) -> Talk[None]:
        """Reset, configure, and start the FIFO empty."""
        yield Write(CTRL_REG8, b"\x05")  # SW_RESET, IF_ADD_INC
        yield Wait(0.01)
        yield from wait_for(CTRL_REG8, 0x01, 0, tries=20, pause_s=0.005, what="reset")
        code = RATES[self._rate]
        settings: list[Setting] = [
            (CTRL_REG8, 0x44, "IF_ADD_INC: bursts; BDU: the two bytes of a value belong together"),
            (CTRL_REG1_G, code << 5 | 3 << 3, "both at this rate; gyroscope ±2000 °/s"),
            (CTRL_REG6_XL, code << 5 | 1 << 3, "accelerometer ±16 g; its rate follows the gyroscope's"),
            (CTRL_REG9, 0x02, "FIFO on"),
        ]
        yield from configure(settings)
        yield Wait(0.1)  # the gyroscope's turn-on
        self._fifo = Untagged(self._rate, "little", gyro_first=True)
        yield from self._empty()

    def drain(self) -> Talk[Batch]:
        """All slots that are in the FIFO; after an overrun it is emptied instead."""
        (source,) = yield Read(FIFO_SRC)
        slots = source & 0x3F
        if source & OVERRUN or slots > SLOTS:
            yield from self._empty()
            return nothing()
        if not slots:
            return nothing()
        try:
            data = bytearray()
            for _ in range(slots):
                data += yield Read(OUT_X_G, SENSOR, once=True)
                data += yield Read(OUT_X_XL, SENSOR, once=True)
            (after,) = yield Read(FIFO_SRC)
        except OSError:
            yield from self._empty()
            return nothing()
        if after & OVERRUN:  # it ran over while it was read: the two halves of a slot may not belong together
            yield from self._empty()
            return nothing()
        if self._fresh:
            self._fresh, data = False, data[PACKET:]
        raw = int.from_bytes((yield Read(OUT_TEMP, 2)), "little", signed=True)
        return replace(self._fifo.decode(bytes(data)), temperature_c=raw / 16 + 25)

    def _empty(self) -> Talk[None]:
        self._fifo.emptied()
        self._fresh = True
        yield Write(FIFO_CTRL, b"\x00")  # bypass empties it
        yield Write(FIFO_CTRL, b"\xc0")  # continuous: the newest are kept


def lsm9ds1(options: Options) -> Lsm9ds1:
    """LSM9DS1."""
    return Lsm9ds1(options)
