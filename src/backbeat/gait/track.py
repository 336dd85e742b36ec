"""A signal that grows at one end and is forgotten at the other, addressed by absolute index."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from backbeat.samples import FloatArray

Indices = NDArray[np.int64]


class Track:
    """Channels by samples, kept in one array; old samples are dropped, indices stay.

    Attributes:
        start: index of the oldest sample that is kept.
        end: index after the newest sample.
    """

    __slots__ = ("_data", "_offset", "end", "start")

    def __init__(self, channels: int, start: int = 0) -> None:
        self._data: FloatArray = np.zeros((channels, 1024))
        self._offset = 0
        self.start = self.end = start

    def append(self, values: FloatArray) -> None:
        """Add samples, shape (channels, n), or (n,) to a track of one channel."""
        self.room(values.shape[-1])[:] = values

    def room(self, n: int) -> FloatArray:
        """Add `n` samples that the caller writes, shape (channels, n)."""
        kept = self.end - self.start
        used = self._offset + kept
        if used + n > self._data.shape[1]:
            channels = len(self._data)
            room = self._data if kept + n <= self._data.shape[1] // 2 else np.empty((channels, 2 * (kept + n)))
            room[:, :kept] = self._data[:, self._offset : used].copy()
            self._data, self._offset, used = room, 0, kept
        self.end += n
        return self._data[:, used : used + n]

    def view(self, first: int, last: int) -> FloatArray:
        """Samples first … last-1, shape (channels, last-first); not a copy."""
        a = self._offset + first - self.start
        return self._data[:, a : a + last - first]

    def value(self, index: int, channel: int = 0) -> float:
        """One sample of one channel."""
        return self._data.item(channel, self._offset + index - self.start)

    def at(self, indices: Indices) -> FloatArray:
        """Samples at indices (n,), shape (n, channels)."""
        return self._data[:, indices + (self._offset - self.start)].T

    def blocks(self, first: int, count: int, step: int, length: int) -> FloatArray:
        """From `first` on, `count` blocks of `length` samples, each `step` after the last; not a copy.

        Returns:
            Shape (count, channels, length); blocks may overlap.
        """
        data = self._data
        at = 8 * (self._offset + first - self.start)
        return np.ndarray(
            (count, len(data), length),
            data.dtype,
            data,
            at,
            (8 * step, data.strides[0], 8),  # views of one buffer
        )

    def forget_before(self, index: int) -> None:
        """Samples before this index will not be asked for again."""
        if index > self.start:
            self._offset += index - self.start
            self.start = index
