"""Linear-phase low-pass filters on the grid: zero-phase timing at the price of a fixed look-ahead.

All filters of a stretch run as one matrix product over hops of equal length, so that a hop's result is the same to
the bit whether it is computed alone (live) or among thousands (replay).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backbeat.gait.grid import RATE_HZ
from backbeat.gait.track import Track
from backbeat.samples import FloatArray

HOP = 4
"""Grid samples that are processed together: 0.04 s, by which a step is told later than it could be, at most."""


def low_pass(cutoff_hz: float, half_length: int) -> FloatArray:
    """Taps (2·half_length+1,) of a Blackman-windowed sinc on the grid; −6 dB near the cut-off, unit gain at 0 Hz."""
    k = np.arange(-half_length, half_length + 1)
    taps = np.sinc(2 * cutoff_hz / RATE_HZ * k) * np.blackman(2 * half_length + 3)[1:-1]
    return np.asarray(taps / taps.sum())


def slope_of(taps: FloatArray) -> FloatArray:
    """Taps (two more) of the same filter followed by the central difference, per grid sample."""
    return np.convolve(taps, [-0.5, 0.0, 0.5])


@dataclass(frozen=True, slots=True)
class FilterBank:
    """Several symmetric filters over the same samples.

    Attributes:
        half: samples of look-ahead (and look-back) that the longest filter needs.
        matrix: shape (HOP + 2·half, filters · HOP).
    """

    half: int
    matrix: FloatArray

    @classmethod
    def of(cls, *filters: FloatArray) -> FilterBank:
        """Combine filters, given by their taps."""
        half = max(len(taps) // 2 for taps in filters)
        matrix = np.zeros((HOP + 2 * half, len(filters) * HOP))
        for f, taps in enumerate(filters):
            h = len(taps) // 2
            for i in range(HOP):
                matrix[half - h + i : half + h + 1 + i, f * HOP + i] = taps
        return cls(half, matrix)

    def apply(self, track: Track, first: int, hops: int, rows: slice = slice(None)) -> FloatArray:
        """Filter the hops from index `first` on; the track must reach `half` beyond them on both sides.

        Args:
            track: the signals.
            first: index of the first sample of the first hop.
            hops: how many.
            rows: channels to filter.

        Returns:
            Shape (filters, hops, channels, HOP).
        """
        blocks = track.blocks(first - self.half, hops, HOP, HOP + 2 * self.half)[:, rows]
        out = np.matmul(blocks, self.matrix).reshape(hops, blocks.shape[1], -1, HOP)
        return np.asarray(out.transpose(2, 0, 1, 3))
