"""phyphox (phyphox.org): a zip of CSV files or one of them, with any separator and decimal mark.

`Accelerometer.csv` (or `Raw Data.csv`) has `Time (s)` and a column for each axis with its unit in brackets;
`Gyroscope.csv` has times of its own. The time of an experiment stands still while it is paused: `meta/time.csv` says
when, and the pause becomes the gap that it was.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from backbeat.errors import SourceError
from backbeat.logbook.archive import Archive
from backbeat.logbook.delimited import Table, read_table
from backbeat.logbook.imported import Found, Series
from backbeat.samples import FloatArray

PROGRAM = "phyphox"

TIME = re.compile(r"^time \(s\)$", re.IGNORECASE)
ACC = re.compile(r"^(?:(?:acceleration|accelerometer) )?([xyz]) \(m/s(?:\^2|²)\)$", re.IGNORECASE)
GYR = re.compile(r"^(?:gyroscope )?([xyz]) \(rad/s\)$", re.IGNORECASE)
LINEAR = re.compile(r"^linear acceleration", re.IGNORECASE)


def read(path: Path) -> Found:
    """The recording in an export of phyphox.

    Raises:
        SourceError: it holds no acceleration with gravity.
    """
    archive = Archive(path)
    acc, gyr, linear = None, None, False
    for inside in archive.names():
        if not inside.lower().endswith((".csv", ".txt", ".tsv")) or "meta/" in inside.lower():
            continue
        table = read_table(archive.read(inside), f"{path}: {inside}" if inside != path.name else str(path))
        linear = linear or any(LINEAR.match(name) for name in table.names) or "linear" in inside.lower()
        if "linear" not in inside.lower():
            acc = acc or _series(table, ACC)
        gyr = gyr or _series(table, GYR)
    if acc is None:
        hint = "it holds only linear acceleration, without gravity; " if linear else ""
        raise SourceError(f"{path}: no column such as 'Acceleration x (m/s^2)'; {hint}record 'Acceleration (with g)'.")
    offset = None
    if (content := archive.find("time.csv")) is not None and path.suffix.lower() != ".csv":
        offset, pauses = _pauses(read_table(content, f"{path}: meta/time.csv"))
        acc = _stretched(acc, pauses)
        gyr = _stretched(gyr, pauses) if gyr else None
    return Found(acc, gyr, offset, PROGRAM)


def _series(table: Table, pattern: re.Pattern[str]) -> Series | None:
    """The three axes whose names match, with the table's time."""
    time = next((name for name in table.names if TIME.match(name)), None)
    axes = {match[1].lower(): name for name in table.names if (match := pattern.match(name))}
    if time is None or len(axes) < 3:
        return None
    values = np.stack([table.column(axes[axis]) for axis in "xyz"], axis=1)
    return Series(table.column(time), values, table.lines, table.file)


def _pauses(table: Table) -> tuple[float | None, list[tuple[float, float]]]:
    """Unix time of the experiment's zero, and each start's (experiment time, seconds paused before it)."""
    try:
        experiment, system = table.column("experiment time"), table.column("system time")
    except ValueError:
        return None, []
    offsets = (system - experiment)[::2]  # START and PAUSE alternate
    starts = experiment[::2]
    if not len(offsets) or not np.isfinite(offsets).all():
        return None, []
    return float(offsets[0]), [(float(t), float(o - offsets[0])) for t, o in zip(starts, offsets, strict=True)]


def _stretched(series: Series, pauses: list[tuple[float, float]]) -> Series:
    """Times with the pauses in them."""
    time: FloatArray = series.time.copy()
    for start, paused in pauses:
        time[series.time >= start] = series.time[series.time >= start] + paused
    return Series(time, series.values, series.lines, series.file)
