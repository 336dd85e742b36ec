"""What ten seconds of a sensor say about it: rate, jitter, noise, clipping, and which way is up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from backbeat.samples import STANDARD_GRAVITY, Samples, joined

AXES = ("x", "y", "z")


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of a stretch of readings.

    Attributes:
        seconds: from the first to the last.
        rate_hz: readings a second where none are missing.
        jitter_ms: one standard deviation of the time from reading to reading, gaps apart.
        gaps: how many.
        rest_g: median magnitude of the specific force.
        noise_mg: of the steadiest second, root mean square over the axes; None for less than a second.
        still: whether the sensor lay still in that second.
        clipped_pct: readings at the end of the range.
        up: the axis that pointed up, "+z" and so on; None where none is within 30° of it.
    """

    seconds: float
    rate_hz: float
    jitter_ms: float
    gaps: int
    rest_g: float
    noise_mg: float | None
    still: bool
    clipped_pct: float
    up: str | None


STILL_MG = 30.0
"""More than this in its steadiest second is motion: a chip's own noise is 1 to 5 mg in this band."""


def measure(blocks: list[Samples]) -> Measured | None:
    """Figures of these readings, None where there are too few."""
    blocks = [block for block in blocks if len(block)]
    if sum(len(block) for block in blocks) < 10:
        return None
    readings = joined(blocks)
    steps = np.diff(readings.time)[~readings.gap_before[1:]]
    period = float(np.mean(steps)) if len(steps) else 1.0
    acc = readings.acc / STANDARD_GRAVITY
    second = max(round(1 / period), 2)
    deviations = [
        float(np.sqrt(np.mean(np.nanvar(acc[start : start + second], axis=0))))
        for start in range(0, len(acc) - second + 1, second)
    ]
    steadiest = 1000 * min(deviations) if deviations else None
    mean = np.nanmean(acc, axis=0)
    axis = int(np.nanargmax(np.abs(mean)))
    upright = abs(mean[axis]) > np.cos(np.radians(30)) * np.linalg.norm(np.nan_to_num(mean))
    return Measured(
        seconds=float(readings.time[-1] - readings.time[0]),
        rate_hz=1 / period,
        jitter_ms=1000 * float(np.std(steps)) if len(steps) else 0.0,
        gaps=int(readings.gap_before.sum()),
        rest_g=float(np.nanmedian(np.linalg.norm(acc, axis=1))),
        noise_mg=steadiest,
        still=steadiest is not None and steadiest < STILL_MG,
        clipped_pct=100 * float(readings.saturated.mean()),
        up=("+" if mean[axis] > 0 else "-") + AXES[axis] if upright else None,
    )
