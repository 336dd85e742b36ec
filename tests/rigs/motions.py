"""A motion whose readings say which they are, so that a test can hold each one that arrives against the truth."""

import numpy as np


class Counting:
    """The k-th reading that a sensor takes has k in its acceleration: x the low digits, y the high ones.

    Args:
        unit: m/s² of one count of the sensor.
        ends: s.

    Attributes:
        times: when each reading was taken, s.
    """

    def __init__(self, unit, ends=float("inf")):
        self.unit, self._ends = unit, ends
        self.times = []

    @property
    def ended_at(self):
        return self._ends if self.times and self.times[-1] > self._ends else None

    def at(self, times):
        index = np.arange(len(self.times), len(self.times) + len(times))
        self.times.extend(np.asarray(times).tolist())
        acc = np.stack((index % 1000, index // 1000, np.full(len(index), 500)), axis=1) * self.unit
        return acc, np.zeros_like(acc)

    def numbers(self, acc):
        """Which readings these are; the third axis shows that they are readings at all."""
        found = np.rint(acc / self.unit).astype(int)
        assert np.all(found[:, 2] == 500)
        return found[:, 0] + 1000 * found[:, 1]
