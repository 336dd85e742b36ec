"""Reading an MCAP file from its beginning, so far as it is sound: a recording that a power cut ended has no index."""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Iterator
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

_READ = {Opcode.CHANNEL: Channel.read, Opcode.CHUNK: Chunk.read, Opcode.METADATA: Metadata.read}
_DAMAGE = (McapError, ValueError, EOFError, struct.error, zstandard.ZstdError, MemoryError)


class Damage(McapRecord):
    """Stands where something could not be read; readings are missing here."""


def scan(path: Path, *, strict: bool = False) -> Iterator[Channel | Message | Metadata | Damage]:
    """Channels, messages and metadata in the order of the file.

    Damaged chunks are left out with a warning and a `Damage` in their place; the file's end in the middle of a record
    is a warning too.

    Raises:
        SourceError: this is no MCAP file; or, where the reading is strict, it is damaged.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise SourceError(f"{path.name}, byte 0: this is not an MCAP recording; check what kind of file it is.")
        while file.tell() < size:
            start = file.tell()
            head = file.read(9)
            opcode, length = struct.unpack("<BQ", head) if len(head) == 9 else (0, 1 << 63)
            if start + 9 + length > size:
                _tell(path, start, f"the file ends in the middle of a record, after {size - start} bytes of it", strict)
                yield Damage()
                return
            if opcode in (Opcode.FOOTER, Opcode.DATA_END):
                return
            if opcode not in _READ:
                file.seek(length, 1)
                continue
            yield from _record(path, file, start, opcode, length, strict)
    _tell(path, size, "the recording has no end", strict)


def _record(
    path: Path, file: BinaryIO, start: int, opcode: int, length: int, strict: bool
) -> Iterator[Channel | Message | Metadata | Damage]:
    records: list[Channel | Message | Metadata | Damage]
    try:
        if length > LARGEST_RECORD_BYTES:
            file.seek(length, 1)
            raise ValueError(f"a record of {length} bytes")
        record = _READ[Opcode(opcode)](ReadDataStream(BytesIO(file.read(length))))
        records = _opened(record) if isinstance(record, Chunk) else [record]
    except _DAMAGE as error:
        _tell(path, start, f"damaged ({str(error) or type(error).__name__}); its readings are left out", strict)
        records = [Damage()]
    yield from records


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
    stream = ReadDataStream(BytesIO(content))
    records: list[Channel | Message | Metadata | Damage] = []
    while stream.count < len(content):
        opcode, length = stream.read1(), stream.read8()
        if stream.count + length > len(content):
            raise ValueError("a record longer than its chunk")
        body = ReadDataStream(BytesIO(stream.read(length)))
        if opcode == Opcode.CHANNEL:
            records.append(Channel.read(body))
        elif opcode == Opcode.MESSAGE:
            records.append(Message.read(body, length))
    return records


def _tell(path: Path, place: int, what: str, strict: bool) -> None:
    told = f"{path.name}, byte {place}: {what}"
    if strict:
        raise SourceError(f"{told}; mend it with `backbeat logs repair`, or read it without --strict.")
    _LOG.warning("%s.", told)
