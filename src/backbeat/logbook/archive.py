"""Files inside a zip, a folder, or alone: what phone apps export, read with a limit on what they may unpack to."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from backbeat.errors import SourceError

LARGEST_BYTES = 1 << 28
"""256 MB of text a file: some fourteen hours of a phone's accelerometer at 100 Hz."""

LARGEST_JSON_BYTES = 1 << 26
"""JSON unpacks to some twenty times its size in memory."""

MOST_FILES = 1000


def json_in(content: bytes, file: str) -> Any:
    """The JSON in a file.

    Raises:
        SourceError: it is none, or too large.
    """
    if len(content) > LARGEST_JSON_BYTES:
        raise SourceError(f"{file}: more than {LARGEST_JSON_BYTES >> 20} MB of JSON; export the recording as CSV.")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{file}: this is not JSON ({str(error)[:80]}); export the recording again.") from None


class Archive:
    """Text files by their name (without folders), wherever they are.

    Args:
        path: a zip, a folder, or a single file.

    Raises:
        SourceError: it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._inside: Mapping[str, str] = {}
        if path.is_dir():
            files = islice((file for file in path.rglob("*") if file.is_file()), MOST_FILES + 1)  # of a whole disk, too
            self._inside = {str(file.relative_to(path)): str(file) for file in sorted(files)}
        elif zipfile.is_zipfile(path):
            try:
                with zipfile.ZipFile(path) as archive:
                    self._inside = {info.filename: info.filename for info in archive.infolist()}
            except (zipfile.BadZipFile, OSError, ValueError) as error:
                raise SourceError(f"{path}: the zip cannot be read ({error}); export it again.") from None
        else:
            self._inside = {path.name: str(path)}
        if len(self._inside) > MOST_FILES:
            raise SourceError(f"{path}: more than {MOST_FILES} files are no export of one recording; name one.")

    def names(self) -> list[str]:
        """Names with folders, as they are inside."""
        return list(self._inside)

    def find(self, name: str) -> bytes | None:
        """The content of the file that ends in this name, whatever its folder and capitals; None where there is none.

        Raises:
            SourceError: it is damaged, or larger than any recording.
        """
        found = [inside for inside in self._inside if inside.lower().split("/")[-1] == name.lower()]
        return self.read(found[0]) if found else None

    def read(self, inside: str) -> bytes:
        """The content of a file; the size is what comes out, not what a header says.

        Raises:
            SourceError: it is damaged, or larger than any recording.
        """
        try:
            if zipfile.is_zipfile(self.path):
                with zipfile.ZipFile(self.path) as archive, archive.open(inside) as file:
                    content = file.read(LARGEST_BYTES + 1)
            else:
                with Path(self._inside[inside]).open("rb") as file:
                    content = file.read(LARGEST_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as error:
            raise SourceError(f"{self.path}: {inside} cannot be read ({error}); export it again.") from None
        if len(content) > LARGEST_BYTES:
            raise SourceError(f"{self.path}: {inside} is larger than {LARGEST_BYTES >> 20} MB; cut it into parts.")
        return content
