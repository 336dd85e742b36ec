"""The recordings in a folder or bucket, by fsspec."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from backbeat.errors import UserError

SUFFIXES = (".csv", ".mcap", ".zip", ".json")
"""Of what `backbeat replay` reads."""

STAMPS = ("ETag", "etag", "md5", "content_md5", "mtime", "LastModified", "last_modified", "created")
"""What file systems have to tell one content of a file from the next, the best first."""


@dataclass(frozen=True, slots=True)
class Found:
    """A recording in an archive.

    Attributes:
        name: of its result: the path within the archive without its suffix, unless two would have the same.
        url: where it is, for fsspec.
        stamp: changes when its content does: size, and the store's own mark or time.
        size: bytes.
    """

    name: str
    url: str
    stamp: str
    size: int


def recordings(archive: str, match: str = "*", leave_out: Path | None = None) -> list[Found]:
    """Every recording in an archive, in the order of their names.

    Args:
        archive: a folder, or a URL such as s3://bucket/runs; a single recording is an archive of one.
        match: only paths within the archive that match, as a shell does.
        leave_out: a folder of the same machine that is none of the archive's: results.

    Raises:
        UserError: there is no such archive, it cannot be listed, or there is nothing in it.
    """
    try:
        system, root = fsspec.core.url_to_fs(archive)
    except (ImportError, ValueError) as error:
        raise UserError(
            f"{archive}: {_why(error)}; name a folder, or a bucket such as s3://bucket/runs and install its package."
        ) from None
    try:
        listed = system.find(root, detail=True)
    except Exception as error:  # noqa: BLE001 (each store has errors of its own: no credentials, no answer)
        raise UserError(
            f"{archive}: cannot be listed ({_why(error)}); check its name, the network and what lets you in."
        ) from None
    if not listed and not system.exists(root):
        raise UserError(f"{archive}: there is no such folder; check the name.")
    start = str(PurePosixPath(root))
    inside: dict[str, Mapping[str, Any]] = {}
    for path, details in listed.items():
        relative = path.removeprefix(start).lstrip("/") or PurePosixPath(path).name
        is_result = leave_out is not None and isinstance(system, LocalFileSystem) and _within(Path(path), leave_out)
        if PurePosixPath(path).suffix.lower() in SUFFIXES and fnmatch(relative, match) and not is_result:
            inside[relative] = details
    if not inside:
        raise UserError(f"{archive}: no recording ({', '.join(SUFFIXES)}) in it matches '{match}'.")
    stems = Counter(_stem(relative) for relative in inside)
    return [
        Found(
            name=_stem(relative) if stems[_stem(relative)] == 1 and _stem(relative) not in inside else relative,
            url=system.unstrip_protocol(details["name"]),
            stamp=_stamp(details),
            size=int(details["size"] or 0),
        )
        for relative, details in sorted(inside.items())
    ]


@contextmanager
def on_disk(url: str) -> Iterator[Path]:
    """The file itself: as it is where it is on this machine, else a copy for as long as this lasts.

    Raises:
        UserError: it cannot be fetched.
    """
    system, path = fsspec.core.url_to_fs(url)
    if isinstance(system, LocalFileSystem):
        yield Path(path)
        return
    with TemporaryDirectory(prefix="backbeat-") as folder:
        copy = Path(folder) / PurePosixPath(path).name
        try:
            system.get_file(path, str(copy))
        except Exception as error:  # noqa: BLE001 (see above)
            raise UserError(f"{url}: cannot be fetched ({_why(error)}).") from None
        yield copy


def _why(error: Exception) -> str:
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(words).strip().rstrip(".").replace("\n", " ")


def _stem(relative: str) -> str:
    return str(PurePosixPath(relative).with_suffix(""))


def _stamp(details: Mapping[str, Any]) -> str:
    mark = next((str(details[name]) for name in STAMPS if details.get(name)), "")
    return f"{details['size']} {mark}".strip()


def _within(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
