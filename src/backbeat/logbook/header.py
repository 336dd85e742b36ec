"""The first line of Backbeat's own CSV: which column holds what."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from backbeat.errors import SourceError

ACC = ("acc_x", "acc_y", "acc_z")
GYR = ("gyr_x", "gyr_y", "gyr_z")
CONTEXT = ("speed_m_s", "grade_pct")
KNOWN = ("time", *ACC, *GYR, *CONTEXT)


@dataclass(frozen=True, slots=True)
class Header:
    """Names of the columns and where the ones that Backbeat reads stand.

    Attributes:
        names: as in the file, in small letters, without quotes.
        place: name of a known column to its position.
    """

    names: tuple[str, ...]
    place: Mapping[str, int]

    @property
    def missing_axis(self) -> str | None:
        """The one accelerometer axis that is absent, if one is."""
        return next((name for name in ACC if name not in self.place), None)

    @property
    def has_gyroscope(self) -> bool:
        """Whether all three axes of the gyroscope are there."""
        return all(name in self.place for name in GYR)


def read_header(line: bytes, file: str) -> Header:
    """The header in a file's first line.

    Raises:
        SourceError: it is no header, or time or more than one accelerometer axis is missing.
    """
    if not line.strip():
        raise SourceError(
            f"{file}, line 1: the file is empty, or its first line is; it needs the names of the columns and readings."
        )
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError(f"{file}, line 1: this is not text in UTF-8; save the table as CSV in UTF-8.") from None
    if "\0" in text:
        raise SourceError(f"{file}, line 1: this is not text in UTF-8 (it may be UTF-16); save it as CSV in UTF-8.")
    names = tuple(name.strip().strip('"').strip().lower() for name in text.strip().split(","))
    if all(_is_number(name) for name in names):
        raise SourceError(
            f"{file}, line 1: numbers stand where the names of the columns belong; "
            "add a first line such as time,acc_x,acc_y,acc_z."
        )
    doubled = next((name for name in KNOWN if names.count(name) > 1), None)
    if doubled:
        raise SourceError(f"{file}, line 1: the column '{doubled}' is there more than once; keep one of them.")
    place = {name: names.index(name) for name in KNOWN if name in names}
    missing = [name for name in ("time", *ACC) if name not in place]
    if "time" in missing or len(missing) > 1:
        raise SourceError(f"{file}, line 1: {_what_is_missing(missing, names)}")
    return Header(names, place)


def _what_is_missing(missing: list[str], names: tuple[str, ...]) -> str:
    if len(names) == 1 and any(mark in names[0] for mark in ";\t"):
        return "the columns are not separated by commas; save the table with commas and decimal points."
    near = [(name, close[0]) for name in missing if (close := difflib.get_close_matches(name, names, 1, 0.7))]
    hint = "".join(f"; is '{theirs}' meant to be '{ours}'?" for ours, theirs in near[:1])
    found = ", ".join(names[:12]) or "nothing"
    return (
        f"no column {' or '.join(missing)} (found: {found}){hint or ';'} "
        "name the columns time (s), acc_x, acc_y, acc_z (m/s²) and, if there, gyr_x, gyr_y, gyr_z (rad/s)."
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return not text
    return True
