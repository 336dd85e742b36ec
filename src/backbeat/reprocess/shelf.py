"""The recordings in a folder or bucket, by fsspec."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import fsspec
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from backbeat.errors import UserError, printable

SUFFIXES = (".csv", ".mcap", ".zip", ".json")
"""Of what `backbeat replay` reads."""

STAMPS = ("ETag", "etag", "md5", "content_md5", "mtime", "LastModified", "last_modified", "created")
"""What file systems have to tell one content of a file from the next, the best first."""

LONGEST_NAME = 200
"""Bytes of a level of a result's name: a file system takes 255, with what is put around it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A recording in an archive.

    Attributes:
        name: of its result: the path within the archive without its suffix, unless two would have the same.
        archive: where it is, for fsspec.
        path: of it, as the archive's file system knows it.
        within: the path within the archive.
        stamp: changes when its content does: size, and the store's own mark or time.
        size: bytes.
        closed: it is a folder that cannot be listed, and stands for what is in it.
    """

    name: str
    archive: str
    path: str
    within: str
    stamp: str
    size: int
    closed: bool

    def matches(self, pattern: str) -> bool:
        """Whether its path within the archive is like this, as a shell compares."""
        return fnmatch(self.within, pattern)


def recordings(archive: str, leave_out: Path | None = None) -> list[Found]:
    """Every recording in an archive, in the order of their paths; a folder that cannot be listed stands for its own.

    Args:
        archive: a folder, or a URL such as s3://bucket/runs; a single recording is an archive of one.
        leave_out: a file of the same machine that is no recording: the index of the results.

    Raises:
        UserError: there is no such archive, it cannot be listed, or there is nothing in it.
    """
    system, root = _opened(archive)
    if isinstance(system, LocalFileSystem):
        listed = _in_folder(Path(root), leave_out)
    else:
        listed = _in_bucket(archive, system, root)
    inside = {within: details for within, details in sorted(listed.items()) if _may_be_one(within, details)}
    if not inside:
        raise UserError(f"{archive}: there is no recording ({', '.join(SUFFIXES)}) in it.")
    return [
        Found(
            name=name,
            archive=archive,
            path=details["name"],
            within=within,
            stamp=_stamp(details),
            size=int(details["size"] or 0),
            closed=_is_folder(details),
        )
        for (within, details), name in zip(inside.items(), _names(list(inside)), strict=True)
    ]


@contextmanager
def on_disk(found: Found) -> Iterator[Path]:
    """The file itself: as it is where it is on this machine, else a copy for as long as this lasts.

    Raises:
        UserError: it cannot be fetched or listed.
    """
    system, _ = _opened(found.archive)
    if isinstance(system, LocalFileSystem):
        if found.closed:
            raise UserError(f"{found.path}: this folder cannot be listed; check who may read it.")
        yield Path(found.path)
        return
    with TemporaryDirectory(prefix="backbeat-") as folder:
        copy = Path(folder) / PurePosixPath(found.path).name
        try:
            system.get_file(found.path, str(copy))
        except Exception as error:  # noqa: BLE001 (each store has errors of its own: no credentials, no answer)
            raise UserError(f"{found.archive}: {found.within} cannot be fetched ({_why(error)}).") from None
        try:
            yield copy
        except UserError as error:  # of the copy, which nobody can look at
            raise UserError(str(error).replace(str(copy), f"{found.archive.rstrip('/')}/{found.within}")) from None


def _opened(archive: str) -> tuple[AbstractFileSystem, str]:
    if ":" not in archive or Path(archive).exists():  # also a folder whose name looks like an address
        return LocalFileSystem(), os.path.abspath(Path(archive).expanduser())  # noqa: PTH100 (links stay links)
    try:
        system, root = fsspec.core.url_to_fs(archive)
    except (ImportError, ValueError) as error:
        raise UserError(
            f"{archive}: {_why(error)}; name a folder, or a bucket such as s3://bucket/runs and install its package."
        ) from None
    return system, root


def _in_folder(root: Path, leave_out: Path | None) -> dict[str, Mapping[str, Any]]:
    """Files below a folder. Links to folders are followed last, and no folder is gone through twice."""
    if root.is_file():
        return {root.name: _details(root)}
    if not root.is_dir():
        raise UserError(f"{root}: there is no such folder; check the name.")
    closed: list[Path] = []
    found: dict[str, Mapping[str, Any]] = {}
    seen: set[Path] = set()
    waiting = deque([root])
    while waiting:
        for place, folders, files in os.walk(
            waiting.popleft(), onerror=lambda error: closed.append(Path(error.filename))
        ):
            folder = Path(place)
            if folder.resolve() in seen:
                folders.clear()
                continue
            seen.add(folder.resolve())
            folders.sort()  # which of two links is followed is always the same
            waiting += sorted(inner for name in folders if (inner := folder / name).is_symlink())
            for name in files:
                path = folder / name
                if leave_out is None or name != leave_out.name or path.resolve() != leave_out.resolve():
                    _add(found, root, path)
    if root in closed:
        raise UserError(f"{root}: cannot be listed; check who may read it.")
    for path in closed:
        _add(found, root, path)
    return found


def _add(found: dict[str, Mapping[str, Any]], root: Path, path: Path) -> None:
    with suppress(FileNotFoundError):  # it has gone since the folder was listed
        found[path.relative_to(root).as_posix()] = _details(path)


def _details(path: Path) -> Mapping[str, Any]:
    try:
        of_file = path.stat()
    except OSError:  # a link to nowhere, or out of reach: it is listed, and fails
        of_file = path.lstat()
    return {"name": str(path), "size": of_file.st_size, "mtime": of_file.st_mtime, "mode": of_file.st_mode}


def _in_bucket(archive: str, system: AbstractFileSystem, root: str) -> dict[str, Mapping[str, Any]]:
    try:
        listed: dict[str, Mapping[str, Any]] = system.find(root, detail=True)
        there = bool(listed) or system.exists(root)
    except Exception as error:  # noqa: BLE001 (see above)
        raise UserError(
            f"{archive}: cannot be listed ({_why(error)}); check its name, the network and what lets you in."
        ) from None
    if not there:
        raise UserError(f"{archive}: there is no such folder; check the name.")
    start = str(PurePosixPath(root))
    return {path.removeprefix(start).lstrip("/") or PurePosixPath(path).name: of for path, of in listed.items()}


def _is_folder(details: Mapping[str, Any]) -> bool:
    return stat.S_ISDIR(details.get("mode", stat.S_IFREG))


def _may_be_one(within: str, details: Mapping[str, Any]) -> bool:
    if _is_folder(details):  # it could not be listed
        return True
    mode = details.get("mode", stat.S_IFREG)
    ordinary = stat.S_ISREG(mode) or stat.S_ISLNK(mode)  # to open a pipe would wait for ever
    return ordinary and PurePosixPath(within).suffix.lower() in SUFFIXES


def _names(paths: list[str]) -> list[str]:
    """Of their results, each another one, and none that leads out of a folder or that a terminal would obey."""
    stems = [_cleaned(str(PurePosixPath(path).with_suffix(""))) for path in paths]
    wholes = [_cleaned(path) for path in paths]
    of_stem, of_whole = Counter(stems), Counter(wholes)
    return [
        stem
        if stem and of_stem[stem] == 1 and stem not in of_whole
        else (whole if of_whole[whole] == 1 else f"{whole}-{_sum(path)}")
        for path, stem, whole in zip(paths, stems, wholes, strict=True)
    ]


def _cleaned(path: str) -> str:
    levels = []
    for level in PurePosixPath(path.lstrip("/")).parts:
        clean = printable(level.translate({9: "�", 10: "�"})).encode()[:LONGEST_NAME].decode(errors="ignore")
        levels.append(level if clean == level and level != ".." else f"{clean.strip('.')}-{_sum(level)}")
    return "/".join(levels)


def _sum(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()[:8]


def _why(error: Exception) -> str:
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(words).strip().rstrip(".").replace("\n", " ")


def _stamp(details: Mapping[str, Any]) -> str:
    mark = next((str(details[name]) for name in STAMPS if details.get(name)), "")
    return f"{details['size']} {mark}".strip()
