"""GATT services that any sensor may have: battery, device information, heart rate, running speed and cadence.

Source: Bluetooth SIG, Battery Service 1.0, Device Information Service 1.1, Heart Rate Service 1.0, Running Speed and
Cadence Service 1.0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from firmware_host.radios.radio import Fact


def uuid(number: int) -> str:
    """The 128-bit form of a 16-bit UUID."""
    return f"0000{number:04x}-0000-1000-8000-00805f9b34fb"


BATTERY_SERVICE, BATTERY = uuid(0x180F), uuid(0x2A19)
HEART_RATE_SERVICE, HEART_RATE = uuid(0x180D), uuid(0x2A37)
RUNNING_SERVICE, RUNNING = uuid(0x1814), uuid(0x2A53)
DEVICE_INFORMATION = {
    uuid(0x2A29): "manufacturer",
    uuid(0x2A24): "model",
    uuid(0x2A25): "serial",
    uuid(0x2A26): "firmware",
    uuid(0x2A27): "hardware",
    uuid(0x2A28): "software",
}


def decode_battery(data: bytes) -> int:
    """Charge in %.

    Raises:
        ValueError: not one byte of at most 100.
    """
    if len(data) != 1 or data[0] > 100:
        raise ValueError("impossible battery level")
    return data[0]


def decode_text(data: bytes) -> str:
    """A device information string; some sensors fill up with NUL."""
    return data.split(b"\0")[0].decode("utf-8", "replace").strip()


@dataclass(frozen=True, slots=True)
class HeartRate:
    """A heart rate measurement; `contact` is None where the sensor cannot tell, intervals between beats are in s."""

    bpm: int
    contact: bool | None
    energy_kj: int | None
    intervals_s: tuple[float, ...]


def decode_heart_rate(data: bytes) -> HeartRate:
    """A heart rate measurement.

    Raises:
        ValueError: cut short.
    """
    try:
        (flags,) = data[:1]
        at = 1
        bpm, at = (struct.unpack_from("<H", data, at)[0], at + 2) if flags & 1 else (data[at], at + 1)
        energy = None
        if flags & 8:
            energy, at = struct.unpack_from("<H", data, at)[0], at + 2
        rest = data[at:] if flags & 16 else b""
        intervals = tuple(value / 1024 for (value,) in struct.iter_unpack("<H", rest))
    except (IndexError, ValueError, struct.error):
        raise ValueError("heart rate cut short") from None
    return HeartRate(bpm, bool(flags & 2) if flags & 4 else None, energy, intervals)


@dataclass(frozen=True, slots=True)
class Running:
    """A running speed and cadence measurement; cadence as sent: steps of one leg a minute in most sensors."""

    running: bool
    speed_m_s: float
    cadence: int
    stride_m: float | None
    distance_m: float | None


def decode_running(data: bytes) -> Running:
    """A running speed and cadence measurement.

    Raises:
        ValueError: cut short.
    """
    try:
        flags, speed, cadence = struct.unpack_from("<BHB", data)
        stride = struct.unpack_from("<H", data, 4)[0] / 100 if flags & 1 else None
        distance = struct.unpack_from("<I", data, 6 if flags & 1 else 4)[0] / 10 if flags & 2 else None
    except struct.error:
        raise ValueError("running speed cut short") from None
    return Running(bool(flags & 4), speed / 256, cadence, stride, distance)


def facts(characteristic: str, data: bytes) -> list[Fact]:
    """What a notification of a standard service says about the run; nothing for other characteristics.

    Raises:
        ValueError: it cannot be read.
    """
    if characteristic == BATTERY:
        return [Fact("battery_pct", decode_battery(data))]
    if characteristic == HEART_RATE:
        heart = decode_heart_rate(data)
        return [Fact("heart_rate_bpm", heart.bpm)] if heart.bpm and heart.contact is not False else []
    if characteristic == RUNNING:
        return [Fact("speed_m_s", decode_running(data).speed_m_s)]
    return []
