"""Barometers beside the motion sensor, Bosch BMP280 and BMP390, ST LPS22HB: air pressure, and so changes of height."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import Protocol

from firmware_host.chips.talk import Read, Setting, Talk, Wait, Write, ask_identity, configure


class Barometer(Protocol):
    """A chip that measures by itself, a few times a second, and is read when somebody likes."""

    def start(self) -> Talk[None]:
        """Reset and configure.

        Raises:
            WrongChip: somebody else answers.
            ChipFault: a register does not hold what was written.
        """
        ...

    def pressure(self) -> Talk[float]:
        """Air pressure now, Pa."""
        ...


class Bmp280:
    """Bosch BST-BMP280-DS001: chapter 4.3 (registers), 8.1 (compensation in floating point)."""

    def __init__(self) -> None:
        self._trim: tuple[int, ...] = ()

    def start(self) -> Talk[None]:
        """Indoor-navigation settings of chapter 3.4: pressure 16 times, temperature twice, filter 16."""
        yield from ask_identity(0xD0, {0x58: "BMP280", 0x60: "BME280"}, "BMP280", force=False)
        yield Write(0xE0, b"\xb6")  # reset
        yield Wait(0.01)
        self._trim = struct.unpack("<HhhHhhhhhhhh", (yield Read(0x88, 24)))
        settings: list[Setting] = [
            (0xF5, 4 << 2, "filter 16, least pause between measurements"),
            (0xF4, 2 << 5 | 5 << 2 | 3, "temperature twice, pressure 16 times, measuring by itself"),
        ]
        yield from configure(settings)
        yield Wait(0.1)

    def pressure(self) -> Talk[float]:
        """Air pressure now, Pa."""
        data = yield Read(0xF7, 6)
        return bmp280_pressure(
            data[0] << 12 | data[1] << 4 | data[2] >> 4, data[3] << 12 | data[4] << 4 | data[5] >> 4, self._trim
        )


def bmp280_pressure(raw_pressure: int, raw_temperature: int, trim: tuple[int, ...]) -> float:
    """Pa, from what was read and the twelve factory constants T1 to P9 (datasheet chapter 8.1)."""
    t1, t2, t3, p1, p2, p3, p4, p5, p6, p7, p8, p9 = trim
    first = (raw_temperature / 16384 - t1 / 1024) * t2
    fine = first + (raw_temperature / 131072 - t1 / 8192) ** 2 * t3
    a = fine / 2 - 64000
    b = a * a * p6 / 32768 + a * p5 * 2
    b = b / 4 + p4 * 65536
    a = (1 + (p3 * a * a / 524288 + p2 * a) / 524288 / 32768) * p1
    if a == 0:
        return float("nan")
    pressure = (1048576 - raw_pressure - b / 4096) * 6250 / a
    return pressure + (p9 * pressure * pressure / 2147483648 + pressure * p8 / 32768 + p7) / 16


class Bmp390:
    """Bosch BMP390 (BST-BMP390-DS002): chapter 4.3 (registers), 8.4 to 8.6 (compensation in floating point)."""

    def __init__(self) -> None:
        self._trim: tuple[float, ...] = ()

    def start(self) -> Talk[None]:
        """Settings of chapter 3.5 for drones: pressure 8 times, filter 3, here at 25 Hz; the BMP388 is alike."""
        yield from ask_identity(0x00, {0x60: "BMP390", 0x50: "BMP388"}, "BMP390", force=False)
        yield Write(0x7E, b"\xb6")  # reset
        yield Wait(0.01)
        self._trim = bmp390_trim((yield Read(0x31, 21)))
        settings: list[Setting] = [
            (0x1C, 3, "pressure 8 times, temperature once"),
            (0x1D, 3, "25 measurements a second"),
            (0x1F, 2 << 1, "low-pass with coefficient 3"),
            (0x1B, 3 << 4 | 3, "pressure and temperature, measuring by itself"),
        ]
        yield from configure(settings)
        yield Wait(0.1)

    def pressure(self) -> Talk[float]:
        """Air pressure now, Pa."""
        data = yield Read(0x04, 6)
        return bmp390_pressure(int.from_bytes(data[:3], "little"), int.from_bytes(data[3:], "little"), self._trim)


def bmp390_trim(held: bytes) -> tuple[float, ...]:
    """The constants T1 to T3 and P1 to P11 with the units that the factory gave them (datasheet chapter 8.4)."""
    t1, t2, t3, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11 = struct.unpack("<HHbhhbbHHbbhbb", held)
    powers = (8, -30, -48, -20, -29, -32, -37, 3, -6, -8, -15, -48, -48, -65)
    values = (t1, t2, t3, p1 - 16384, p2 - 16384, p3, p4, p5, p6, p7, p8, p9, p10, p11)
    return tuple(math.ldexp(value, power) for value, power in zip(values, powers, strict=True))


def bmp390_pressure(raw_pressure: int, raw_temperature: int, trim: tuple[float, ...]) -> float:
    """Pa, from what was read and the constants (datasheet chapters 8.5 and 8.6)."""
    t1, t2, t3, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11 = trim
    off = raw_temperature - t1
    t = off * (t2 + off * t3)  # °C
    offset = p5 + t * (p6 + t * (p7 + t * p8))
    slope = p1 + t * (p2 + t * (p3 + t * p4))
    return offset + raw_pressure * (slope + raw_pressure * (p9 + p10 * t + raw_pressure * p11))


class Lps22:
    """ST LPS22HB (DS11347), and with the same registers LPS22HH."""

    def start(self) -> Talk[None]:
        """Ten measurements a second, filtered."""
        yield from ask_identity(0x0F, {0xB1: "LPS22HB", 0xB3: "LPS22HH"}, "LPS22", force=False)
        yield Write(0x11, b"\x14")  # SWRESET, with IF_ADD_INC for bursts
        yield Wait(0.01)
        yield from configure(
            [(0x10, 2 << 4 | 0x0A, "10 Hz; low-pass at a ninth of it; BDU: three bytes belong together")]
        )
        yield Wait(0.2)

    def pressure(self) -> Talk[float]:
        """Air pressure now, Pa: 4096 counts are one hPa."""
        return int.from_bytes((yield Read(0x28, 3)), "little", signed=True) / 40.96


BAROMETERS: Mapping[str, tuple[type[Bmp280 | Bmp390 | Lps22], int]] = {
    "bmp280": (Bmp280, 0x76),
    "bmp390": (Bmp390, 0x77),
    "lps22": (Lps22, 0x5D),
}
"""Name in `barometer=` to the driver and the address where boards have it."""
