"""Sensor Logger (tszheichoi.com/sensorlogger): a zip or folder of CSV files, one of them, or its JSON.

Each sensor has its own file with `time` (ns since 1970), `seconds_elapsed` and `z, y, x`, in this order; columns are
found by name. `Accelerometer` is without gravity, `TotalAcceleration` with it; where only the first is there,
`Gravity` is added. iOS counts specific force the other way round than everybody else, unless "Standardise Units &
Frames" was on, which `Metadata` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from backbeat.errors import SourceError
from backbeat.logbook.archive import Archive, json_in
from backbeat.logbook.delimited import read_table
from backbeat.logbook.imported import Found, Series
from backbeat.samples import STANDARD_GRAVITY, FloatArray

SENSORS = ("TotalAcceleration", "Accelerometer", "Gravity", "AccelerometerUncalibrated", "Gyroscope")
PROGRAM = "Sensor Logger"


def read(path: Path) -> Found:
    """The recording in an export of Sensor Logger, CSV in a zip or folder, or one CSV file.

    Raises:
        SourceError: it holds no accelerometer with gravity.
    """
    archive = Archive(path)
    series: dict[str, tuple[Series, float]] = {}
    for sensor in SENSORS:
        if "TotalAcceleration" in series and sensor != "Gyroscope":
            continue  # the others are made from the same readings
        content = archive.find(path.name if _is_single(archive, sensor) else f"{sensor}.csv")
        if content is not None:
            series[sensor] = _series(content, f"{path}: {sensor}.csv")
    metadata: dict[str, str] = {}
    if (content := archive.find("Metadata.csv")) is not None:
        head, _, row = content.decode("utf-8", "replace").partition("\n")
        metadata = dict(zip(head.strip().split(","), row.strip().split(","), strict=False))
    return _found(str(path), series, metadata)


def read_json(path: Path, content: bytes) -> Found:
    """The recording in Sensor Logger's JSON: one list with an object for each reading.

    Raises:
        SourceError: it is no such list, or holds no accelerometer with gravity.
    """
    entries = json_in(content, str(path))
    try:
        rows: dict[str, list[tuple[float, ...]]] = {sensor: [] for sensor in SENSORS}
        metadata: dict[str, str] = {}
        for entry in entries:
            if entry["sensor"] in rows:
                values = (entry["time"], entry["x"], entry["y"], entry["z"])
                rows[entry["sensor"]].append((*(float(value) for value in values), float(len(rows[entry["sensor"]]))))
            elif entry["sensor"] == "Metadata":
                metadata = {key: str(value) for key, value in entry.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(f"{path}: this is not Sensor Logger's JSON ({_short(error)}); export it again.") from None
    series = {}
    for sensor, readings in rows.items():
        if readings:
            table = np.array(readings)
            series[sensor] = _on_own_axis(table[:, 0], table[:, 1:4], table[:, 4].astype(int) + 1, str(path))
    return _found(str(path), series, metadata)


def _is_single(archive: Archive, sensor: str) -> bool:
    """Whether the path is one CSV file of this sensor; a file of unknown name is taken as acceleration with gravity."""
    names = archive.names()
    if len(names) != 1 or archive.path.suffix.lower() != ".csv":
        return False
    stem = archive.path.stem.lower()
    known = next((s for s in sorted(SENSORS, key=len, reverse=True) if s.lower() in stem), "TotalAcceleration")
    return sensor == known


def _series(content: bytes, file: str) -> tuple[Series, float]:
    table = read_table(content, file)
    missing = [name for name in ("time", "x", "y", "z") if name not in table.names]
    if missing:
        raise SourceError(f"{file}, line 1: no column {' or '.join(missing)}; export the recording again.")
    values = np.stack([table.column(axis) for axis in "xyz"], axis=1)
    return _on_own_axis(table.column("time"), values, table.lines, file)


def _on_own_axis(time_ns: FloatArray, values: FloatArray, lines: np.ndarray, file: str) -> tuple[Series, float]:
    """Seconds since the first reading, and when that was in Unix seconds."""
    first = time_ns[np.isfinite(time_ns)][:1]
    start = float(first[0]) if len(first) else 0.0
    return Series((time_ns - start) / 1e9, values, lines.astype(np.int64), file), start / 1e9


def _found(name: str, series: Mapping[str, tuple[Series, float]], metadata: Mapping[str, str]) -> Found:
    if "TotalAcceleration" in series:
        acc, start = series["TotalAcceleration"]
    elif "Accelerometer" in series and "Gravity" in series:
        (moving, start), (gravity, gravity_start) = series["Accelerometer"], series["Gravity"]
        shifted = gravity.time + (gravity_start - start)
        good = np.isfinite(shifted)
        if not good.any():
            raise SourceError(f"{name}: Gravity holds no readable reading; export the recording again.")
        standing = [np.interp(moving.time, shifted[good], gravity.values[good, i]) for i in range(3)]
        acc = replace(moving, values=moving.values + np.stack(standing, axis=1))
    elif "AccelerometerUncalibrated" in series:
        acc, start = series["AccelerometerUncalibrated"]
        median = float(np.nanmedian(np.sqrt(np.sum(acc.values**2, axis=1)))) if len(acc.time) else 0.0
        if 0.5 <= median <= 2.0:  # iOS gives this one in g
            acc = replace(acc, values=acc.values * STANDARD_GRAVITY)
    else:
        found = ", ".join(series) or "none of its sensors"
        raise SourceError(
            f"{name}: no acceleration with gravity (found: {found}); record Total Acceleration or Gravity too."
        )
    apple = metadata.get("platform", "").lower() == "ios" and metadata.get("standardisation", "").lower() == "false"
    if apple:
        acc = replace(acc, values=-acc.values)
    gyr = None
    if "Gyroscope" in series:
        turning, gyr_start = series["Gyroscope"]
        gyr = replace(turning, time=turning.time + (gyr_start - start))
    details = {key: metadata[key] for key in ("platform", "appVersion", "device name") if metadata.get(key)}
    return Found(acc, gyr, start if start > 1e9 else None, PROGRAM, details)


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:80]
