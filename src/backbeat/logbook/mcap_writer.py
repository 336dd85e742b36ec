"""The MCAP container (https://mcap.dev/spec): channels, compressed chunks, and an index at the end.

The mcap package's own writer closes a chunk by its size and keeps an object for every chunk in memory; a recorder on a
belt has to close one every second and may run all day, so the package's records are put together here; those that come
ten times a second are packed by hand.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from typing import Protocol

import zstandard
from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.records import (
    Channel,
    Chunk,
    ChunkIndex,
    DataEnd,
    Footer,
    Header,
    McapRecord,
    Metadata,
    MetadataIndex,
    Schema,
    Statistics,
    SummaryOffset,
)

MAGIC = b"\x89MCAP0\r\n"
PROFILE = "backbeat"

_MESSAGE = struct.Struct("<BQHIQQ")  # opcode, length, channel, sequence, log time, publish time; then the data
_MESSAGE_HEAD = _MESSAGE.size - 9
_MESSAGE_INDEX = struct.Struct("<BQHI")  # opcode, length, channel, bytes of the entries; then (time, place) of each


class Storage(Protocol):
    """Where a recording goes; `sync` returns once everything written has reached the disk."""

    def write(self, data: bytes) -> None:
        """Append."""

    def sync(self) -> None:
        """Make what was written survive a power cut."""


class McapWriter:
    """Writes one recording; a chunk is on the disk once `end_chunk` has returned.

    Args:
        storage: where to.
        library: what wrote it, for the header.
        channels: topic to (message encoding, schema name, schema encoding, schema).
        metadata: name to key-value pairs, written at the beginning.
    """

    def __init__(
        self,
        storage: Storage,
        library: str,
        channels: Mapping[str, tuple[str, str, str, bytes]],
        metadata: Mapping[str, Mapping[str, str]],
    ) -> None:
        self._storage = storage
        self._place = 0
        self._ids: dict[str, int] = {}
        self._declared: list[McapRecord] = []
        self._counts: dict[int, int] = {}
        self._index = bytearray()  # the chunk index as it will be written: some 100 bytes a chunk
        self._chunks = 0
        self._metadata_index: list[McapRecord] = []
        self._first_time = self._last_time = 0
        self._compressor = zstandard.ZstdCompressor(level=3)
        self._open_chunk()
        self._write(MAGIC + _bytes_of(Header(profile=PROFILE, library=library)))
        for topic, (encoding, name, schema_encoding, schema) in channels.items():
            number = self._ids[topic] = len(self._ids) + 1
            self._declared.append(Schema(id=number, name=name, encoding=schema_encoding, data=schema))
            self._declared.append(
                Channel(id=number, topic=topic, message_encoding=encoding, metadata={}, schema_id=number)
            )
        self._declared.sort(key=lambda record: isinstance(record, Channel))  # the summary wants each kind together
        self._write(b"".join(map(_bytes_of, self._declared)))
        for name, pairs in metadata.items():
            data = _bytes_of(Metadata(name=name, metadata=dict(pairs)))
            self._metadata_index.append(MetadataIndex(offset=self._place, length=len(data), name=name))
            self._write(data)
        storage.sync()

    def add(self, topic: str, time_ns: int, data: bytes) -> None:
        """Add a message to the open chunk."""
        channel = self._ids[topic]
        self._counts[channel] = self._counts.get(channel, 0) + 1
        self._messages.setdefault(channel, []).append((time_ns, self._size))
        head = _MESSAGE.pack(
            Opcode.MESSAGE, _MESSAGE_HEAD + len(data), channel, self._counts[channel], time_ns, time_ns
        )
        self._open += (head, data)
        self._size += len(head) + len(data)

    def end_chunk(self) -> None:
        """Write the open chunk and wait until the disk has it."""
        if not self._messages:
            return
        content, messages = b"".join(self._open), self._messages
        self._open_chunk()
        times = [time for entries in messages.values() for time, _ in entries]
        chunk = Chunk(
            compression="zstd",
            data=self._compressor.compress(content),
            message_start_time=min(times),
            message_end_time=max(times),
            uncompressed_crc=zlib.crc32(content),
            uncompressed_size=len(content),
        )
        self._first_time = min(times) if not self._chunks else min(self._first_time, *times)
        self._last_time = max(self._last_time, *times)
        data = _bytes_of(chunk)
        start, length = self._place, len(data)
        offsets = {}
        for channel, entries in messages.items():
            offsets[channel] = start + len(data)
            flat = [number for entry in entries for number in entry]
            data += _MESSAGE_INDEX.pack(Opcode.MESSAGE_INDEX, 6 + 8 * len(flat), channel, 8 * len(flat))
            data += struct.pack(f"<{len(flat)}Q", *flat)
        self._write(data)
        self._storage.sync()
        self._chunks += 1
        self._index += _bytes_of(
            ChunkIndex(
                message_start_time=chunk.message_start_time,
                message_end_time=chunk.message_end_time,
                chunk_start_offset=start,
                chunk_length=length,
                message_index_offsets=offsets,
                message_index_length=len(data) - length,
                compression="zstd",
                compressed_size=len(chunk.data),
                uncompressed_size=len(content),
            )
        )

    def finish(self) -> None:
        """Write what is open, then the summary that lets a reader find its way without reading everything."""
        self.end_chunk()
        self._write(_bytes_of(DataEnd(data_section_crc=0)))
        start = self._place
        groups = {
            Opcode.SCHEMA: b"".join(_bytes_of(r) for r in self._declared if isinstance(r, Schema)),
            Opcode.CHANNEL: b"".join(_bytes_of(r) for r in self._declared if isinstance(r, Channel)),
            Opcode.STATISTICS: _bytes_of(self._statistics()),
            Opcode.CHUNK_INDEX: bytes(self._index),
            Opcode.METADATA_INDEX: b"".join(map(_bytes_of, self._metadata_index)),
        }
        summary, offsets = b"", b""
        for opcode, group in groups.items():
            if group:
                offset = SummaryOffset(group_opcode=opcode, group_start=start + len(summary), group_length=len(group))
                offsets += _bytes_of(offset)
                summary += group
        footer = Footer(summary_start=start, summary_offset_start=start + len(summary), summary_crc=0)
        checked = summary + offsets + _bytes_of(footer)[:-4]  # the checksum covers the footer up to itself
        self._write(checked + zlib.crc32(checked).to_bytes(4, "little") + MAGIC)
        self._storage.sync()

    def _open_chunk(self) -> None:
        self._open: list[bytes] = []
        self._size = 0
        self._messages: dict[int, list[tuple[int, int]]] = {}

    def _write(self, data: bytes) -> None:
        self._storage.write(data)
        self._place += len(data)

    def _statistics(self) -> Statistics:
        return Statistics(
            attachment_count=0,
            channel_count=len(self._ids),
            channel_message_counts=self._counts,
            chunk_count=self._chunks,
            message_count=sum(self._counts.values()),
            message_start_time=self._first_time,
            message_end_time=self._last_time,
            metadata_count=len(self._metadata_index),
            schema_count=len(self._ids),
        )


def _bytes_of(record: McapRecord) -> bytes:
    builder = RecordBuilder()
    record.write(builder)
    return bytes(builder.end())  # type: ignore[no-untyped-call]
