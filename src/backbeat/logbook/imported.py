"""Recordings of other programs: series with time bases of their own, brought together and checked against gravity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from backbeat.errors import SourceError
from backbeat.logbook import plausible
from backbeat.logbook.kept import IntArray, KeptRows
from backbeat.logbook.recording import Recording
from backbeat.samples import (
    IMPOSSIBLE_ACC_M_S2,
    IMPOSSIBLE_GYR_RAD_S,
    BoolArray,
    Context,
    FloatArray,
    Samples,
    SourceInfo,
)

BLOCK = 4096

FARTHEST_PERIODS = 3.0
"""A second sensor's reading is interpolated between neighbours at most so many of its periods apart."""


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of one sensor.

    Attributes:
        time: s, shape (n,).
        values: shape (n, 3), in m/s² or rad/s.
        lines: where each stands in its file.
        file: its path, for messages.
    """

    time: FloatArray
    values: FloatArray
    lines: IntArray
    file: str

    def kept(self, limit: float, *, strict: bool) -> tuple[Series, BoolArray]:
        """The readable readings in the order of their time, and before which of them some are missing."""
        rows = KeptRows(self.file, strict=strict)
        good = np.isfinite(self.time) & np.all(np.abs(self.values) <= limit, axis=1)
        for index in np.flatnonzero(~good):
            rows.lost(int(self.lines[index]), "a number is missing or impossible")
        time, values, lines = self.time[good], self.values[good], self.lines[good]
        keep, gap = rows.in_order(time, lines, len(time))
        rows.close()
        return Series(time[keep], values[keep], lines[keep], self.file), gap


@dataclass(frozen=True, slots=True)
class Found:
    """What an importer found in a file.

    Attributes:
        acc: specific force in m/s², about +9.81 upwards at rest.
        gyr: angular rate in rad/s, None where there is none.
        utc_offset_s: Unix time minus the series' time, None where unknown.
        program: what made the file.
        details: further facts for `info`.
        context: readings of other kinds.
        absent: accelerometer axes that are not there, with the reason.
    """

    acc: Series
    gyr: Series | None
    utc_offset_s: float | None
    program: str
    details: Mapping[str, str] = field(default_factory=dict)
    context: tuple[Context, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)


class ImportedRecording(Recording):
    """What an importer found, as a source.

    Args:
        name: of the file.
        found: its content.
        strict: refuse bad rows instead of marking a gap.

    Raises:
        SourceError: there is no reading in it, or its units or axes cannot be right.
    """

    def __init__(self, name: str, found: Found, *, strict: bool = False) -> None:
        acc, gap = found.acc.kept(IMPOSSIBLE_ACC_M_S2, strict=strict)
        if not len(acc.time):
            finite = np.isfinite(found.acc.values).all(axis=1)
            fault = plausible.acceleration_fault(found.acc.values[finite]) if finite.any() else None
            raise SourceError(f"{name}: {fault or 'there is no readable acceleration in it'}.")
        present = np.array([f"acc_{axis}" not in found.absent for axis in "xyz"])
        fault = plausible.time_fault(acc.time) or plausible.acceleration_fault(acc.values[:, present])
        if fault:
            raise SourceError(f"{name} ({found.program}): {fault}.")
        acc.values[:, ~present] = np.nan
        gyr = None
        if found.gyr is not None and len(found.gyr.time):
            turning, _ = found.gyr.kept(IMPOSSIBLE_GYR_RAD_S, strict=strict)
            if turning_fault := plausible.rotation_fault(turning.values) if len(turning.time) else None:
                raise SourceError(f"{name} ({found.program}): {turning_fault}.")
            acc, gap, gyr = _together(acc, gap, turning)
        if not len(acc.time):
            raise SourceError(f"{name}: accelerometer and gyroscope were not recorded at the same time.")
        self._whole = Samples.of(acc.time, acc.values, gyr, gap_before=gap, absent=found.absent)
        self._context = sorted(found.context, key=lambda context: context.time)
        steps = np.diff(acc.time)
        super().__init__(
            SourceInfo(
                name=name,
                origin="replay",
                rate_hz=round(1.0 / float(np.median(steps)), 3) if len(steps) else None,
                utc_offset_s=found.utc_offset_s,
                readings=len(acc.time),
                duration_s=float(acc.time[-1] - acc.time[0]),
                details={"program": found.program, **found.details},
            )
        )

    def _blocks(self) -> Iterator[Samples | Context]:
        context = iter([*self._context, None])
        following = next(context)
        for start in range(0, len(self._whole), BLOCK):
            block = self._whole[start : start + BLOCK]
            while following is not None and following.time <= block.time[-1]:
                yield following
                following = next(context)
            yield block


def _together(acc: Series, gap: BoolArray, gyr: Series) -> tuple[Series, BoolArray, FloatArray]:
    """Angular rates at the accelerometer's times; where there are none, the reading goes and a gap is marked."""
    if np.array_equal(acc.time, gyr.time):
        return acc, gap, gyr.values
    after = np.searchsorted(gyr.time, acc.time)
    inside = (after > 0) & (after < len(gyr.time)) | np.isin(acc.time, gyr.time[[0, -1]])
    if len(gyr.time) > 1:
        right = np.clip(after, 1, len(gyr.time) - 1)
        near = gyr.time[right] - gyr.time[right - 1] <= FARTHEST_PERIODS * float(np.median(np.diff(gyr.time)))
        inside &= near
    values = np.stack([np.interp(acc.time, gyr.time, gyr.values[:, i]) for i in range(3)], axis=1)
    missing = np.cumsum(gap | ~inside)[inside]  # gaps and left-out readings so far, at each reading that is kept
    gap_before: BoolArray = np.diff(missing, prepend=missing[:1]) > 0
    kept = Series(acc.time[inside], acc.values[inside], acc.lines[inside], acc.file)
    return kept, gap_before, values[inside]
