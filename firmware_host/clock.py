"""The sensor's clock on the host's monotonic clock.

Every arrival is late, never early: `arrival = a + b·device + delay` with a delay of at least zero. So the line that
touches the arrivals from below is the device's clock, and how late a packet was does not matter. A sensor without a
clock has one all the same: the number of a reading over its nominal rate.

The line is the edge of the lower convex hull over the middle of what is remembered, which is the line below all
points with the least sum of distances to them. (Sensors 2023, doi:10.3390/s23083954, aligns Bluetooth sensors by the
same model.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from backbeat.samples import FloatArray

IntArray: TypeAlias = NDArray[np.int64]
Point: TypeAlias = tuple[float, float]


class Counter:
    """Counts on where a counter of the sensor wraps around."""

    def __init__(self, bits: int) -> None:
        self._span = 1 << bits
        self._last: int | None = None

    def unwrap(self, raw: Sequence[int] | IntArray, near: float | None = None) -> IntArray:
        """The counter's values without the wraps, shape (n,); each is less than one round after the one before.

        Args:
            raw: values as read, in the order in which the sensor counted, shape (n,).
            near: about where the first of them must be, when more than a round may have been missed since the last.
        """
        values = np.asarray(raw, dtype=np.int64)
        if not len(values):
            return values
        steps = np.diff(values) % self._span
        if near is not None:
            first = int(values[0]) + round((near - int(values[0])) / self._span) * self._span
            if self._last is not None and first < self._last:
                first = self._last + (int(values[0]) - self._last) % self._span
        elif self._last is not None:
            first = self._last + (int(values[0]) - self._last) % self._span
        else:
            first = int(values[0])
        unwrapped = first + np.concatenate(([0], np.cumsum(steps)))
        self._last = int(unwrapped[-1])
        return unwrapped.astype(np.int64)

    def follow(self, value: int) -> None:
        """Somebody else has counted on to this value (without wraps)."""
        self._last = value

    def restart(self) -> None:
        """The sensor began to count anew."""
        self._last = None


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """How the device's clock is followed.

    Attributes:
        rate_error: how far the device's clock may be off, as a fraction; the line's slope stays within it.
        window_s: only the earliest arrival of each window is remembered.
        memory_s: for how long.
        slew: at most so much faster or slower than the device's clock while an offset is worked off, as a fraction.
        step_s: an offset larger than this, forward, over a whole window, is a jump of the device and is followed
            at once.
    """

    rate_error: float = 0.01
    window_s: float = 2.0
    memory_s: float = 120.0
    slew: float = 0.005
    step_s: float = 0.25


class DeviceClock:
    """Host times for device times: continuous, strictly increasing, and the slope never far from one.

    Call `observe` with the newest reading of each batch, then `host` with the device times of that batch.
    """

    def __init__(self, settings: ClockSettings | None = None) -> None:
        self._settings = settings or ClockSettings()
        self._rate = 1.0  # host seconds in a device second, by the envelope
        self._jitter = 0.0  # mean delay beyond the smallest, s
        self._delays = 0  # how many went into it
        self._last: float | None = None  # the latest host time given out
        self.restart()

    def restart(self) -> None:
        """The device's clock began anew (a new connection, a reset, readings lost that nobody counted).

        The rate is kept: it belongs to the crystal. Host times go on after the last one given out.
        """
        self._lows: deque[Point] = deque()  # (device, arrival - device): the earliest arrival of each past window
        self._observed = False
        self._low: Point = (0.0, 0.0)  # of the window that is open
        self._opened = (0.0, 0.0)  # device time and arrival at which it was opened
        self._begun = 0.0  # arrival of the first observation
        self._anchor: Point = (0.0, 0.0)  # (device, host) from which the times go on at the rate
        self._newest = 0.0  # device time of the latest that was given out
        self._bend = (0.0, 1.0)  # host seconds that are worked in from there, over so many device seconds
        self._floor = 0.0

    @property
    def rate(self) -> float:
        """Host seconds in one second of the device: 1.005 for a device clock that is 0.5 % slow."""
        return self._rate

    @property
    def floor(self) -> float:
        """By how much the earliest arrival of the latest full window was behind the times given out, s.

        With a reading's number as the clock this shows readings that were lost unseen: about their duration.
        """
        return self._floor

    def overdue(self, device: float, when: float) -> float:
        """By how much a reading taken at `device` lies before `when` (host clock), s; less what is not known yet.

        In the first seconds the rate may still be wrong by all that the settings allow.
        """
        if not self._observed:
            return 0.0
        age = when - self._begun
        unsure = self._settings.rate_error * age if age < self._settings.window_s else 0.0
        return when - self._at(device) - unsure

    def observe(self, device: float, arrival: float) -> bool:
        """A reading taken at `device` (s, device clock) had arrived at `arrival` (s, host clock).

        Returns:
            Whether the clock was stepped: readings are missing before this batch.
        """
        offset = arrival - device
        if not self._observed:
            self._observed, self._begun = True, arrival
            self._anchor = self._opened = (device, arrival)
            self._newest = device
            self._low = (device, offset)
            return False
        late = arrival - self._at(device)
        self._delays += 1
        self._jitter += max(0.02, 1 / self._delays) * (max(late, 0.0) - self._jitter)
        if offset - self._low[1] < (self._rate - 1) * (device - self._low[0]):
            self._low = (device, offset)
        # In a burst of stored packets much device time passes in little host time: both must have gone by.
        age = arrival - self._begun
        window = min(max(age / 8, self._settings.window_s / 8), self._settings.window_s)
        if device - self._opened[0] < window or arrival - self._opened[1] < window:
            return False
        stepped = self._close(device, window)
        self._opened, self._low = (device, arrival), (device, offset)
        return stepped

    def host(self, device: FloatArray) -> FloatArray:
        """Host times for device times, both s and (n,) and increasing from call to call.

        Raises:
            ValueError: nothing was observed since the (re)start.
        """
        if not self._observed:
            raise ValueError("observe an arrival before asking for host times")
        if not len(device):
            return np.empty(0)
        since = device - self._anchor[0]
        bend, over = self._bend
        if since[-1] <= over:
            times = self._anchor[1] + (self._rate + bend / over) * since
        elif since[0] >= over:
            times = self._anchor[1] + bend + self._rate * since
        else:
            times = self._anchor[1] + self._rate * since + bend * np.minimum(since / over, 1.0)
        if self._last is not None and times[0] <= self._last:  # only after a restart: what is out is out
            late = self._last - times[0] + 1e-6
            times += late
            self._anchor = (self._anchor[0], self._anchor[1] + late)
        self._last = float(times[-1])
        self._newest = float(device[-1])
        return times

    def _at(self, device: float) -> float:
        since = device - self._anchor[0]
        bend, over = self._bend
        return self._anchor[1] + self._rate * since + bend * min(since / over, 1.0)

    def _close(self, device: float, window: float) -> bool:
        """End a window: fit the line again and bend the times towards it."""
        low = self._low
        self._floor = low[0] + low[1] - self._at(low[0])
        settings = self._settings
        here = self._at(self._newest)  # up to here times are out: they go on from this point
        if self._floor > settings.step_s:
            self._lows.clear()
            self._lows.append(low)
            self._anchor, self._bend = (self._newest, here + self._floor), (0.0, 1.0)
            return True
        self._lows.append(low)
        while self._lows[0][0] < device - settings.memory_s:
            self._lows.popleft()
        self._rate, offset = self._line(self._newest)
        error = self._newest + offset - here
        self._anchor = (self._newest, here)
        self._bend = (error, max(2 * window, abs(error) / settings.slew))
        return False

    def _line(self, device: float) -> tuple[float, float]:
        """The slope of the line below the arrivals, and its offset (host less device) at a device time."""
        hull = _lower_hull(self._lows)
        span = hull[-1][0] - hull[0][0]
        rate = self._rate
        if span > 0:
            middle = sum(x for x, _ in self._lows) / len(self._lows)
            k = next(i for i in range(1, len(hull)) if hull[i][0] >= middle)
            (x0, y0), (x1, y1) = hull[k - 1], hull[k]
            limit = self._settings.rate_error
            found = min(max((y1 - y0) / (x1 - x0), -limit), limit)
            # Over a short span the delays say more than the clock: stay with what was known, by their variances.
            known, noise = limit / 2, max(self._jitter, 1e-4) / span
            trust = known**2 / (known**2 + noise**2)
            rate += trust * (1 + found - rate)
        return rate, min(y + (rate - 1) * (device - x) for x, y in hull)


def _lower_hull(points: Sequence[Point] | deque[Point]) -> list[Point]:
    """The lower convex hull of points that are sorted by x (Andrew's monotone chain)."""
    hull: list[Point] = []
    for x, y in points:
        while len(hull) > 1:
            (x0, y0), (x1, y1) = hull[-2], hull[-1]
            if (y1 - y0) * (x - x0) < (y - y0) * (x1 - x0):
                break
            hull.pop()
        hull.append((x, y))
    return hull
