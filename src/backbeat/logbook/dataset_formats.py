"""The files of public recordings, as their authors keep them, into readings. Every reader gives its recordings by name.

Axes stay as they are in the file; accelerations in g become m/s².
"""

from __future__ import annotations

import io
import re
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from backbeat.errors import SourceError, UserError
from backbeat.logbook.delimited import Table, read_table
from backbeat.samples import STANDARD_GRAVITY, FloatArray, Samples

Recordings: TypeAlias = Mapping[str, Samples]
"""What is added to the file's name in the catalogue, "" where it holds one recording, to the readings."""

_SACRAL_HZ, _SACRAL_READINGS = 500.0, 2480
_MARKERS = ("R.ASIS", "L.ASIS", "R.PSIS", "L.PSIS")
_MARKERS_HZ, _MARKERS_LOW_PASS_HZ = 150.0, 20.0


def from_actigraph(content: bytes, file: str) -> Recordings:
    """ActiLife's raw CSV: ten lines of facts with the rate, then timestamps and g."""
    head, mark, table = content.partition(b"\nTimestamp,")
    rate = re.search(rb"at (\d+) Hz", head)
    if not mark or not rate:
        raise SourceError(f"{file}, line 1: this is not ActiLife's raw CSV.")
    names, *rows = table.splitlines()
    values = read_table(b"\n".join([names, *(row.partition(b",")[2] for row in rows)]), file).values
    return {"": Samples.of(_times(len(values), float(rate[1])), np.round(values[:, :3] * STANDARD_GRAVITY, 4))}


def from_ipol(content: bytes, file: str) -> Recordings:
    """The IPOL set's text: a line with the rate, then tab-separated m/s² and rad/s."""
    head, _, body = content.partition(b"\n")
    rate = re.search(rb"frequency: (\d+) Hz", head)
    if not rate:
        raise SourceError(f"{file}, line 1: no acquisition frequency.")
    table = read_table(body, file)
    acc = _columns(table, "Acc_X", "Acc_Y", "Acc_Z")
    gyr = _columns(table, "Gyr_X", "Gyr_Y", "Gyr_Z")
    time = np.round((_columns(table, "PacketCounter")[:, 0] - table.values[0, 0]) / float(rate[1]), 6)
    return {"": Samples.of(time, np.round(acc, 4), np.round(gyr, 5))}


def from_sacral(content: bytes, file: str) -> Recordings:
    """A row of a trial of 4.96 s at 500 Hz: the vertical in g, then the forward axis; there is no third one."""
    if not content.strip():
        raise SourceError(f"{file}, line 1: the file is empty.")
    try:
        rows = np.loadtxt(io.BytesIO(content), delimiter=",", ndmin=2)
    except ValueError as error:
        raise SourceError(f"{file}: this is not a table of numbers ({error}).") from None
    if rows.shape[1] != 2 * _SACRAL_READINGS:
        raise SourceError(f"{file}, line 1: {rows.shape[1]} numbers instead of {2 * _SACRAL_READINGS}.")
    absent = {"acc_y": "the set has no sideways axis"}
    made = {}
    for number, row in enumerate(np.round(rows * STANDARD_GRAVITY, 4)):
        acc = np.full((_SACRAL_READINGS, 3), np.nan)
        acc[:, 2], acc[:, 0] = row[:_SACRAL_READINGS], row[_SACRAL_READINGS:]
        made[f"{number:02d}"] = Samples.of(_times(_SACRAL_READINGS, _SACRAL_HZ), acc, absent=absent)
    return made


def from_shimmer(content: bytes, file: str) -> Recordings:
    """A Shimmer's low-noise accelerometer in m/s², with its time in ms."""
    table = read_table(content, file)
    acc = _columns(table, *(f"Accel_LN_{axis}" for axis in "XYZ"))
    time = _columns(table, "System_Timestamp_Plot_Zeroed")[:, 0]
    return {"": Samples.of(np.round((time - time[0]) / 1000.0, 6), np.round(acc, 4))}


def from_adept(content: bytes, file: str) -> Recordings:
    """The data frame `acc_running` of the R package adeptdata: 100 Hz, g; the hip's rows.

    Raises:
        UserError: rdata is not installed.
    """
    frame: Any = _r_objects(content, file).get("acc_running")
    if frame is None or not {"loc_id", "x", "y", "z"} <= set(frame.columns):
        raise SourceError(f"{file}: there is no data frame acc_running with loc_id, x, y and z in it.")
    hip = frame[frame["loc_id"].astype(str) == "left_hip"]
    acc = np.stack([hip[axis].to_numpy(dtype=np.float64) for axis in "xyz"], axis=1) * STANDARD_GRAVITY
    return {"": Samples.of(_times(len(acc), 100.0), np.round(acc, 4))}


def from_pelvis_markers(content: bytes, file: str) -> Recordings:
    """Markers of a treadmill run in mm at 150 Hz (X forward, Y up, Z right): what a sensor at the sacrum would read.

    The frame of the pelvis has its origin midway between the posterior superior iliac spines, y to the left along the
    anterior ones, x forward. Markers are low-passed at 20 Hz (Butterworth, fourth order, both ways); the specific force
    is the origin's acceleration plus gravity, the angular rate that of the frame, both in the frame's own axes.
    """
    table = read_table(content, file)
    columns = [_columns(table, *(f"{marker}{axis}" for axis in "XYZ")) for marker in _MARKERS]
    if len(table.values) < 100 or not all(np.isfinite(column).all() for column in columns):
        raise SourceError(f"{file}: the markers of the pelvis are not complete.")
    right_front, left_front, right_back, left_back = (_low_passed(column) / 1e3 for column in columns)
    step = 1.0 / _MARKERS_HZ
    origin = (right_back + left_back) / 2
    left = _unit(left_front - right_front)
    up = _unit(np.cross((right_front + left_front) / 2 - origin, left))
    frame = np.stack([np.cross(left, up), left, up], axis=2)  # columns: the frame's axes in the laboratory's
    gravity = np.array([0.0, STANDARD_GRAVITY, 0.0])
    force = np.gradient(np.gradient(origin, step, axis=0), step, axis=0) + gravity
    turning = np.einsum("nji,njk->nik", frame, np.gradient(frame, step, axis=0))  # Rᵀ·dR/dt, antisymmetric
    gyr = np.stack([turning[:, 2, 1], turning[:, 0, 2], turning[:, 1, 0]], axis=1)
    acc = np.einsum("nji,nj->ni", frame, force)
    return {"": Samples.of(_times(len(acc), _MARKERS_HZ), np.round(acc, 4), np.round(gyr, 5))}


FORMATS: dict[str, Callable[[bytes, str], Recordings]] = {
    "actigraph": from_actigraph,
    "ipol": from_ipol,
    "sacral": from_sacral,
    "shimmer": from_shimmer,
    "adept": from_adept,
    "pelvis_markers": from_pelvis_markers,
}
"""Format's name to what reads it."""


def _times(count: int, rate_hz: float) -> FloatArray:
    times: FloatArray = np.round(np.arange(count) / rate_hz, 6)
    return times


def _columns(table: Table, *names: str) -> FloatArray:
    missing = [name for name in names if name not in table.names]
    if missing:
        raise SourceError(f"{table.file}, line 1: there is no column '{missing[0]}'; it is another kind of file.")
    return np.stack([table.column(name) for name in names], axis=1)


def _low_passed(values: FloatArray) -> FloatArray:
    """Gain of a Butterworth filter of fourth order run both ways; the ends are mirrored, so that they do not ring."""
    n = min(len(values) - 1, round(_MARKERS_HZ))
    before, after = 2 * values[0] - values[n:0:-1], 2 * values[-1] - values[-2 : -n - 2 : -1]
    whole = np.concatenate([before, values, after])
    frequency = np.fft.rfftfreq(len(whole), 1.0 / _MARKERS_HZ)
    gain = 1.0 / (1.0 + (frequency / _MARKERS_LOW_PASS_HZ) ** 8)
    smooth: FloatArray = np.fft.irfft(np.fft.rfft(whole, axis=0) * gain[:, None], len(whole), axis=0)
    return smooth[n : n + len(values)]


def _unit(vectors: FloatArray) -> FloatArray:
    unit: FloatArray = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _r_objects(content: bytes, file: str) -> Mapping[str, object]:
    """The objects in a file of R's `save`."""
    try:
        import rdata
    except ImportError:
        raise UserError("This set needs rdata; install it with: pip install 'backbeat[datasets]'") from None
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about classes of R such as times, which are not read here
        path = Path(folder) / "objects.rda"
        path.write_bytes(content)
        try:
            found: dict[str, object] = rdata.read_rda(path)
        except (ValueError, NotImplementedError, EOFError, OSError) as error:
            raise SourceError(f"{file}: this is not a file of R's save ({error}).") from None
    return found
