"""Which rows of a recording are kept: readable ones, in the order of their time. What is left out is a marked gap."""

from __future__ import annotations

import logging
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from backbeat.errors import SourceError
from backbeat.samples import BoolArray, FloatArray

_LOG = logging.getLogger(__name__)

IntArray: TypeAlias = NDArray[np.int64]

WARNINGS_AT_MOST = 10
BACKWARD_AT_MOST = 500
"""So many rows in a row that lie before what was read already are no isolated fault but a clock that began anew."""


class KeptRows:
    """Leaves rows out, says so, and marks the gaps that they leave.

    Args:
        file: its name, for messages.
        strict: refuse the file at the first row to leave out.
    """

    def __init__(self, file: str, *, strict: bool) -> None:
        self._file, self._strict = file, strict
        self._last_time: float | None = None
        self._lost_lines: list[int] = []
        self._backward = 0
        self._count = 0

    def lost(self, line: int, why: str) -> None:
        """Leave out the row of a line (counted from 1).

        Raises:
            SourceError: the reading is strict.
        """
        if self._strict:
            raise SourceError(f"{self._file}, line {line}: {why}; mend the line, or read the file without --strict.")
        self._lost_lines.append(line)
        self._count += 1
        if self._count <= WARNINGS_AT_MOST:
            _LOG.warning("%s, line %d: %s; the row is left out, a gap is marked.", self._file, line, why)

    def in_order(self, time: FloatArray, lines: IntArray, count: int) -> tuple[IntArray, BoolArray]:
        """Which of the first `count` rows are kept, and before which of these there is a gap.

        A row that does not lie after the one before is left out; so is one that leaps ahead of the two that follow
        it. Rows from `count` on are only looked at.

        Raises:
            SourceError: time goes back for good, or once where the reading is strict.
        """
        if count <= 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.bool_)
        first = self._last_time is None
        if (first or time[0] > self._last_time) and bool(np.all(time[1:] > time[:-1])):
            keep = np.arange(count)
            self._backward = 0
        else:
            keep = np.array(self._sorted_out(time.tolist(), lines, count), dtype=np.int64)
        if not len(keep):
            return keep, np.empty(0, dtype=np.bool_)
        self._last_time = float(time[keep[-1]])
        return keep, self._gaps(lines[keep], first)

    def close(self) -> None:
        """The file has been read: tell what was not told row by row."""
        if self._count > WARNINGS_AT_MOST:
            _LOG.warning("%s: %d rows were left out in all.", self._file, self._count)

    def _sorted_out(self, time: list[float], lines: IntArray, count: int) -> list[int]:
        keep: list[int] = []
        last = self._last_time if self._last_time is not None else -np.inf
        for index in range(count):
            now, line = time[index], int(lines[index])
            after, beyond = (*time[index + 1 : index + 3], np.inf, np.inf)[:2]
            if now <= last:
                self._backward += 1
                if self._backward > BACKWARD_AT_MOST:
                    raise SourceError(
                        f"{self._file}, line {line - BACKWARD_AT_MOST}: time goes back from {last:g} s and stays there "
                        "as if a second recording began; put each recording into a file of its own."
                    )
                self.lost(line, f"time goes back from {last:g} s to {now:g} s")
            elif last < after <= now and beyond <= now:
                self.lost(line, f"time leaps to {now:g} s and back")
            else:
                self._backward = 0
                keep.append(index)
                last = now
        return keep

    def _gaps(self, lines: IntArray, first: bool) -> BoolArray:
        lost_before = np.searchsorted(np.array(sorted(self._lost_lines), dtype=np.int64), lines)
        gap: BoolArray = np.diff(lost_before, prepend=0) > 0
        if first:
            gap[0] = False
        self._lost_lines = [line for line in self._lost_lines if line > lines[-1]]
        return gap
