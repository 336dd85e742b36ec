"""HipNode's own GATT service as bytes.

DATA is a header of 16 bytes and readings of six int16 (three without a gyroscope), little-endian:

    0  u8   version << 4 | 1 gyroscope present, 2 readings lost before, 4 saturation seen, 8 restarted
    1  u8   readings in this packet
    2  u16  packet number, wraps
    4  u32  number of the first reading since the start
    8  u32  device clock at the first reading in µs, wraps after 71.6 min
    12 u16  measured period between readings in 0.5 µs, 0 for that of INFO
    14 s8   temperature in °C
    15 u8   identity of the settings, as in INFO

INFO says range, scale and rate. CONTROL takes commands and notifies F0, the command and a status (0 is success):

    01 u16 rate u8 range in g u16 range in °/s   START: measure; the answer adds the number of the next reading (u32).
                                                 A node that measures so already goes on. Nothing is sent before:
    05 u32 number u16 65535                      SEND: from this reading on, or the oldest that is remembered
    02                                           STOP
    03                                           IDENTIFY: blink three times
    04                                           SELF_TEST: push the chip's sensors; only while it does not measure.
                                                 4 in the answer: they did not move as they should

Nineteen readings fill the longest notification of a 247-byte MTU.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BASE = "ae83{:04x}-93bb-4a50-aedf-a95ada11702a"
SERVICE, DATA, CONTROL, INFO = (_BASE.format(number) for number in range(1, 5))

VERSION = 1
GYRO, LOST, SATURATED, RESTARTED = 1, 2, 4, 8
HEADER = struct.Struct("<BBHIIHbB")
INFORMATION = struct.Struct("<BBBBHHHffBB6s")
START, STOP, IDENTIFY, SELF_TEST, SEND = 1, 2, 3, 4, 5
OK, UNKNOWN = 0, 1
NEAR_END = 32760
CHIPS = {1: "LSM6DS3TR-C", 2: "LSM6DSOX"}


@dataclass(frozen=True, slots=True)
class Information:
    """The INFO characteristic."""

    settings: int
    chip: int
    rate_hz: float
    acc_range_g: int
    gyr_range_dps: int
    acc_g: float
    gyr_dps: float
    firmware: str
    serial: str


def decode_information(data: bytes) -> Information:
    """INFO as read.

    Raises:
        ValueError: another version, or numbers that cannot be.
    """
    if len(data) != INFORMATION.size or data[0] != VERSION:
        raise ValueError("INFO is of another version")
    _, settings, chip, _, rate, acc_range, gyr_range, acc, gyr, major, minor, serial = INFORMATION.unpack(data)
    if not (0 < acc < 1 and 0 <= gyr < 10 and rate):
        raise ValueError("INFO holds impossible scales")
    return Information(settings, chip, rate / 10, acc_range, gyr_range, acc, gyr, f"{major}.{minor}", serial.hex())


def encode_information(information: Information) -> bytes:
    """INFO as the sensor gives it."""
    major, minor = map(int, information.firmware.split("."))
    return INFORMATION.pack(
        VERSION,
        information.settings,
        information.chip,
        0,
        round(information.rate_hz * 10),
        information.acc_range_g,
        information.gyr_range_dps,
        information.acc_g,
        information.gyr_dps,
        major,
        minor,
        bytes.fromhex(information.serial),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A DATA notification; `counts` has the shape (n, 6), or (n, 3) without a gyroscope."""

    flags: int
    sequence: int
    index: int
    time_us: int
    period: int
    temperature_c: int
    settings: int
    counts: NDArray[np.int16]


def decode(data: bytes) -> Frame:
    """A DATA notification.

    Raises:
        ValueError: it is none.
    """
    if len(data) < HEADER.size:
        raise ValueError("frame cut short")
    first, count, sequence, index, time_us, period, temperature, settings = HEADER.unpack_from(data)
    if first >> 4 != VERSION:
        raise ValueError("wrong header")
    columns = 6 if first & GYRO else 3
    if not count or len(data) != HEADER.size + count * columns * 2:
        raise ValueError("wrong length")
    counts = np.frombuffer(data, "<i2", offset=HEADER.size).reshape(count, columns)
    return Frame(first & 15, sequence, index, time_us, period, temperature, settings, counts)


def encode(frame: Frame) -> bytes:
    """A DATA notification as the sensor sends it."""
    header = HEADER.pack(
        VERSION << 4 | frame.flags,
        len(frame.counts),
        frame.sequence % 2**16,
        frame.index % 2**32,
        frame.time_us % 2**32,
        frame.period,
        frame.temperature_c,
        frame.settings,
    )
    return header + frame.counts.astype("<i2").tobytes()
