"""Recordings as sources: the `file:` scheme, and which reader a file wants."""

from __future__ import annotations

from pathlib import Path

from backbeat.errors import SourceError
from backbeat.logbook.csv_file import CsvRecording
from backbeat.logbook.recording import Recording

MCAP_MAGIC, ZIP_MAGIC = b"\x89MCAP0\r\n", b"PK\x03\x04"


def open_recording(path: Path, *, strict: bool = False, columns: Path | None = None) -> Recording:
    """Open a recording of any kind that Backbeat reads; the content says which, not the name.

    Args:
        path: the file, or the unpacked folder of a phone app's export.
        strict: refuse what otherwise is a marked gap with a warning.
        columns: a column map (`backbeat.logbook.column_map`), for tables of other programs.

    Raises:
        SourceError: there is no such file, or it cannot be a recording; one sentence says why, where, and what to do.
    """
    if not path.exists():
        raise SourceError(f"{path}: there is no such file; check the name.")
    if path.is_dir():
        return _import_folder(path, strict)
    try:
        with path.open("rb") as file:
            beginning = file.read(4096)
    except OSError as error:
        raise SourceError(f"{path}: {(error.strerror or 'cannot be read').lower()}; check the file.") from None
    if columns is not None:
        return _import_mapped(path, columns, strict)
    if beginning.startswith(MCAP_MAGIC):
        from backbeat.logbook.mcap_file import McapRecording

        return McapRecording(path, strict=strict)
    if beginning.startswith(ZIP_MAGIC) or beginning.lstrip()[:1] in (b"{", b"["):
        return _import(path, beginning, strict)
    if path.suffix.lower() == ".mcap" and b"\0" in beginning:
        raise SourceError(f"{path}: this does not begin as MCAP files do; it is damaged: fetch it again.")
    header = beginning.removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].decode("utf-8", "replace").lower()
    if "seconds_elapsed" in header or header.replace('"', "").startswith("time (s)"):
        return _import(path, beginning, strict)
    return CsvRecording(path, strict=strict)


def open_file(uri: str) -> Recording:
    """Open `file:PATH` (the entry point of the scheme)."""
    return open_recording(Path(uri.removeprefix("file:")))


def _import_folder(path: Path, strict: bool) -> Recording:
    from backbeat.logbook import phyphox, sensor_logger
    from backbeat.logbook.archive import Archive
    from backbeat.logbook.imported import ImportedRecording

    names = {name.lower().split("/")[-1] for name in Archive(path).names()}
    if names & {f"{sensor.lower()}.csv" for sensor in sensor_logger.SENSORS} and "metadata.csv" in names:
        return ImportedRecording(path.name, sensor_logger.read(path), strict=strict)
    if names & {"accelerometer.csv", "raw data.csv"} and names & {"time.csv", "device.csv"}:
        return ImportedRecording(path.name, phyphox.read(path), strict=strict)
    raise SourceError(f"{path} is a folder; name a recording in it.")


def _import_mapped(path: Path, columns: Path, strict: bool) -> Recording:
    from backbeat.logbook import column_map
    from backbeat.logbook.archive import Archive
    from backbeat.logbook.imported import ImportedRecording

    found = column_map.read(path, column_map.load_map(columns), Archive(path).read(path.name))
    return ImportedRecording(path.name, found, strict=strict)


def _import(path: Path, beginning: bytes, strict: bool) -> Recording:
    """What a phone app exported; the readers of such files are imported only here."""
    from backbeat.logbook import movesense, phyphox, sensor_logger
    from backbeat.logbook.archive import Archive
    from backbeat.logbook.imported import ImportedRecording

    archive = Archive(path)
    if beginning.lstrip()[:1] == b"{":
        found = movesense.read_json(path, archive.read(path.name))
    elif beginning.lstrip()[:1] == b"[":
        found = sensor_logger.read_json(path, archive.read(path.name))
    elif beginning.startswith(ZIP_MAGIC):
        names = [name.lower() for name in archive.names()]
        ours = any(name.endswith("metadata.csv") for name in names)
        found = sensor_logger.read(path) if ours else phyphox.read(path)
    elif b"seconds_elapsed" in beginning.split(b"\n")[0]:
        found = sensor_logger.read(path)
    else:
        found = phyphox.read(path)
    return ImportedRecording(path.name, found, strict=strict)
