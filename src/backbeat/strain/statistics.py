"""The little statistics that the live process needs without scipy."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from backbeat.samples import FloatArray

NORMAL_975 = 1.959963984540054
NORMAL_90 = 1.2815515655446004


def student_t_975(degrees_of_freedom: float) -> float:
    """The 97.5 % quantile of Student's t, by the Cornish–Fisher expansion (good to 1 % from 3 degrees on).

    Abramowitz & Stegun 1964, 26.7.5.
    """
    z, n = NORMAL_975, max(degrees_of_freedom, 3.0)
    z3, z5, z7 = z**3, z**5, z**7
    return (
        z
        + (z3 + z) / (4 * n)
        + (5 * z5 + 16 * z3 + 3 * z) / (96 * n**2)
        + (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * n**3)
    )


def standard_error_of_mean(residuals: FloatArray) -> tuple[float, float]:
    """Standard error of the mean of a serially correlated series, and its degrees of freedom.

    The steps of a run are not independent: a harder one follows a harder one. The series is taken for a first-order
    autoregression whose coefficient is corrected for its small-sample bias (Kendall 1954, doi:10.2307/2332729); the
    degrees of freedom are the effective number of independent values less one.

    Args:
        residuals: shape (n,), n ≥ 3, mean about 0.
    """
    n = len(residuals)
    power = float(residuals @ residuals)
    if power <= 0.0:
        return 0.0, n - 1.0
    first = float(residuals[1:] @ residuals[:-1]) / power
    first = min(max(first + (1 + 4 * first) / n, -0.5), 0.9)
    effective = min(max(n * (1 - first) / (1 + first), 4.0), float(n))
    variance = power / n / (1 - 1 / effective)
    return math.sqrt(variance * (1 + first) / (1 - first) / n), effective - 1


@dataclass(slots=True)
class Quantiles:
    """Quantiles of a stream in bounded memory: exact for the first values, then to about half a per cent of rank.

    Full levels are sorted and every other value moves up with twice the weight (the compactor of Karnin, Lang &
    Liberty 2016, doi:10.1109/FOCS.2016.17, with alternating instead of random halves, so that it is deterministic).
    """

    size: int = 512
    levels: list[list[float]] = field(default_factory=lambda: [[]])
    odd: bool = False

    def extend(self, values: list[float]) -> None:
        """Add values; NaN is not one."""
        self.levels[0].extend(v for v in values if v == v)
        for height, level in enumerate(self.levels):
            if len(level) < self.size:
                break
            level.sort()
            keep = level[: len(level) // 2 * 2]
            half = keep[int(self.odd) :: 2]
            self.odd = not self.odd
            del level[: len(keep)]
            if height + 1 == len(self.levels):
                self.levels.append([])
            self.levels[height + 1].extend(half)

    def quantile(self, share: float) -> float | None:
        """The value below which this share (0 to 1) lies; None where there are no values."""
        values = np.array([v for level in self.levels for v in level])
        if not len(values):
            return None
        weights = np.concatenate([np.full(len(level), 2.0**height) for height, level in enumerate(self.levels)])
        order = np.argsort(values, kind="stable")
        rank = np.cumsum(weights[order]) - 0.5 * weights[order]
        return float(np.interp(share * weights.sum(), rank, values[order]))
