"""A Bluetooth sensor's packets as readings on the host's clock: gaps marked, everything counted. No I/O."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backbeat.samples import BoolArray, Samples
from firmware_host.clock import DeviceClock
from firmware_host.radios.radio import Packet

SMALLEST_GAP_S = 0.05
"""Without counter and clock, readings lost show only as all that follows being late. Less than this is not told from
the radio's own delays, so it passes unnoticed: ten readings at 200 Hz. No figure within a step depends on it."""


class Stream:
    """Packets in, blocks of `Samples` out.

    Attributes:
        clock: the sensor's clock, or its count, on the host's clock.
        delivered: readings given out.
        missing: readings known to be lost.
        gaps: times that readings were missing, a number of them known or not.
    """

    def __init__(self, rate_hz: Callable[[], float]) -> None:
        """Nothing has come yet.

        Args:
            rate_hz: the nominal rate, asked for whenever a sensor without a clock is timed by counting.
        """
        self.clock = DeviceClock()
        self.delivered = self.missing = self.gaps = 0
        self._rate_hz = rate_hz
        self._count = 0  # of the next reading, for a sensor without a clock
        self._floor = 0.0  # the latest that was acted on
        self._interrupted = False
        self._dropped = False

    def interrupted(self) -> None:
        """The link was lost. A sensor with a clock will say what is missing; one without has lost its count."""
        self._interrupted = self.delivered > 0

    def dropped(self, count: int) -> None:
        """Readings that were given out had to be thrown away, since nobody took them."""
        self.delivered -= count
        self.missing += count
        self._dropped = True

    def take(self, packet: Packet, arrival: float) -> Samples:
        """The packet's readings at their times; `arrival` is when it came, host s."""
        if packet.device_time is not None:
            device, gap = packet.device_time, packet.missing != 0 or packet.restarted
            if packet.restarted:
                self.clock.restart()
        else:
            if self._interrupted:
                self.clock.restart()
            self._count += packet.missing or 0
            device = (self._count + np.arange(len(packet), dtype=np.float64)) / self._rate_hz()
            self._count += len(packet)
            gap = packet.missing != 0 or self._interrupted
        stepped = self.clock.observe(float(device[-1]), arrival)
        gap |= stepped
        if packet.device_time is None:
            gap |= self._noticed(stepped)
        self._interrupted = False
        times = self.clock.host(device)
        gap, self._dropped = gap or self._dropped, False
        self.delivered += len(packet)
        self.missing += packet.missing or 0
        self.gaps += gap
        return Samples(times, packet.acc, packet.gyr, _first(len(packet), gap), packet.saturated)

    def _noticed(self, stepped: bool) -> bool:
        """Whether readings were lost unseen: the earliest of a whole window of arrivals was late. They are counted.

        Args:
            stepped: the clock has already made up for them.
        """
        late = self.clock.floor
        if late == self._floor:
            return False
        self._floor = late
        if late < SMALLEST_GAP_S:
            return False
        lost = round(late * self._rate_hz())
        self._count += 0 if stepped else lost
        self.missing += lost
        return True


def _first(count: int, marked: bool) -> BoolArray:
    flags = np.zeros(count, dtype=np.bool_)
    flags[0] = marked
    return flags
