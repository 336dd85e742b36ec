"""Any table through a column map: a TOML file that says which column holds what, in which unit.

separator = ";"                                        # found if not said
decimal = ","                                          # likewise
[columns]
time  = { name = "timestamp", unit = "ms" }            # s, ms, us, ns
acc_x = { name = "gFx", unit = "g" }                   # m/s2, g, mg, or m/s² a count as a number
acc_y = { name = "gFy", unit = "g", sign = -1 }
gyr_x = { name = "wx", unit = "deg/s" }                # rad/s, deg/s, or rad/s a count as a number
speed_m_s = { name = "speed" }
"""

from __future__ import annotations

import math
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self, cast

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator

from backbeat.errors import SourceError
from backbeat.logbook.delimited import Table, read_table
from backbeat.logbook.header import ACC, CONTEXT, GYR
from backbeat.logbook.imported import Found, Series
from backbeat.samples import STANDARD_GRAVITY, Context, ContextKind, FloatArray

TIME_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
ACC_UNITS = {"m/s2": 1.0, "g": STANDARD_GRAVITY, "mg": STANDARD_GRAVITY / 1000.0}
GYR_UNITS = {"rad/s": 1.0, "deg/s": math.pi / 180.0}


def _unit(unit: str | float | None) -> str | float | None:
    if isinstance(unit, float) and not 0.0 < unit < math.inf:
        raise ValueError("a unit is a name, or a number above 0 (use sign = -1 to turn an axis round)")
    return unit


def _separator(separator: str | None) -> str | None:
    if separator is not None and (len(separator) != 1 or separator.isalnum() or separator in '."\n\r+-'):
        raise ValueError('the separator is one mark between the columns, such as ";" or "\\t"')
    return separator


class Column(BaseModel):
    """Where a quantity stands, and what one of its units is worth."""

    model_config = ConfigDict(extra="forbid")

    name: str
    unit: Annotated[str | float | None, AfterValidator(_unit)] = None
    sign: Literal[1, -1] = 1


class ColumnMap(BaseModel):
    """What a map file says."""

    model_config = ConfigDict(extra="forbid")

    separator: Annotated[str | None, AfterValidator(_separator)] = None
    decimal: Literal[".", ","] | None = None
    columns: dict[str, Column]

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.decimal is not None and self.separator == self.decimal:
            raise ValueError("separator and decimal cannot both be a comma")
        return self


def load_map(path: Path) -> ColumnMap:
    """The map in a TOML file.

    Raises:
        SourceError: it is no such file, or a name or unit in it is not known.
    """
    try:
        with path.open("rb") as file:
            columns = ColumnMap.model_validate(tomllib.load(file))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}; name the column map, a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: this is not TOML ({error}).") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part not in ("str", "float"))
        told = first["msg"].removeprefix("Value error, ")
        raise SourceError(f"{path}: {f'{place}: ' if place else ''}{told[:1].lower()}{told[1:]}.") from None
    known = ("time", *ACC, *GYR, *CONTEXT)
    if unknown := [name for name in columns.columns if name not in known]:
        raise SourceError(f"{path}: columns.{unknown[0]} is not known; there are {', '.join(known)}.")
    if "time" not in columns.columns or sum(axis in columns.columns for axis in ACC) < 2:
        raise SourceError(f"{path}: columns.time and at least two of {', '.join(ACC)} are needed.")
    for name, column in columns.columns.items():
        _factor(name, column, str(path))
    return columns


def read(path: Path, columns: ColumnMap, content: bytes) -> Found:
    """The recording in a table.

    Raises:
        SourceError: a column is missing.
    """
    table = read_table(content, str(path), columns.separator, columns.decimal)
    time = _column(table, "time", columns)
    values = {name: _column(table, name, columns) for name in columns.columns}
    absent = {axis: "the recording has no such column" for axis in ACC if axis not in values}
    acc = np.stack([values.get(axis, np.zeros(len(time))) for axis in ACC], axis=1)
    gyr = None
    if all(axis in values for axis in GYR):
        gyr = Series(time, np.stack([values[axis] for axis in GYR], axis=1), table.lines, str(path))
    context = [c for kind in CONTEXT if kind in values for c in _changes(cast("ContextKind", kind), time, values[kind])]
    start = float(time[0]) if len(time) else 0.0
    offset = 0.0 if 1e9 <= start <= 4e9 else None
    return Found(Series(time, acc, table.lines, str(path)), gyr, offset, "column map", {}, tuple(context), absent)


def _column(table: Table, name: str, columns: ColumnMap) -> FloatArray:
    column = columns.columns[name]
    if column.name not in table.names:
        found = ", ".join(table.names[:12])
        raise SourceError(f"{table.file}, line 1: no column '{column.name}' for {name} (found: {found}); mend the map.")
    return table.column(column.name) * _factor(name, column, table.file)


def _factor(name: str, column: Column, file: str) -> float:
    units = TIME_UNITS if name == "time" else ACC_UNITS if name in ACC else GYR_UNITS if name in GYR else {}
    if column.unit is None or isinstance(column.unit, float):
        return column.sign * (column.unit or 1.0)
    if column.unit not in units:
        raise SourceError(f"{file}: '{column.unit}' is no unit for {name}; there are {', '.join(units) or 'none'}.")
    return column.sign * units[column.unit]


def _changes(kind: ContextKind, time: FloatArray, values: FloatArray) -> list[Context]:
    given = np.flatnonzero(np.isfinite(values) & np.isfinite(time))
    new = given[np.diff(values[given], prepend=np.nan) != 0.0]
    return [Context(float(time[i]), kind, float(values[i])) for i in new]
