"""Polar measurement data (PMD): frames and answers of the control point as bytes.

A frame is a type, the time of its *last* reading in ns since 2000, a frame type, and readings: plain int16 (frame
type 1, in mg) or compressed (bit 7): a reference reading, then blocks of signed differences of few bits.

Source: Polar's technical documentation "Online measurement" and the unit tests of its SDK (test vectors).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SERVICE = "fb005c80-02e7-f387-1cad-8acd2d8df0c8"
CONTROL = "fb005c81-02e7-f387-1cad-8acd2d8df0c8"
DATA = "fb005c82-02e7-f387-1cad-8acd2d8df0c8"

ACC, GYR = 2, 5
SETTINGS, START, STOP, REPLY = 1, 2, 3, 0xF0
HEADER = struct.Struct("<BQB")
CHANNELS = 3

_FIELDS: dict[int, tuple[str, str]] = {
    0: ("sample_rate", "H"),
    1: ("resolution", "H"),
    2: ("range", "H"),
    3: ("range_milliunit", "i"),
    4: ("channels", "B"),
    5: ("factor", "f"),
    6: ("security", "16s"),
}
_STATUS = {
    1: "invalid command",
    2: "invalid measurement type",
    3: "not supported",
    4: "invalid length",
    5: "invalid parameter",
    6: "already in that state",
    7: "invalid resolution",
    8: "invalid sample rate",
    9: "invalid range",
    10: "invalid MTU",
    11: "invalid number of channels",
    12: "invalid state",
    13: "on the charger",
    14: "disk full",
}
ALREADY = 6


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer of the control point; `status` 0 is success, `more` says that the parameters go on in another."""

    operation: int
    measurement: int
    status: int
    more: bool
    parameters: bytes

    @property
    def status_text(self) -> str:
        """The status in words."""
        return "success" if self.status == 0 else _STATUS.get(self.status, f"status {self.status}")


def decode_reply(data: bytes) -> Reply:
    """A control point answer.

    Raises:
        ValueError: it is not one.
    """
    if len(data) < 4 or data[0] != REPLY:
        raise ValueError("not an answer of the control point")
    return Reply(data[1], data[2], data[3], len(data) > 4 and data[4] != 0, data[5:])


def decode_settings(parameters: bytes) -> dict[str, tuple[float, ...]]:
    """What a measurement offers or was started with: field name to its values.

    Raises:
        ValueError: an unknown field, or bytes missing.
    """
    found: dict[str, tuple[float, ...]] = {}
    at = 0
    while at < len(parameters):
        kind, *rest = parameters[at : at + 2]
        if kind not in _FIELDS or not rest:
            raise ValueError(f"a setting of unknown kind {kind}")
        name, code = _FIELDS[kind]
        size = struct.calcsize("<" + code)
        values = parameters[at + 2 : at + 2 + rest[0] * size]
        if len(values) != rest[0] * size:
            raise ValueError(f"the setting {name} is cut short")
        found[name] = tuple(value for (value,) in struct.iter_unpack("<" + code, values))
        at += 2 + len(values)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A data frame: the stamp of its last reading (ns since 2000), and its counts, shape (n, 3).

    Counts of a frame of floats are its values.
    """

    measurement: int
    frame_type: int
    compressed: bool
    stamp_ns: int
    counts: NDArray[np.int64] | NDArray[np.float64]


def decode(data: bytes) -> Frame:
    """A data frame of the accelerometer or the gyroscope.

    Raises:
        ValueError: another measurement, or bytes that are no such frame.
    """
    if len(data) <= HEADER.size:
        raise ValueError("frame cut short")
    measurement, stamp, kind = HEADER.unpack_from(data)
    compressed, frame_type, body = bool(kind & 0x80), kind & 0x7F, data[HEADER.size :]
    if measurement not in (ACC, GYR):
        raise ValueError("wrong measurement")
    if compressed and frame_type == 0:
        counts = _expanded(body, 16)
    elif compressed and frame_type == 1 and measurement == GYR:
        # Differences of the bit patterns of float32, so that they are added as integers.
        counts = _expanded(body, 32).astype("<i4").view("<f4").astype(np.float64)
    elif not compressed and frame_type == 1 and measurement == ACC:
        if len(body) % 6:
            raise ValueError("frame cut short")
        counts = np.frombuffer(body, "<i2").reshape(-1, CHANNELS).astype(np.int64)
    else:
        raise ValueError("wrong frame type")
    return Frame(measurement, frame_type, compressed, stamp, counts)


def _expanded(body: bytes, bits: int) -> NDArray[np.int64]:
    """A reference reading and blocks of differences, as readings, shape (n, 3)."""
    reference = CHANNELS * bits // 8
    if len(body) < reference:
        raise ValueError("reference cut short")
    steps = [np.frombuffer(body[:reference], f"<i{bits // 8}").astype(np.int64).reshape(1, CHANNELS)]
    at = reference
    while at < len(body):
        width, *count = body[at : at + 2]
        if not count or not 0 < width <= 32 or not count[0]:
            raise ValueError("impossible block of differences")
        size = (width * count[0] * CHANNELS + 7) // 8
        block = np.frombuffer(body[at + 2 : at + 2 + size], np.uint8)
        if len(block) < size:
            raise ValueError("block of differences cut short")
        flat = np.unpackbits(block, bitorder="little")[: width * count[0] * CHANNELS].reshape(-1, width)
        weights = 1 << np.arange(width, dtype=np.int64)
        weights[-1] = -weights[-1]  # two's complement: the highest bit counts down
        steps.append((flat @ weights).reshape(-1, CHANNELS))
        at += 2 + size
    readings: NDArray[np.int64] = np.cumsum(np.concatenate(steps), axis=0)
    return readings


def encode_plain(stamp_ns: int, milli_g: Sequence[Sequence[int]]) -> bytes:
    """An uncompressed accelerometer frame, counts in mg."""
    return HEADER.pack(ACC, stamp_ns, 1) + np.asarray(milli_g, "<i2").tobytes()


def encode_compressed(stamp_ns: int, counts: Sequence[Sequence[int]], block: int = 10) -> bytes:
    """A compressed accelerometer frame: each block as narrow as its differences allow."""
    values = np.asarray(counts, dtype=np.int64)
    body: bytes = values[0].astype("<i2").tobytes()
    steps = np.diff(values, axis=0)
    for part in (steps[at : at + block] for at in range(0, len(steps), block)):
        width = max(int(max(abs(int(part.min())), abs(int(part.max())))).bit_length() + 1, 1)
        flat = part.reshape(-1, 1) >> np.arange(width) & 1
        body += bytes((width, len(part))) + np.packbits(flat.astype(np.uint8).ravel(), bitorder="little").tobytes()
    return HEADER.pack(ACC, stamp_ns, 0x80) + body
