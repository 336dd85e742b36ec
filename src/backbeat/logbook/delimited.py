"""Tables as people's programs write them: commas, semicolons or tabs, decimal points or commas, quoted names."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backbeat.errors import SourceError
from backbeat.logbook.kept import IntArray
from backbeat.logbook.rows import parse
from backbeat.samples import FloatArray


@dataclass(frozen=True, slots=True)
class Table:
    """A table of numbers.

    Attributes:
        file: where it is from, for messages.
        names: of the columns, as they stand there, without quotes.
        values: shape (rows, columns), NaN where a field holds no number.
        lines: line of each row in the file, counted from 1.
    """

    file: str
    names: tuple[str, ...]
    values: FloatArray
    lines: IntArray

    def column(self, name: str) -> FloatArray:
        """A column by its name."""
        return np.ascontiguousarray(self.values[:, self.names.index(name)])


def read_table(content: bytes, file: str, separator: str | None = None, decimal: str | None = None) -> Table:
    """The table in a text; separator and decimal mark are found where they are not given.

    Raises:
        SourceError: it is no text, or has no header.
    """
    text = _as_utf8(content, file)
    header, _, body = text.partition(b"\n")
    if header.lower().startswith(b"sep="):  # spreadsheet programs announce the separator
        header, _, body = body.partition(b"\n")
    if not header.strip():
        raise SourceError(
            f"{file}, line 1: the file is empty, or its first line is; the names of the columns are needed."
        )
    mark = (separator or _separator(header)).encode()
    if decimal == "," or (decimal is None and mark != b"," and b"," in body[:2000] and b"." not in body[:2000]):
        body = body.replace(b",", b".")
    if mark != b",":
        body = body.replace(b",", b"?").replace(mark, b",")
    names = tuple(name.strip().strip('"').strip() for name in header.decode().split(mark.decode()))
    body = body.replace(b'"', b"")
    if body and not body.endswith(b"\n"):
        body += b"\n"
    first_line = text[: text.index(header)].count(b"\n") + 2
    rows = parse(body, len(names), range(len(names))) if body else None
    values = rows.values if rows else np.empty((0, len(names)))
    whole = np.array([i not in rows.blank for i in range(len(values))], dtype=np.bool_) if rows and rows.blank else ...
    return Table(file, names, values[whole], (first_line + np.arange(len(values)))[whole])


def _as_utf8(content: bytes, file: str) -> bytes:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            content = content.decode("utf-16").encode()
        except UnicodeDecodeError:
            raise SourceError(f"{file}: this is damaged UTF-16 text; export it again as UTF-8.") from None
    content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    try:
        content[:4096].decode("utf-8", "strict" if len(content) <= 4096 else "ignore")
    except UnicodeDecodeError:
        raise SourceError(f"{file}, line 1: this is not text in UTF-8; save the table as CSV in UTF-8.") from None
    if b"\0" in content[:4096]:
        raise SourceError(f"{file}, line 1: this is not a table of text; check what kind of file it is.")
    return content


def _separator(header: bytes) -> str:
    return max("\t;,", key=lambda mark: header.count(mark.encode()))
