"""Recordings as sources: the `file:` scheme, and which reader a file wants."""

from __future__ import annotations

from pathlib import Path

from backbeat.errors import SourceError
from backbeat.logbook.csv_file import CsvRecording
from backbeat.logbook.recording import Recording


def open_recording(path: Path, *, strict: bool = False) -> Recording:
    """Open a recording of any kind that Backbeat reads.

    Raises:
        SourceError: there is no such file, or it cannot be a recording; one sentence says why, where, and what to do.
    """
    if path.is_dir():
        raise SourceError(f"{path} is a folder; name a recording in it.")
    if not path.exists():
        raise SourceError(f"{path}: there is no such file; check the name.")
    return CsvRecording(path, strict=strict)


def open_file(uri: str) -> Recording:
    """Open `file:PATH` (the entry point of the scheme)."""
    return open_recording(Path(uri.removeprefix("file:")))
