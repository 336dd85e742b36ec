"""Regularity of the motion over some seconds of one activity.

Step and stride regularity: unbiased autocorrelation of the vertical at one step and at one stride (Moe-Nilssen &
Helbostad 2004, doi:10.1016/S0021-9290(03)00233-1). Harmonic ratio: sum of the amplitudes of the even over the odd
stride harmonics, the first 20, inverted for the lateral axis (Menz et al. 2003, doi:10.1016/S0966-6362(02)00159-5).
RMS ratio: RMS of one axis over the RMS of all three (Sekine et al. 2013, doi:10.1186/1743-0003-10-118).

Deviations: all are taken from the 10 Hz band, in which half is left of a runner's seventh stride harmonic (1.4 Hz
apart) and a tenth of the twelfth, and along body axes as found, not as mounted; the lag of a step is where the
autocorrelation is highest within 15 % of the expected one. Compare only with figures made in the same way.
"""

from __future__ import annotations

import numpy as np

from backbeat.gait.grid import RATE_HZ
from backbeat.samples import FloatArray

WINDOW = 2000
"""Grid samples looked at: 20 s, some 28 strides."""
HARMONICS = 20


def stability(body: FloatArray, step_hz: float) -> dict[str, float]:
    """The fields of `Stability`, without its times.

    Args:
        body: forward, left, up in g, 10 Hz, shape (3, n).
        step_hz: step frequency.
    """
    moving = body - body.mean(axis=1, keepdims=True)
    step, step_regularity = _peak_of_autocorrelation(moving[2], RATE_HZ / step_hz)
    _, stride_regularity = _peak_of_autocorrelation(moving[2], 2 * step)
    forward, left, up = _harmonics(moving, 2 * step)
    rms = np.sqrt((moving**2).mean(axis=1))
    ratios = rms / np.sqrt((rms**2).sum())
    with np.errstate(divide="ignore", invalid="ignore"):  # an absent axis is 0: the caller leaves its ratio out
        lateral = float(left[::2].sum() / left[1::2].sum())
    return {
        "step_regularity": step_regularity,
        "stride_regularity": stride_regularity,
        "harmonic_ratio_vertical": float(up[1::2].sum() / up[::2].sum()),
        "harmonic_ratio_forward": float(forward[1::2].sum() / forward[::2].sum()),
        "harmonic_ratio_lateral": lateral,
        "rms_ratio_vertical": float(ratios[2]),
        "rms_ratio_forward": float(ratios[0]),
        "rms_ratio_lateral": float(ratios[1]),
    }


def _peak_of_autocorrelation(signal: FloatArray, around: float) -> tuple[float, float]:
    """Lag (grid samples) and height of the highest autocorrelation within 15 % of an expected lag."""
    power = float((signal * signal).mean())
    lags = range(round(0.85 * around), round(1.15 * around) + 1)
    heights = [float((signal[lag:] * signal[:-lag]).mean()) / power for lag in lags]
    best = int(np.argmax(heights))
    return float(lags[best]), heights[best]


def _harmonics(signals: FloatArray, stride: float) -> FloatArray:
    """Amplitudes of the first stride harmonics over whole strides, shape (3, HARMONICS)."""
    whole = round(int(signals.shape[1] / stride) * stride)
    part = signals[:, :whole]
    first = np.exp((2j * np.pi / stride) * np.arange(whole))
    turn, lines = first, []
    for _ in range(HARMONICS):
        lines.append(np.abs(part @ turn))
        turn = turn * first  # one multiplication a sample is a tenth of a sine and a cosine
    return np.stack(lines, axis=1)
