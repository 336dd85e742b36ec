"""Steps as formulas: vertical pulses between contact and toe-off, braking after contact, a pull back about toe-off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from backbeat.gait.filters import low_pass
from backbeat.gait.windows import AFTER, BEFORE, Window


def _bump(t: np.ndarray, begin: float, end: float) -> np.ndarray:
    share = np.clip((t - begin) / (end - begin), 0.0, 1.0)
    return 0.5 - 0.5 * np.cos(2 * np.pi * share)


def windows(contact_times: Sequence[float], step: float, *, slope: float = 0.0, forward: bool = True) -> list[Window]:
    """A window for each step but the first and the last; step k lands at grid index 100 + step · k.

    Args:
        contact_times: of the steps, grid samples.
        step: from contact to contact, grid samples.
        slope: share of the vertical in the forward signal (a tilted sensor).
        forward: there is a forward signal.
    """
    n = len(contact_times)
    t = np.arange(200 + step * n)
    up, ahead = np.zeros_like(t), np.zeros_like(t)
    for k, contact_time in enumerate(contact_times):
        since = t - (100 + step * k)
        down = (since >= 0) & (since <= contact_time)
        up += np.where(down, 0.5 * np.pi * step / contact_time * np.sin(np.pi * since / contact_time), 0.0)
        ahead += np.where(down, -0.3 * np.sin(2 * np.pi * since / contact_time), 0.0)
        ahead -= 0.4 * _bump(since, 0.5, 5.5) + 0.25 * _bump(since, contact_time - 6.0, contact_time + 6.0)
    ahead = (ahead if forward else np.zeros_like(t)) + slope * up
    smooth = {hz: low_pass(hz, half) for hz, half in ((20.0, 6), (10.0, 8), (5.0, 11))}
    up5 = np.convolve(up, smooth[5.0], mode="same")
    found = []
    for k in range(1, n - 1):
        landing = round(100 + step * k)
        peak = landing + int(up5[landing : landing + int(contact_times[k])].argmax())
        before = peak - 30 + int(up5[peak - 30 : peak].argmin())
        after = peak + int(up5[peak : peak + 30].argmin())
        start = peak - BEFORE
        part = slice(start, peak + AFTER + 1)
        low = {hz: [np.convolve(x, smooth[hz], mode="same")[part] for x in (ahead, up)] for hz in (10.0, 20.0)}
        (f10, u10), (f20, u20) = low[10.0], low[20.0]
        left, middle, right = up5[after - 1 : after + 2]
        valley = after + 0.5 * (left - right) / (left - 2 * middle + right)
        body = np.stack([f10, np.zeros(len(u10)), u10])
        found.append(
            Window(start, before - start, after - start, valley - start, body, *map(list, (f10, u10, f20, u20)))
        )
    return found
