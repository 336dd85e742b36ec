"""Making a damaged or unfinished recording whole: what can be read goes into a new file with its index."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mcap.records import Channel, Message, Metadata

from backbeat import __version__
from backbeat.errors import SourceError
from backbeat.logbook import wire
from backbeat.logbook.disk import DiskFile
from backbeat.logbook.exports import whole_file
from backbeat.logbook.mcap_scan import Damage, scan
from backbeat.logbook.mcap_writer import McapWriter
from backbeat.logbook.recorder import CHUNK_S, READINGS, channels


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair found.

    Attributes:
        messages: kept.
        damages: places that could not be read.
    """

    messages: int
    damages: int


def repair(damaged: Path, repaired: Path) -> Repaired:
    """Write what can be read of `damaged` to `repaired`.

    Raises:
        SourceError: nothing of Backbeat's can be read.
        UserError: the new file exists already, or cannot be written.
    """
    metadata: dict[str, dict[str, str]] = {}
    for record in scan(damaged):
        if isinstance(record, Metadata):
            metadata[record.name] = record.metadata
        elif isinstance(record, Message):
            break
    if "source" not in metadata or not json.loads(metadata["source"].get("json", "null")):
        raise SourceError(
            f"{damaged.name}: no reading of a Backbeat recording can be found; there is nothing to repair."
        )
    topics: dict[int, str] = {}
    messages = damages = 0
    with whole_file(repaired) as part:
        storage = DiskFile(part)
        try:
            writer = McapWriter(storage, f"backbeat {__version__}", channels(), metadata)
            chunk_start: int | None = None
            torn = False
            for record in scan(damaged):
                if isinstance(record, Channel):
                    topics[record.id] = record.topic
                elif isinstance(record, Damage):
                    damages += 1
                    torn = True
                elif isinstance(record, Message) and record.channel_id in topics:
                    data = record.data
                    if torn and topics[record.channel_id] == READINGS:
                        data, torn = wire.with_gap(data), False
                    writer.add(topics[record.channel_id], record.log_time, data)
                    messages += 1
                    chunk_start = record.log_time if chunk_start is None else chunk_start
                    if record.log_time - chunk_start >= CHUNK_S * 1e9:
                        writer.end_chunk()
                        chunk_start = None
            writer.finish()
        finally:
            storage.close()
    return Repaired(messages, damages)
