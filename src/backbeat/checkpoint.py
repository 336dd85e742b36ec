"""The state of the analysis on disk, once a minute, so that a crash does not end a session.

`backbeat.recovery` brings a run back from it.
"""

from __future__ import annotations

import io
import json
import logging
import os
import pickle
import sys
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import zstandard

from backbeat import __version__
from backbeat.events import Event, SessionChange
from backbeat.monitor import Monitor
from backbeat.samples import Context, Samples, SourceInfo

_LOG = logging.getLogger(__name__)

EVERY_S = 60.0
"""Seconds of readings between two states; what lies between is fed again from the recording."""

MAGIC = b"backbeat-state-1\n"
LARGEST_BYTES = 1 << 24
"""A state is some 0.3 MB; above 16 MB it is not written, for something must have gone wrong."""

_PURE = (
    "backbeat.monitor",
    "backbeat.sessions",
    "backbeat.samples",
    "backbeat.events",
    "backbeat.gait",
    "backbeat.strain",
)
_NUMPY = {("numpy", "dtype"), ("numpy", "ndarray"), ("numpy._core.numeric", "_frombuffer")}
_NUMPY |= {("numpy._core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "scalar")}
_BUILTINS = {("collections", "deque"), ("builtins", "set"), ("builtins", "frozenset"), ("builtins", "slice")}


@lru_cache
def layout() -> int:
    """A check sum of the names and types of everything that objects of the analysis hold."""
    held = {}
    waiting, seen = ["backbeat.monitor"], set()
    while waiting:
        name = waiting.pop()
        if name in seen or not _is_pure(name):
            continue
        seen.add(name)
        for value in vars(sys.modules[name]).values():
            waiting.append(getattr(value, "__module__", None) or "")
            if isinstance(value, type) and value.__module__ == name:
                # a class without slots names what it holds where it sets it
                begin = getattr(vars(value).get("__init__"), "__code__", None)
                held[f"{name}.{value.__qualname__}"] = (
                    getattr(value, "__slots__", ()),
                    value.__annotations__,
                    () if begin is None else begin.co_names,
                )
    return zlib.crc32(repr(sorted(held.items())).encode())


def _is_pure(module: str) -> bool:
    return any(module == pure or module.startswith(f"{pure}.") for pure in _PURE)


@dataclass(frozen=True, slots=True)
class About:
    """What the first line of a state says.

    Attributes:
        time: last reading that the state has seen, s.
        wall: Unix time when it was written.
        utc_offset_s: Unix time minus the readings' time, None where the wall clock was not known.
        session: the session under way, if one is.
        recordings: names of the run's recordings so far, beside the state.
        version: of Backbeat.
        layout: of the classes that the state is made of.
    """

    time: float
    wall: float
    utc_offset_s: float | None
    session: str | None
    recordings: Sequence[str]
    version: str = __version__
    layout: int = field(default_factory=layout)

    @property
    def ours(self) -> bool:
        """Whether this program can make objects of the state: the version alone misses what changed between two."""
        return self.version == __version__ and self.layout == layout()


def save(path: Path, about: About, pickled: bytes) -> None:
    """Write a state so that a power cut leaves the old or the new one, whole.

    Raises:
        OSError: the disk does not take it.
    """
    body = zstandard.ZstdCompressor(level=1).compress(pickled)
    content = MAGIC + json.dumps(asdict(about)).encode() + b"\n" + body
    if len(content) > LARGEST_BYTES:
        raise OSError(f"the state of the analysis has {len(content)} bytes")
    new = path.with_name(f"{path.name}.new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content + zlib.crc32(content).to_bytes(4, "little"))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load(path: Path) -> tuple[About, Monitor | None] | None:
    """The state on disk, None where there is none; without its monitor where that is damaged or of another version."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 5)
        if not content.startswith(MAGIC):
            raise ValueError("not a state of Backbeat")
        line, _, rest = content[len(MAGIC) :].partition(b"\n")
        about = About(**json.loads(line))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        _LOG.warning("%s: the saved state cannot be used (%s); a new session begins.", path.name, error)
        return None
    whole = zlib.crc32(content[:-4]) == int.from_bytes(content[-4:], "little")
    return about, _unpickled(rest[:-4]) if whole and about.ours else None


class _PureUnpickler(pickle.Unpickler):
    """Makes objects of the analysis and numpy arrays, and nothing that could act on the world."""

    def find_class(self, module: str, name: str) -> Any:
        """See `pickle.Unpickler`."""
        known = (module, name) in _NUMPY | _BUILTINS or _is_pure(module)
        if not known or "." in name:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a state")
        return super().find_class(module, name)


def _unpickled(body: bytes) -> Monitor | None:
    try:
        content = zstandard.ZstdDecompressor().stream_reader(body).read(8 * LARGEST_BYTES)
        monitor = _PureUnpickler(io.BytesIO(content)).load()
    except (zstandard.ZstdError, pickle.UnpicklingError, AttributeError, ImportError, TypeError, EOFError) as error:
        _LOG.warning("The saved state of the analysis cannot be used (%s); it is made anew from the recordings.", error)
        return None
    return monitor if isinstance(monitor, Monitor) else None


class Keeper:
    """A consumer that keeps the monitor's state on disk; a run that ends by itself removes it.

    Args:
        path: the file of the state.
        monitor: the analysis that the run drives.
        info: of the source.
        recordings: names of the run's recordings, oldest first, in the folder of the state.
        wall: Unix time now.
    """

    def __init__(
        self,
        path: Path,
        monitor: Monitor,
        info: SourceInfo,
        recordings: Sequence[str],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._path, self._monitor, self._recordings, self._wall = path, monitor, tuple(recordings), wall
        self._utc_offset_s = info.utc_offset_s
        self._saved_at: float | None = None
        self._told = False
        self._writing: threading.Thread | None = None

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """Save the state when a minute has passed, or a session began or ended."""
        if isinstance(block, Context) or not len(block):
            return
        now = float(block.time[-1])
        session = any(isinstance(event, SessionChange) for event in events)
        if self._saved_at is None or session or now - self._saved_at >= EVERY_S:
            self._save(now)

    def finish(self, events: Sequence[Event]) -> None:
        """The run has ended by itself: there is nothing to go on with."""
        del events
        if self._writing:
            self._writing.join()
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:  # the disk has become read-only
            _LOG.error("%s: cannot be removed (%s); the next run will look at it.", self._path.name, error.strerror)

    def _save(self, now: float) -> None:
        if self._writing and self._writing.is_alive():
            return  # the disk is slow; a later block tries again
        self._saved_at = now
        about = About(now, self._wall(), self._utc_offset_s, self._monitor.session, self._recordings)
        # pickled on the analysis' thread, where nothing changes meanwhile; the disk is waited for on another
        arguments = (about, pickle.dumps(self._monitor, protocol=5))
        self._writing = threading.Thread(target=self._write, args=arguments, name="checkpoint", daemon=True)
        self._writing.start()

    def _write(self, about: About, pickled: bytes) -> None:
        try:
            save(self._path, about, pickled)
        except OSError as error:
            if not self._told:
                self._told = True
                _LOG.error("%s: the state cannot be saved (%s); a crash would end the session.", self._path.name, error)
