"""A recording made by the recorder, as a source: a replay sees what the live run saw, block by block."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mcap.records import Channel, Message, Metadata

from backbeat.errors import SourceError
from backbeat.logbook import wire
from backbeat.logbook.mcap_scan import Damage, scan
from backbeat.logbook.recorder import CLOCK, CONTEXT, EVENTS, READINGS
from backbeat.logbook.recording import Recording
from backbeat.samples import Context, Samples, SourceInfo, joined

TOGETHER = 100
"""So many batches at most are given as one block: some ten seconds."""


class McapRecording(Recording):
    """An MCAP file as a source; damaged places are marked gaps.

    Attributes:
        versions: what made the recording.

    Args:
        path: the file.
        strict: refuse a damaged or unfinished recording.

    Raises:
        SourceError: the file is no recording of Backbeat, or holds no reading.
    """

    versions: Mapping[str, str]

    def __init__(self, path: Path, *, strict: bool = False) -> None:
        self._path, self._strict = path, strict
        found: dict[str, Mapping[str, str]] = {}
        for record in scan(path):
            if isinstance(record, Metadata):
                found[record.name] = record.metadata
            elif isinstance(record, Message):
                break
        else:
            raise SourceError(f"{path}: there is no reading in this recording.")
        try:
            source = json.loads(found["source"]["json"])
            settings = json.loads(found["settings"]["json"])
            self.versions = found.get("versions", {})
            info = SourceInfo(**source)
        except (KeyError, TypeError, ValueError):
            raise SourceError(
                f"{path}: this MCAP file was not recorded by Backbeat; convert it with `backbeat logs convert`."
            ) from None
        origin = info.origin if info.origin == "simulated" else "replay"
        super().__init__(dataclasses.replace(info, name=f"{path.name} ({info.name})", origin=origin))
        self.settings = settings

    def _blocks(self) -> Iterator[Samples | Context]:
        waiting: list[Samples] = []  # small batches are given together, context always in its place among them
        for topic, content in self._messages():
            if waiting and (topic == CONTEXT or len(waiting) == TOGETHER or not _alike(waiting[0], content)):
                yield joined(waiting)
                waiting = []
            if topic == READINGS:
                waiting.append(content)
            elif topic == CONTEXT:
                yield Context(**content)
        if waiting:
            yield joined(waiting)

    def events(self) -> Iterator[dict[str, Any]]:
        """The events that were recorded beside the readings, as JSON."""
        return (content for topic, content in self._messages() if topic == EVENTS)

    def utc_offset_s(self) -> float | None:
        """Unix time minus the readings' time by the clock as it was last set during the run; reads the whole file."""
        offset = self.info.utc_offset_s
        for topic, content in self._messages():
            if topic == CLOCK:
                offset = float(content["utc_offset_s"])
        return offset

    def _messages(self) -> Iterator[tuple[str, Any]]:
        topics: dict[int, str] = {}
        damaged = False
        last = -np.inf
        for record in scan(self._path, strict=self._strict):
            if isinstance(record, Channel):
                topics[record.id] = record.topic
            elif isinstance(record, Damage):
                damaged = True
            elif isinstance(record, Message):
                topic = topics.get(record.channel_id, "")
                try:
                    content: Any = wire.decode(record.data) if topic == READINGS else json.loads(record.data)
                except ValueError as error:
                    raise SourceError(f"{self._path}: a message of {topic} cannot be read: {error}.") from None
                if isinstance(content, Samples):
                    if not len(content) or content.time[0] <= last:
                        continue
                    last = float(content.time[-1])
                    if damaged:
                        gap = content.gap_before.copy()
                        gap[0], damaged = True, False
                        content = dataclasses.replace(content, gap_before=gap)
                yield topic, content


def _alike(block: Samples, content: Any) -> bool:
    """Whether two batches can be one block."""
    if not isinstance(content, Samples):
        return True
    return (block.gyr is None) == (content.gyr is None) and block.absent == content.absent
