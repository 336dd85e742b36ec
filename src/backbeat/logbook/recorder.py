"""The recorder: a consumer that writes readings, context and events to an MCAP file as they come.

The analysis never waits for the disk: chunks go through a bounded queue to a thread of their own. A chunk holds
less than a second and is on the disk (fsync) before the next is begun, so that a power cut costs at most one second of
readings; an alert, a summary, a session's beginning or end closes its chunk at once.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import platform
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np

from backbeat import __version__
from backbeat.errors import UserError, why
from backbeat.event_json import as_json
from backbeat.events import Alert, Event, SessionChange, Summary
from backbeat.logbook import wire
from backbeat.logbook.disk import DiskFile, Room
from backbeat.logbook.mcap_writer import McapWriter, Storage
from backbeat.samples import Context, Samples, SourceInfo

_LOG = logging.getLogger(__name__)

CHUNK_S = 0.8
"""A chunk is closed once its readings span this; with the batch that closes it, it stays under a second."""

WAITING_AT_MOST = 75
"""Chunks that may wait for a slow disk: a minute of a live sensor."""

CHECK_ROOM_EVERY = 30
"""Chunks between two looks at the free space of the disk."""

FINISH_WITHIN_S = 20.0

READINGS, CONTEXT, EVENTS, CLOCK = "/readings", "/context", "/events", "/clock"

CLOCK_JUMP_S = 0.5
"""A wall clock that was set by more than this, as by NTP some time after a Pi without a battery clock has started."""

Message: TypeAlias = tuple[str, float, bytes | Samples]
"""Topic, time in s, content; readings are encoded when the chunk is written, all at once."""

URGENT = (Alert, Summary, SessionChange)


class ClosingStorage(Storage, Protocol):
    """A storage that the recorder closes."""

    def close(self) -> None:
        """Close it."""


class Recorder:
    """Records what a run takes in and gives out.

    A full or failing disk ends the recording, never the run: it is said once in the log and stands in `fault`.

    Args:
        path: the file to make.
        info: of the source.
        settings: the settings in force, as JSON.
        removable: folder of recordings that may be removed, oldest first, when the disk is nearly full.
        storage: where to write instead of the file (for tests).
        room: the rule for a full disk (for tests).
        ahead: how far the wall clock is ahead of one that is never set, s.

    Raises:
        UserError: the file cannot be made.
    """

    def __init__(
        self,
        path: Path,
        info: SourceInfo,
        settings: Mapping[str, Any],
        *,
        removable: Path | None = None,
        storage: ClosingStorage | None = None,
        room: Room | None = None,
        ahead: Callable[[], float] = lambda: time.time() - time.monotonic(),
    ) -> None:
        self._ahead, self._ahead_told = ahead, ahead()
        self.fault: str | None = None
        self._path, self._info = path, info
        self._room = room or Room(path, removable)
        try:
            self._storage = storage or DiskFile(path)
            if not self._room.make():
                self._storage.close()
                path.unlink(missing_ok=True)
                raise UserError(f"{path}: the disk is nearly full; make room or record elsewhere.")
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}; choose a new file in a folder that can be written.") from None
        self._writer = McapWriter(self._storage, f"backbeat {__version__}", channels(), _metadata(info, settings))
        self._open: list[Message] = []  # of the chunk that is being filled
        self._queue: queue.Queue[list[Message] | None] = queue.Queue(WAITING_AT_MOST)
        self._dropped = False
        self._last_time = 0.0
        self._set_s = 0.0  # by how much the wall clock has been set since the start
        self._chunk_start: float | None = None  # the last reading before the open chunk
        self._thread = threading.Thread(target=self._write_all, name="recorder", daemon=True)
        self._thread.start()

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """Record a block and the events that it settled."""
        if self.fault:
            return
        if isinstance(block, Context):
            data = _json({"time": block.time, "kind": block.kind, "value": block.value})
            self._open.append((CONTEXT, block.time, data))
        elif len(block):
            self._take_readings(block)
        elif self._open:  # the sensor is silent: what there is goes to the disk
            self._hand_over()
        self._take_events(events)

    def finish(self, events: Sequence[Event]) -> None:
        """Record the last events and close the file, so that it has its index."""
        self._take_events(events)
        self._hand_over()
        self._queue.put(None)
        self._thread.join(FINISH_WITHIN_S)
        if self._thread.is_alive():
            _LOG.error("%s: the disk does not answer; the end of the recording may be missing.", self._path.name)

    def _take_readings(self, block: Samples) -> None:
        if self._dropped:  # what a slow disk had no time for is a gap in the recording
            gap = block.gap_before.copy()
            gap[0] = True
            block = dataclasses.replace(block, gap_before=gap)
            self._dropped = False
        for piece in _short(block):
            self._last_time = float(piece.time[-1])
            if self._chunk_start is None:
                self._chunk_start = float(piece.time[0])
            self._open.append((READINGS, self._last_time, piece))
            if self._last_time - self._chunk_start >= CHUNK_S:
                self._hand_over()
                self._chunk_start = self._last_time

    def _take_events(self, events: Sequence[Event]) -> None:
        if events:
            self._open += [(EVENTS, self._last_time, _json(as_json(event))) for event in events]
            if any(isinstance(event, URGENT) for event in events):
                self._hand_over()

    def _hand_over(self) -> None:
        """Give the open chunk to the thread that writes."""
        if self._info.origin == "live":
            self._watch_clock()
        chunk, self._open = self._open, []
        # a live run never waits; a recording from a source that is faster than the disk does
        try:
            self._queue.put(chunk, block=self._info.origin != "live")
        except queue.Full:
            self._dropped = True
            _LOG.warning("%s: the disk is too slow; readings are missing from the recording.", self._path.name)

    def _watch_clock(self) -> None:
        """Say what the readings' time is worth once the wall clock has been set during the run."""
        ahead, offset = self._ahead(), self._info.utc_offset_s
        if offset is not None and abs(ahead - self._ahead_told) > CLOCK_JUMP_S:
            self._set_s += ahead - self._ahead_told
            self._ahead_told = ahead
            data = _json({"time": self._last_time, "utc_offset_s": offset + self._set_s})
            self._open.append((CLOCK, self._last_time, data))

    def _write_all(self) -> None:
        chunks = 0
        while (chunk := self._queue.get()) is not None:
            if not self.fault:
                self._guarded(self._write, chunk)
                chunks += 1
                if chunks % CHECK_ROOM_EVERY == 0 and not self.fault:
                    self._guarded(self._check_room)
            self._queue.task_done()
        if not self.fault:
            self._guarded(self._writer.finish)
        self._storage.close()

    def _write(self, chunk: list[Message]) -> None:
        blocks = [content for _, _, content in chunk if isinstance(content, Samples)]
        encoded = iter(wire.encode(blocks, self._info.acc_scale, self._info.gyr_scale) if blocks else ())
        for topic, at, content in chunk:
            data = next(encoded) if isinstance(content, Samples) else content
            self._writer.add(topic, _nanoseconds(at, self._info.utc_offset_s), data)
        self._writer.end_chunk()

    def _check_room(self) -> None:
        if not self._room.make():
            self._writer.finish()
            raise OSError("the disk is nearly full")

    def _guarded(self, action: Callable[..., None], *arguments: object) -> None:
        """Do it; a failing disk ends the recording, and what reached it stays readable."""
        try:
            action(*arguments)
        except OSError as error:
            self.fault = f"{self._path.name}: {why(error)}; recording has stopped, the run goes on."
            _LOG.error("%s", self.fault)


def _short(block: Samples) -> Iterator[Samples]:
    """A block in pieces of a quarter of a chunk; a live sensor's batch is one."""
    if block.time[-1] - block.time[0] <= CHUNK_S / 4:
        yield block
        return
    cuts = np.flatnonzero(np.diff(np.floor((block.time - block.time[0]) / (CHUNK_S / 4)))) + 1
    for a, b in itertools.pairwise([0, *cuts.tolist(), len(block)]):
        yield block[a:b]


def channels() -> dict[str, tuple[str, str, str, bytes]]:
    """Topic to message encoding, schema name, schema encoding and schema."""
    anything = json.dumps({"type": "object"}).encode()
    return {
        READINGS: ("protobuf", wire.SCHEMA_NAME, "protobuf", wire.schema()),
        CONTEXT: ("json", "backbeat.Context", "jsonschema", anything),
        EVENTS: ("json", "backbeat.Event", "jsonschema", anything),
        CLOCK: ("json", "backbeat.Clock", "jsonschema", anything),
    }


def _metadata(info: SourceInfo, settings: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    source = {field.name: getattr(info, field.name) for field in dataclasses.fields(info)}
    versions = {"backbeat": __version__, "python": platform.python_version(), "numpy": np.__version__}
    return {
        "source": {"json": _json({**source, "details": dict(info.details)}).decode()},
        "settings": {"json": _json(settings).decode()},
        "versions": {**versions, "machine": platform.platform()},
    }


def _nanoseconds(time: float, utc_offset: float | None) -> int:
    return max(0, round((time + (utc_offset or 0.0)) * 1e9))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
