"""InvenSense MPU-6050, 6500, 9250 and the many parts that are sold under these names.

Registers: InvenSense RM-MPU-6000A-00 (MPU-6050) and RM-MPU-6500A-00. Most boards bought as "GY-521" carry another chip
than the label says, with an identity of its own; they are the normal case here. What differs is looked up by the
identity: the size of the FIFO, the accelerometer's own filter register, and the temperature's scale. The DMP and the
factory trim of the self-test are not used, since the clones have neither.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

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

SMPLRT_DIV, CONFIG, GYRO_CONFIG, ACCEL_CONFIG, ACCEL_CONFIG_2 = 0x19, 0x1A, 0x1B, 0x1C, 0x1D
FIFO_EN, INT_ENABLE, INT_STATUS, TEMP_OUT = 0x23, 0x38, 0x3A, 0x41
USER_CTRL, PWR_MGMT_1, PWR_MGMT_2 = 0x6A, 0x6B, 0x6C
FIFO_COUNT, FIFO_R_W, WHO_AM_I = 0x72, 0x74, 0x75

OVERFLOW = 0x10
RATES = {100.0: 9, 125.0: 7, 200.0: 4, 250.0: 3}
"""Readings a second to SMPLRT_DIV: 1 kHz over one more than it."""


@dataclass(frozen=True, slots=True)
class Part:
    """What differs from part to part.

    Attributes:
        name: what it is, or is taken for.
        fifo: bytes.
        own_filter: the accelerometer's filter has a register of its own.
        per_degree: temperature counts in one °C.
        at_zero: °C at count zero.
    """

    name: str
    fifo: int
    own_filter: bool
    per_degree: float
    at_zero: float


_NEWER = Part("MPU-6500", 512, True, 333.87, 21.0)

PARTS = {
    0x68: Part("MPU-6050", 1024, False, 340.0, 36.53),
    0x70: _NEWER,
    0x71: replace(_NEWER, name="MPU-9250"),
    0x73: replace(_NEWER, name="MPU-9255"),
    0x74: replace(_NEWER, name="MPU-6515"),
    # sold as MPU-6050 or MPU-9250; they behave like the 6500, and 0x98 is also TDK's ICM-20689
    0x72: replace(_NEWER, name="MPU-6050 clone (0x72)"),
    0x75: replace(_NEWER, name="MPU-6050 clone (0x75)"),
    0x78: replace(_NEWER, name="MPU-6050 clone (0x78)"),
    0x98: replace(_NEWER, name="MPU-6050 clone (0x98)", per_degree=326.8, at_zero=25.0),
}
"""Identity to part."""


class Mpu6050:
    """One chip of the family; which one is known after `identify`."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._rate = nearest_rate(options.rate_hz, list(RATES), "An MPU-6050")
        self._part = _NEWER
        self._fifo = Untagged(self._rate, "big")

    @property
    def facts(self) -> Facts:
        """What is fixed about it."""
        return Facts(
            name=self._part.name,
            rate_hz=self._rate,
            acc_scale=STANDARD_GRAVITY / 2048,  # ±16 g
            gyr_scale=math.radians(2000 / 32768),  # ±2000 °/s: 16.4 counts in one °/s
            acc_range_g=16.0,
            gyr_range_dps=2000.0,
            clock_error=0.3,  # a genuine part 1 %; of a clone nobody knows
            depth_s=self._part.fifo / PACKET / self._rate,
            counted=True,
        )

    def identify(self) -> Talk[None]:
        """Ask who is there; a known clone is as welcome as the genuine part."""
        names = {identity: part.name for identity, part in PARTS.items()}
        name = yield from ask_identity(WHO_AM_I, names, "unknown MPU", force=self._options.force)
        self._part = next((p for p in PARTS.values() if p.name == name), replace(_NEWER, name=name))

    def start(self) -> Talk[None]:
        """Reset, wake, configure, and start the FIFO empty."""
        yield Write(PWR_MGMT_1, b"\x80")  # reset; the chip then sleeps
        yield Wait(0.1)
        yield Write(PWR_MGMT_1, b"\x01")  # awake, clock from the X gyroscope's PLL
        yield Wait(0.05)
        filtered = 2 if self._rate >= 200 else 3  # 94 Hz, or 44 Hz: below half the rate
        settings: list[Setting] = [
            (PWR_MGMT_1, 0x01, "some boards sleep through the first wake-up"),
            (PWR_MGMT_2, 0x00, "all six axes on"),
            (CONFIG, filtered, "low-pass; the base rate is 1 kHz with it and 8 kHz without"),
            (SMPLRT_DIV, RATES[self._rate], "rate"),
            (GYRO_CONFIG, 3 << 3, "±2000 °/s"),
            (ACCEL_CONFIG, 3 << 3, "±16 g"),
        ]
        if self._part.own_filter:
            settings.append((ACCEL_CONFIG_2, filtered, "low-pass of the accelerometer"))
        settings.append((INT_ENABLE, OVERFLOW, "so that INT_STATUS tells of an overflow; no wire needed"))
        yield from configure(settings)
        yield Wait(0.1)  # the gyroscope's start-up (30 ms) and the filters
        self._fifo = Untagged(self._rate, "big")
        yield from self._empty()

    def drain(self) -> Talk[Batch]:
        """All whole packets that are in the FIFO; after an overflow it is emptied instead."""
        place = Place(INT_STATUS, OVERFLOW, FIFO_COUNT, FIFO_R_W, self._part.fifo)
        batch = yield from drain(self._fifo, place, self._empty)
        raw = int.from_bytes((yield Read(TEMP_OUT, 2)), "big", signed=True)
        return replace(batch, temperature_c=raw / self._part.per_degree + self._part.at_zero)

    def _empty(self) -> Talk[None]:
        self._fifo.emptied()
        yield Write(FIFO_EN, b"\x00")  # nothing may be written while it is reset
        yield Write(USER_CTRL, b"\x04")  # FIFO_RESET, clears itself
        yield Write(USER_CTRL, b"\x40")  # FIFO on
        yield Write(FIFO_EN, b"\x78")  # accelerometer and the three gyroscope axes
        yield Read(INT_STATUS)  # forgets an overflow


def mpu6050(options: Options) -> Mpu6050:
    """MPU-6050 and everything sold as one."""
    return Mpu6050(options)
