"""`index.csv`: what came of each recording, for people, for spreadsheets and for the next time."""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Literal

from backbeat.errors import UserError

NAME = "index.csv"


@dataclass(frozen=True, slots=True)
class Entry:
    """One recording.

    Attributes:
        name: its result is `<name>.jsonl`.
        state: done or failed.
        seconds: how long it lasts.
        steps: how many were found.
        sha256: of the result.
        engine: which analysis made it, and with which settings.
        input: stamp of the recording that was analysed.
        error: why it failed.
    """

    name: str
    state: Literal["done", "failed"]
    seconds: float
    steps: int
    sha256: str
    engine: str
    input: str
    error: str


class NoPlaceError(UserError):
    """One result has no place; others have."""


COLUMNS = [field.name for field in fields(Entry)]


def load(folder: Path) -> dict[str, Entry]:
    """What earlier calls have done, by name.

    Raises:
        UserError: the file cannot be read, or is none of ours.
    """
    path = folder / NAME
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if reader.fieldnames != COLUMNS:
                raise UserError(f"{path}: this is another program's file; choose an empty folder for the results.")
            return {row["name"]: _entry(row) for row in reader}
    except FileNotFoundError:
        return {}
    except NotADirectoryError:
        raise UserError(f"{folder}: is a file; choose a folder for the results.") from None
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise UserError(f"{path}: cannot be read ({error}); delete it to analyse everything again.") from None


def save(folder: Path, entries: Iterable[Entry]) -> None:
    """Write all entries in the order of their names, or none.

    Raises:
        UserError: it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(entry) for entry in sorted(entries, key=lambda entry: entry.name))
    put(folder / NAME, text.getvalue().encode())


def put(path: Path, content: bytes) -> None:
    """Write a whole file or nothing.

    Raises:
        NoPlaceError: something else is where it belongs.
        UserError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except (IsADirectoryError, NotADirectoryError, FileExistsError):
        _remove(part)
        raise NoPlaceError(f"{path}: a folder and a result have the same name; move the folder away.") from None
    except OSError as error:
        _remove(part)
        raise UserError(f"{path}: {error.strerror}; free some space or choose another folder.") from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """While this lasts nobody else writes results there, where the system has such locks.

    Raises:
        UserError: somebody does, or there can be no such folder.
    """
    try:
        import fcntl
    except ModuleNotFoundError:  # Windows
        yield
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except (FileExistsError, NotADirectoryError):
        raise UserError(f"{folder}: is a file; choose a folder for the results.") from None
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}; choose another folder for the results.") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno == errno.EWOULDBLOCK:
            os.close(descriptor)
            raise UserError(f"{folder}: another reprocess writes there; wait for its end.") from None
    try:
        yield
    finally:
        os.close(descriptor)


def _remove(part: Path) -> None:
    with suppress(OSError):
        part.unlink()


def _entry(row: dict[str, str]) -> Entry:
    state: Literal["done", "failed"] = "done" if row["state"] == "done" else "failed"
    return Entry(
        name=row["name"],
        state=state,
        seconds=float(row["seconds"]),
        steps=int(row["steps"]),
        sha256=row["sha256"],
        engine=row["engine"],
        input=row["input"],
        error=row["error"],
    )
