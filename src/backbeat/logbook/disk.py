"""The file that a recording goes to, and the rule for a disk that is nearly full."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

_LOG = logging.getLogger(__name__)

KEEP_FREE_BYTES = 200_000_000
"""So much of the disk is left to everything else on the machine."""


class DiskFile:
    """A new file whose writes reach the disk with `sync`.

    Raises:
        OSError: the file exists already, or cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        folder = os.open(path.parent, os.O_RDONLY)  # the name has to survive a power cut too
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def write(self, data: bytes) -> None:
        """Append."""
        while data:
            data = data[os.write(self._handle, data) :]

    def sync(self) -> None:
        """Return once the disk has everything."""
        os.fsync(self._handle)

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


class Room:
    """Keeps part of the disk free: the oldest recordings of a folder go first, and when none is left, writing stops.

    Args:
        path: the recording that is being written; it is never removed.
        removable: folder whose other `*.mcap` recordings may be removed, oldest name first; None to remove nothing.
        keep_free: bytes.
        free: bytes that a disk has left, for a path on it.
    """

    def __init__(
        self,
        path: Path,
        removable: Path | None,
        keep_free: int = KEEP_FREE_BYTES,
        free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self._path, self._removable, self._keep_free, self._free = path, removable, keep_free, free

    def make(self) -> bool:
        """Whether there is room to go on, after the oldest recordings have gone if need be."""
        while self._free(self._path.parent) < self._keep_free:
            oldest = min(self._others(), key=lambda path: path.name, default=None)
            if oldest is None:
                return False
            _LOG.warning("%s: removed to make room; the disk is nearly full.", oldest.name)
            oldest.unlink()
        return True

    def _others(self) -> list[Path]:
        if self._removable is None:
            return []
        return [path for path in self._removable.glob("*.mcap") if path.resolve() != self._path.resolve()]
