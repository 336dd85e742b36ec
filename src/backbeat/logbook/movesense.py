"""Movesense's JSON: `{"Samples": [{"MeasAcc": {"Timestamp": ms, "ArrayAcc": [{"x": …}, …]}}, …]}`.

`MeasIMU6` and `MeasIMU9` hold the gyroscope beside (`ArrayGyro`, °/s). A packet's time is that of its first reading;
those between two packets are spread evenly. `TimeDetailed` ties the sensor's clock to UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from backbeat.errors import SourceError
from backbeat.logbook.archive import json_in
from backbeat.logbook.imported import Found, Series
from backbeat.samples import FloatArray

PROGRAM = "Movesense"


def read_json(path: Path, content: bytes) -> Found:
    """The recording in a Movesense log.

    Raises:
        SourceError: it is no such log, or holds no acceleration.
    """
    packets: dict[str, list[tuple[float, list[list[float]]]]] = {"ArrayAcc": [], "ArrayGyro": []}
    offset = None
    log = json_in(content, str(path))
    try:
        for sample in log["Samples"]:
            for name, body in sample.items():
                if name == "TimeDetailed":
                    offset = float(body["utcTime"]) / 1e6 - float(body["relativeTime"]) / 1e3
                elif name.startswith("Meas"):
                    _take(body, packets)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(f"{path}: this is not Movesense's JSON ({str(error)[:80]}); export it again.") from None
    if not packets["ArrayAcc"]:
        raise SourceError(f"{path}: no acceleration in this Movesense log; record MeasAcc or MeasIMU6.")
    acc = _series(packets["ArrayAcc"], str(path))
    gyr = _series(packets["ArrayGyro"], str(path)) if packets["ArrayGyro"] else None
    if gyr is not None:
        gyr = Series(gyr.time, np.deg2rad(gyr.values), gyr.lines, gyr.file)
    return Found(acc, gyr, offset, PROGRAM)


def _take(body: Mapping[str, Any], packets: dict[str, list[tuple[float, list[list[float]]]]]) -> None:
    for name, into in packets.items():
        if body.get(name):
            readings = [[float(reading[axis]) for axis in "xyz"] for reading in body[name]]
            into.append((float(body["Timestamp"]) / 1e3, readings))


def _series(packets: Sequence[tuple[float, list[list[float]]]], file: str) -> Series:
    counts = np.array([len(readings) for _, readings in packets])
    starts = np.array([time for time, _ in packets])
    periods: FloatArray = np.diff(starts) / counts[:-1] if len(packets) > 1 else np.array([0.01])
    usual = float(np.median(periods))
    # a packet that was lost leaves a hole; the readings of the one before are not stretched over it
    period = np.minimum(np.append(periods, usual), 1.5 * usual)
    time = np.concatenate([start + p * np.arange(n) for start, p, n in zip(starts, period, counts, strict=True)])
    values = np.concatenate([np.array(readings) for _, readings in packets])
    packet = np.repeat(np.arange(len(packets)), counts)
    return Series(time, values, packet.astype(np.int64) + 1, file)
