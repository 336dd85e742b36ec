"""A signal that grows at one end and is forgotten at the other, addressed by absolute index."""

from __future__ import annotations

import numpy as np

from backbeat.samples import FloatArray


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
        """Add samples, shape (channels, n)."""
        n = values.shape[1]
        used = self._offset + self.end - self.start
        if used + n > self._data.shape[1]:
            kept = self.end - self.start
            room = self._data if kept + n <= self._data.shape[1] // 2 else np.empty((len(values), 2 * (kept + n)))
            room[:, :kept] = self._data[:, self._offset : used].copy()
            self._data, self._offset, used = room, 0, kept
        self._data[:, used : used + n] = values
        self.end += n

    def view(self, first: int, last: int) -> FloatArray:
        """Samples first … last-1, shape (channels, last-first); not a copy."""
        a = self._offset + first - self.start
        return self._data[:, a : a + last - first]

    def windows(self, channel: int, first: np.ndarray[tuple[int], np.dtype[np.int64]], length: int) -> FloatArray:
        """For each index in `first` the `length` samples from there on, shape (len(first), length)."""
        at = (first + (self._offset - self.start))[:, None] + np.arange(length)
        return self._data[channel][at]

    def forget_before(self, index: int) -> None:
        """Samples before this index will not be asked for again."""
        if index > self.start:
            self._offset += index - self.start
            self.start = index
