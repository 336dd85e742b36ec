"""Recordings as sources: the `file:` scheme, and which reader a file wants."""

from __future__ import annotations

from pathlib import Path

from backbeat.errors import SourceError
from backbeat.logbook.csv_file import CsvRecording
from backbeat.logbook.recording import Recording

MAGIC = b"\x89MCAP0\r\n"


def open_recording(path: Path, *, strict: bool = False) -> Recording:
    """Open a recording of any kind that Backbeat reads.

    Raises:
        SourceError: there is no such file, or it cannot be a recording; one sentence says why, where, and what to do.
    """
    if path.is_dir():
        raise SourceError(f"{path} is a folder; name a recording in it.")
    if not path.exists():
        raise SourceError(f"{path}: there is no such file; check the name.")
    try:
        with path.open("rb") as file:
            beginning = file.read(16)
    except OSError as error:
        raise SourceError(f"{path}: {(error.strerror or 'cannot be read').lower()}; check the file.") from None
    if beginning.startswith(MAGIC):
        from backbeat.logbook.mcap_file import McapRecording

        return McapRecording(path, strict=strict)
    return CsvRecording(path, strict=strict)


def open_file(uri: str) -> Recording:
    """Open `file:PATH` (the entry point of the scheme)."""
    return open_recording(Path(uri.removeprefix("file:")))
