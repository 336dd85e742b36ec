"""The recorder: a consumer that writes readings, context and events to an MCAP file as they come.

The analysis never waits for the disk: messages go through a bounded queue to a thread of their own. A chunk holds
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
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from backbeat import __version__
from backbeat.errors import UserError
from backbeat.events import Alert, Event, SessionChange, Summary, as_json
from backbeat.logbook import wire
from backbeat.logbook.disk import DiskFile, Room
from backbeat.logbook.mcap_writer import McapWriter, Storage
from backbeat.samples import Context, Samples, SourceInfo

_LOG = logging.getLogger(__name__)

CHUNK_S = 0.8
"""A chunk is closed once its readings span this; with the batch that closes it, it stays under a second."""

QUEUE_AT_MOST = 600
"""Batches that may wait for a slow disk: about a minute of a live sensor."""

CHECK_ROOM_EVERY = 30
"""Chunks between two looks at the free space of the disk."""

FINISH_WITHIN_S = 20.0

READINGS, CONTEXT, EVENTS = "/readings", "/context", "/events"

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
    ) -> None:
        self.fault: str | None = None
        self._path, self._info = path, info
        self._room = room or Room(path, removable)
        if not self._room.make():
            raise UserError(f"{path}: the disk is nearly full; make room or record elsewhere.")
        try:
            self._storage = storage or DiskFile(path)
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}; choose a new file in a folder that can be written.") from None
        self._writer = McapWriter(self._storage, f"backbeat {__version__}", channels(), _metadata(info, settings))
        self._queue: queue.Queue[tuple[str, float, bytes, bool] | None] = queue.Queue(QUEUE_AT_MOST)
        self._dropped = False
        self._last_time = 0.0
        self._chunk_start: float | None = None  # the last reading before the open chunk
        self._thread = threading.Thread(target=self._write_all, name="recorder", daemon=True)
        self._thread.start()

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """Record a block and the events that it settled."""
        if self.fault:
            return
        if isinstance(block, Context):
            self._put(CONTEXT, block.time, _json({"time": block.time, "kind": block.kind, "value": block.value}))
        elif len(block):
            self._take_readings(block)
        self._take_events(events)

    def finish(self, events: Sequence[Event]) -> None:
        """Record the last events and close the file, so that it has its index."""
        self._take_events(events)
        self._queue.put(None)
        self._thread.join(FINISH_WITHIN_S)
        if self._thread.is_alive():
            _LOG.error("%s: the disk does not answer; the end of the recording may be missing.", self._path.name)

    def _take_readings(self, block: Samples) -> None:
        if self._dropped:  # what the queue had no room for is a gap in the recording
            gap = block.gap_before.copy()
            gap[0] = True
            block = dataclasses.replace(block, gap_before=gap)
        self._last_time = float(block.time[-1])
        pieces = [block]
        if block.time[-1] - block.time[0] > CHUNK_S:  # a source that is no sensor gives long blocks
            cuts = np.flatnonzero(np.diff(np.floor((block.time - block.time[0]) / (CHUNK_S / 4)))) + 1
            places = [0, *cuts.tolist(), len(block)]
            pieces = [block[a:b] for a, b in itertools.pairwise(places)]
        for piece in pieces:
            message = wire.encode(piece, self._info.acc_scale, self._info.gyr_scale)
            self._dropped = not self._put(READINGS, float(piece.time[-1]), message)

    def _take_events(self, events: Sequence[Event]) -> None:
        for event in events:
            self._put(EVENTS, self._last_time, _json(as_json(event)), urgent=isinstance(event, URGENT))

    def _put(self, topic: str, time: float, data: bytes, *, urgent: bool = False) -> bool:
        # a live run never waits; a recording from a source that is faster than the disk does
        wait = self._info.origin != "live"
        try:
            self._queue.put((topic, time, data, urgent), block=wait)
        except queue.Full:
            if not self._dropped:
                _LOG.warning("%s: the disk is too slow; readings are missing from the recording.", self._path.name)
            return False
        return True

    def _write_all(self) -> None:
        chunks = 0
        while True:
            try:
                item = self._queue.get(timeout=1.0)
            except queue.Empty:  # the sensor is silent: what there is goes to the disk
                if not self.fault:
                    self._guarded(self._writer.end_chunk)
                continue
            if item is not None and not self.fault:
                chunks += self._guarded(self._write, *item)
                if chunks == CHECK_ROOM_EVERY:
                    chunks = 0
                    self._guarded(self._check_room)
            self._queue.task_done()
            if item is None:
                break
        if not self.fault:
            self._guarded(self._writer.finish)
        self._storage.close()

    def _write(self, topic: str, time: float, data: bytes, urgent: bool) -> bool:
        """Add a message; whether it closed a chunk."""
        self._writer.add(topic, _nanoseconds(time, self._info.utc_offset_s), data)
        if topic == READINGS and self._chunk_start is None:
            self._chunk_start = time
        full = topic == READINGS and self._chunk_start is not None and time - self._chunk_start >= CHUNK_S
        if full or urgent:
            self._writer.end_chunk()
            self._chunk_start = time if topic == READINGS else self._chunk_start
        return full or urgent

    def _check_room(self) -> None:
        if not self._room.make():
            self._writer.finish()
            raise OSError("the disk is nearly full")

    def _guarded(self, action: Callable[..., object], *arguments: object) -> bool:
        """Do it; a failing disk ends the recording, and what reached it stays readable."""
        try:
            return bool(action(*arguments))
        except OSError as error:
            self.fault = f"{self._path.name}: {error.strerror or error}; recording has stopped, the run goes on."
            _LOG.error("%s", self.fault)
            return False


def channels() -> dict[str, tuple[str, str, str, bytes]]:
    """Topic to message encoding, schema name, schema encoding and schema."""
    anything = json.dumps({"type": "object"}).encode()
    return {
        READINGS: ("protobuf", wire.SCHEMA_NAME, "protobuf", wire.schema()),
        CONTEXT: ("json", "backbeat.Context", "jsonschema", anything),
        EVENTS: ("json", "backbeat.Event", "jsonschema", anything),
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
