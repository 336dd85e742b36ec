"""Reading an MCAP file from its beginning, so far as it is sound: a recording that a power cut ended has no index."""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, McapRecord, Message, Metadata

from backbeat.errors import SourceError
from backbeat.logbook.mcap_writer import MAGIC

_LOG = logging.getLogger(__name__)

LARGEST_RECORD_BYTES = 1 << 26
"""A record or chunk that announces more than 64 MB is damaged or hostile: one second of readings is some 20 kB."""

_MARK, _MARK_AT = b"\x04\x00\x00\x00zstd", 37
"""The name of the compression, and where it stands in a chunk's record: after times, size and check sum."""

_HEAD = struct.Struct("<BQ")
"""What stands before each record: its kind and length."""

_SEARCHED_BYTES = 1 << 20
_LENGTHS_OF_ENDS: dict[int, int] = {Opcode.FOOTER: 20, Opcode.DATA_END: 4}
_ENDS = "the file ends in the middle of a record, after {} bytes of it"

_READ: dict[int, Callable[[ReadDataStream], Channel | Chunk | Metadata]] = {
    Opcode.CHANNEL: Channel.read,
    Opcode.CHUNK: Chunk.read,
    Opcode.METADATA: Metadata.read,
}
_DAMAGE = (McapError, ValueError, EOFError, struct.error, zstandard.ZstdError, MemoryError)


class Damage(McapRecord):
    """Stands where something could not be read; readings are missing here."""


def scan(path: Path, *, strict: bool = False) -> Iterator[Channel | Message | Metadata | Damage]:
    """Channels, messages and metadata in the order of the file.

    What is damaged is left out with a warning and a `Damage` in its place, and reading goes on with the next chunk that
    can be found; the file's end in the middle of a record is a warning too.

    Raises:
        SourceError: this is no MCAP file; or, where the reading is strict, it is damaged.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise SourceError(f"{path}, byte 0: this is not an MCAP recording; check what kind of file it is.")
        while (start := file.tell()) < size:
            try:
                records = _next(file, start, size)
            except _DAMAGE as error:
                _tell(path, start, f"damaged ({str(error) or type(error).__name__}); its readings are left out", strict)
                yield Damage()
                following = _next_chunk(file, start + 1)
                if following is None:
                    return
                file.seek(following)
                continue
            if records is None:
                return
            yield from records
    _tell(path, size, "the recording has no end", strict)


def _next(file: BinaryIO, start: int, size: int) -> list[Channel | Message | Metadata | Damage] | None:
    """The records in the one that begins here, which are several in a chunk; None at the end of the data."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise EOFError(_ENDS.format(size - start))
    opcode, length = _HEAD.unpack(head)
    if start + _HEAD.size + length > size:
        raise EOFError(_ENDS.format(size - start))
    if opcode in _LENGTHS_OF_ENDS:
        if length != _LENGTHS_OF_ENDS[opcode]:
            raise ValueError("an end that is none")
        return None
    if opcode in _READ:
        if length > LARGEST_RECORD_BYTES:
            raise ValueError(f"a record of {length} bytes")
        record = _READ[opcode](ReadDataStream(BytesIO(file.read(length))))
        return _opened(record) if isinstance(record, Chunk) else [record]
    if not 0 < opcode <= Opcode.DATA_END or file.read(_MARK_AT - _HEAD.size + len(_MARK)).endswith(_MARK):
        raise ValueError("no record of MCAP")
    file.seek(start + _HEAD.size + length)
    return []


def _next_chunk(file: BinaryIO, begin: int) -> int | None:
    """Where the next record that looks like a compressed chunk begins; None if there is none."""
    place = begin + _MARK_AT  # of what is read next
    before = b""
    file.seek(place)
    while piece := file.read(_SEARCHED_BYTES):
        window = before + piece
        found = window.find(_MARK)
        if found >= 0:
            return place - len(before) + found - _MARK_AT
        before, place = window[1 - len(_MARK) :], place + len(piece)
    return None


def _opened(chunk: Chunk) -> list[Channel | Message | Metadata | Damage]:
    """The records in a chunk, all or none: its checksum holds."""
    if chunk.uncompressed_size > LARGEST_RECORD_BYTES:
        raise ValueError(f"a chunk of {chunk.uncompressed_size} bytes")
    content = chunk.data
    if chunk.compression == "zstd":
        content = zstandard.ZstdDecompressor().stream_reader(chunk.data).read(chunk.uncompressed_size + 1)
    elif chunk.compression:
        raise ValueError(f"compression {chunk.compression}")
    if len(content) != chunk.uncompressed_size or chunk.uncompressed_crc not in (0, zlib.crc32(content)):
        raise ValueError("checksum of a chunk")
    records: list[Channel | Message | Metadata | Damage] = []
    place = 0
    while place < len(content):
        opcode, length = _HEAD.unpack_from(content, place)
        place += _HEAD.size
        if place + length > len(content):
            raise ValueError("a record longer than its chunk")
        if opcode in (Opcode.CHANNEL, Opcode.MESSAGE):
            body = ReadDataStream(BytesIO(content[place : place + length]))
            records.append(Channel.read(body) if opcode == Opcode.CHANNEL else Message.read(body, length))
        place += length
    return records


def _tell(path: Path, place: int, what: str, strict: bool) -> None:
    told = f"{path}, byte {place}: {what}"
    if strict:
        raise SourceError(f"{told}; mend it with `backbeat logs repair`, or read it without --strict.")
    _LOG.warning("%s.", told)
