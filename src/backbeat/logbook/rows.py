"""Bytes of a comma-separated table into numbers: whole pieces at once, line by line only where a piece is damaged."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from backbeat.samples import FloatArray

COMMA, NEWLINE = 0x2C, 0x0A


@dataclass(frozen=True, slots=True)
class Rows:
    """Lines of a table as numbers.

    Attributes:
        values: shape (lines, columns); NaN where a field is empty or its line cannot be read.
        faults: line (counted from 0 within the piece) to what is wrong with it, in words.
        blank: lines that hold nothing at all.
    """

    values: FloatArray
    faults: dict[int, str] = field(default_factory=dict)
    blank: set[int] = field(default_factory=set)


def parse(piece: bytes, columns: int, used: Sequence[int]) -> Rows:
    """Numbers of complete lines, each ended by a newline; only the columns `used` have to be numbers."""
    piece = piece.replace(b"\r\n", b"\n")
    values = _all_at_once(piece, columns)
    if values is None and b"nan" not in piece:  # empty fields are common: a column given once a second
        filled = piece.replace(b",,", b",nan,").replace(b",,", b",nan,").replace(b",\n", b",nan\n")
        values = _all_at_once(filled, columns)
    return Rows(values) if values is not None else _line_by_line(piece, columns, used)


def _all_at_once(piece: bytes, columns: int) -> FloatArray | None:
    """The numbers, or None where the piece is anything but `columns` numbers on every line."""
    codes = np.frombuffer(piece, dtype=np.uint8)
    ends = np.flatnonzero(codes == NEWLINE)
    commas = np.searchsorted(np.flatnonzero(codes == COMMA), ends)
    if not np.array_equal(commas, np.arange(1, len(ends) + 1) * (columns - 1)):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy's way to say that it met something that is no number
            values = np.fromstring(piece.replace(b"\n", b","), sep=",")
    except (DeprecationWarning, ValueError):
        return None
    return values.reshape(-1, columns) if len(values) == len(ends) * columns else None


def _line_by_line(piece: bytes, columns: int, used: Sequence[int]) -> Rows:
    lines = piece.removesuffix(b"\n").split(b"\n")
    rows = Rows(np.full((len(lines), columns), np.nan))
    for index, line in enumerate(lines):
        fields = line.split(b",")
        if not line.strip():
            rows.blank.add(index)
        elif len(fields) != columns and not (len(fields) == columns + 1 and not fields[-1].strip()):
            rows.faults[index] = f"{len(fields)} fields instead of {columns}"
        else:
            for column in used:
                text = fields[column].strip().strip(b'"')
                try:
                    rows.values[index, column] = float(text.replace(b"_", b"x")) if text else np.nan
                except ValueError:
                    shown = text[:20].decode("utf-8", "replace")
                    rows.faults[index] = f"'{shown}' in column {column + 1} is not a number"
    return rows
