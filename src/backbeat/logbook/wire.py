"""A block of readings as a protobuf message, so that a recording explains itself to any tool (Foxglove, PlotJuggler).

Wherever the readings are whole counts times a scale, the counts are stored and the scale beside them; the product is
checked to be the very reading, so that a recording gives back what was measured bit by bit.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from backbeat.samples import BoolArray, FloatArray, Samples

AXES = ("x", "y", "z")
SCHEMA_NAME = "backbeat.Readings"

_DOUBLE, _FIXED32, _STRING, _SFIXED32 = 1, 7, 9, 15  # numbers of the types in protobuf's descriptor.proto
_REPEATED, _OPTIONAL = 3, 1
_BYTES, _BITS64 = 2, 1  # wire types

FIELDS: dict[str, tuple[int, int, int]] = {
    "time_s": (1, _DOUBLE, _REPEATED),
    **{f"acc_{axis}_m_s2": (2 + i, _DOUBLE, _REPEATED) for i, axis in enumerate(AXES)},
    **{f"gyr_{axis}_rad_s": (5 + i, _DOUBLE, _REPEATED) for i, axis in enumerate(AXES)},
    **{f"acc_{axis}_counts": (8 + i, _SFIXED32, _REPEATED) for i, axis in enumerate(AXES)},
    **{f"gyr_{axis}_counts": (11 + i, _SFIXED32, _REPEATED) for i, axis in enumerate(AXES)},
    "acc_scale_m_s2": (14, _DOUBLE, _OPTIONAL),
    "gyr_scale_rad_s": (15, _DOUBLE, _OPTIONAL),
    "gap_before": (16, _FIXED32, _REPEATED),  # places within the message
    "saturated": (17, _FIXED32, _REPEATED),
    "absent": (18, _STRING, _OPTIONAL),  # JSON: axis to reason
}
"""Field name to its number, type and label."""

_NAME_OF = {number: name for name, (number, _, _) in FIELDS.items()}
_NUMPY = {_DOUBLE: "<f8", _FIXED32: "<u4", _SFIXED32: "<i4"}
_LARGEST_COUNT = 2**31 - 1


def encode(blocks: Sequence[Samples], acc_scale: float | None, gyr_scale: float | None) -> list[bytes]:
    """A message for each block; with a scale, readings that are whole counts of it are stored as counts.

    All blocks are converted at once and each message takes its part of the bytes: a second of readings comes in a
    dozen batches, and so many small conversions would cost more than all the rest of recording.
    """
    if any(not _alike(blocks[0], block) for block in blocks):
        return [message for block in blocks for message in encode([block], acc_scale, gyr_scale)]
    columns = [_column("time_s", np.concatenate([block.time for block in blocks]))]
    scales = b""
    for sensor, scale in (("acc", acc_scale), ("gyr", gyr_scale)):
        if getattr(blocks[0], sensor) is not None:
            values = np.concatenate([getattr(block, sensor) for block in blocks])
            scale_field, axes = _axes(sensor, values, scale)
            scales += scale_field
            columns += axes
    messages = []
    heads: dict[int, list[bytes]] = {}  # by the length of a block; most have the same
    end = 0
    for block in blocks:
        n = len(block)
        begin, end = end, end + n
        if n not in heads:
            heads[n] = [tag + _varint(width * n) for tag, width, _ in columns]
        parts = [scales]
        for head, (_, width, content) in zip(heads[n], columns, strict=True):
            parts += (head, content[width * begin : width * end])
        messages.append(b"".join([*parts, *_rare(block)]))
    return messages


def decode(message: bytes) -> Samples:
    """The block in a message.

    Raises:
        ValueError: it is no such message.
    """
    found = dict(_fields(message))
    time = _numbers(found, "time_s")
    gyr = _vectors(found, "gyr", "rad_s", len(time))
    acc = _vectors(found, "acc", "m_s2", len(time))
    if acc is None:
        raise ValueError("no acceleration in the message")
    absent = json.loads(found["absent"]) if "absent" in found else {}
    return Samples(time, acc, gyr, _flags(found, "gap_before", time), _flags(found, "saturated", time), absent)


def with_gap(message: bytes) -> bytes:
    """The same message with a gap before its first reading: a field that comes again replaces the one before."""
    gaps = _numbers(dict(_fields(message)), "gap_before")
    return message + _packed("gap_before", np.union1d(gaps, [0.0]))


def schema() -> bytes:
    """The FileDescriptorSet that describes the message, for tools that know nothing of Backbeat."""
    message = _bytes(1, SCHEMA_NAME.rpartition(".")[2].encode())
    for name, (number, kind, label) in FIELDS.items():
        message += _bytes(2, _bytes(1, name.encode()) + _varints((3, number), (4, label), (5, kind)))
    file = _bytes(1, b"backbeat/readings.proto") + _bytes(2, b"backbeat") + _bytes(4, message) + _bytes(12, b"proto3")
    return _bytes(1, file)


def _alike(a: Samples, b: Samples) -> bool:
    return (a.gyr is None) == (b.gyr is None) and a.absent == b.absent


def _rare(block: Samples) -> Iterator[bytes]:
    """What few messages have: gaps, saturation, absent axes."""
    for name in ("gap_before", "saturated"):
        flags = getattr(block, name)
        if flags.any():
            yield _packed(name, np.flatnonzero(flags))
    if block.absent:
        yield _bytes(FIELDS["absent"][0], json.dumps(dict(block.absent)).encode())


_Column: TypeAlias = tuple[bytes, int, bytes]
"""Tag, bytes of one value, all values."""


def _axes(sensor: str, values: FloatArray, scale: float | None) -> tuple[bytes, list[_Column]]:
    """The field with the scale, if it is used, and the columns."""
    unit = {"acc": "m_s2", "gyr": "rad_s"}[sensor]
    if scale is not None and len(values):
        counts = np.rint(values / scale)
        if (counts * scale == values).all() and np.abs(counts).max() <= _LARGEST_COUNT:
            scale_field = _TAG[f"{sensor}_scale_{unit}"] + struct.pack("<d", scale)
            return scale_field, [_column(f"{sensor}_{axis}_counts", counts[:, i]) for i, axis in enumerate(AXES)]
    return b"", [_column(f"{sensor}_{axis}_{unit}", values[:, i]) for i, axis in enumerate(AXES)]


def _column(name: str, values: FloatArray) -> _Column:
    kind = np.dtype(_NUMPY[FIELDS[name][1]])
    return _TAG[name], kind.itemsize, values.astype(kind).tobytes()


def _vectors(found: dict[str, bytes], sensor: str, unit: str, n: int) -> FloatArray | None:
    """Readings (n, 3) of a sensor; None where the message has none of it."""
    packed = found.get(f"{sensor}_scale_{unit}")
    what = unit if packed is None else "counts"
    if packed is None and f"{sensor}_x_{what}" not in found:
        return None
    columns = [found.get(f"{sensor}_{axis}_{what}", b"") for axis in AXES]
    kind = np.dtype(_NUMPY[_DOUBLE if packed is None else _SFIXED32])
    if any(len(column) != n * kind.itemsize for column in columns):
        raise ValueError(f"the readings of {sensor} are not as many as their times")
    scale = 1.0 if packed is None else np.frombuffer(packed, "<f8").item()
    values = np.empty((n, 3))
    np.multiply(np.frombuffer(b"".join(columns), kind).reshape(3, n).T, scale, out=values)
    return values


def _numbers(found: dict[str, bytes], name: str) -> FloatArray:
    return np.frombuffer(found.get(name, b""), _NUMPY[FIELDS[name][1]]).astype(np.float64)


def _flags(found: dict[str, bytes], name: str, time: FloatArray) -> BoolArray:
    flags = np.zeros(len(time), dtype=np.bool_)
    if name in found:
        flags |= np.isin(np.arange(len(time)), _numbers(found, name))
    return flags


def _packed(name: str, values: FloatArray | NDArray[np.int64]) -> bytes:
    content = values.astype(_NUMPY[FIELDS[name][1]]).tobytes()
    return _TAG[name] + _varint(len(content)) + content


def _bytes(number: int, content: bytes) -> bytes:
    return _tag(number, _BYTES) + _varint(len(content)) + content


def _varints(*pairs: tuple[int, int]) -> bytes:
    return bytes(chain.from_iterable(_tag(number, 0) + _varint(value) for number, value in pairs))


def _tag(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _fields(message: bytes) -> Iterator[tuple[str, bytes]]:
    place, end = 0, len(message)
    while place < end:
        tag, place = _read_varint(message, place)
        length, kind = 8, tag & 7
        if kind == _BYTES:
            length, place = _read_varint(message, place)
        elif kind != _BITS64:
            raise ValueError(f"wire type {kind} in a message of readings")
        if place + length > end:
            raise ValueError("a field is longer than its message")
        name = _NAME_OF.get(tag >> 3)
        if name is not None:
            yield name, message[place : place + length]
        place += length


def _read_varint(message: bytes, place: int) -> tuple[int, int]:
    if place < len(message) and message[place] < 0x80:  # most are one byte, and every message has two dozen
        return message[place], place + 1
    value = shift = 0
    while True:
        if place >= len(message) or shift > 63:
            raise ValueError("a message of readings ends in the middle of a number")
        value |= (message[place] & 0x7F) << shift
        shift += 7
        place += 1
        if message[place - 1] < 0x80:
            return value, place


_TAG = {
    name: _tag(number, _BYTES if label == _REPEATED or kind == _STRING else _BITS64)
    for name, (number, kind, label) in FIELDS.items()
}
"""What stands before each field's content; every batch needs a dozen of them."""
