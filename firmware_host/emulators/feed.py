"""What an emulated sensor feels: any source of readings, played in the host's time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np

from backbeat.samples import Context, FloatArray, Samples, joined


class Motion(Protocol):
    """A motion that can be measured at any time, once, in the order of time."""

    def at(self, times: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Specific force in m/s² and angular rate in rad/s, each (n, 3), at times s (n,) since the start."""
        ...

    @property
    def ended_at(self) -> float | None:
        """When it ends, s since its start; None until that is known."""
        ...


class Feed:
    """Readings as a motion, straight lines between them."""

    def __init__(self, blocks: Iterable[Samples | Context]) -> None:
        self._blocks: Iterator[Samples | Context] = iter(blocks)
        self._window: Samples | None = None
        self._zero = 0.0
        self._ended_at: float | None = None
        self._contexts: list[Context] = []

    @property
    def ended_at(self) -> float | None:
        """When the readings end, s since the first of them; None until they have."""
        return self._ended_at

    def at(self, times: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The motion between the readings; after the last one the sensor hangs still as it did then."""
        if not len(times):
            return np.empty((0, 3)), np.empty((0, 3))
        window = self._reach(float(times[0]), float(times[-1]))
        when = np.asarray(times) + self._zero
        gyr = np.zeros_like(window.acc) if window.gyr is None else window.gyr
        return _between(when, window.time, window.acc), _between(when, window.time, gyr)

    def contexts(self, until: float) -> list[Context]:
        """What was told beside the readings up to a time, on the motion's own time axis; each once."""
        due = [c for c in self._contexts if c.time - self._zero <= until]
        self._contexts = [c for c in self._contexts if c.time - self._zero > until]
        return [replace(c, time=max(c.time - self._zero, 0.0)) for c in due]

    def _reach(self, start: float, end: float) -> Samples:
        """The readings around a stretch of time; those before it are forgotten."""
        parts = [] if self._window is None else [self._window]
        while self._ended_at is None and (not parts or parts[-1].time[-1] - self._zero < end):
            block = next(self._blocks, None)
            if block is None:
                self._ended_at = float(parts[-1].time[-1]) - self._zero if parts else 0.0
            elif isinstance(block, Context):
                self._contexts.append(block)
            elif len(block):
                if not parts:
                    self._zero = float(block.time[0])
                parts.append(block)
        if not parts:
            raise ValueError("there are no readings to feed an emulated sensor with")
        window = joined(parts) if len(parts) > 1 else parts[0]
        first = max(int(np.searchsorted(window.time, start + self._zero, side="right")) - 1, 0)
        self._window = window[first:]
        return self._window


def _between(when: FloatArray, time: FloatArray, values: FloatArray) -> FloatArray:
    columns = [np.interp(when, time, np.nan_to_num(values[:, axis])) for axis in range(3)]
    return np.stack(columns, axis=1)
