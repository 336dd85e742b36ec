"""What all emulated chips have in common: registers, a sampling clock, a FIFO, and what can go wrong inside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from backbeat.samples import FloatArray
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.feed import Motion

Counts: TypeAlias = NDArray[np.int16]

BEYOND_ACC, BEYOND_GYR = 1000.0, 200.0
"""m/s² and rad/s on all axes that no chip's range holds."""


class Fifo:
    """First in, first out, in whole entries; the oldest go when it is full, or all that is new is refused."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.content = bytearray()
        self.overrun = False

    def push(self, entries: bytes) -> None:
        """Add bytes; what does not fit pushes the oldest out."""
        self.content += entries
        excess = len(self.content) - self.capacity
        if excess > 0:
            del self.content[:excess]
            self.overrun = True

    def pop(self, size: int) -> bytes:
        """Take bytes out; zeros when there are none."""
        taken = bytes(self.content[:size])
        del self.content[:size]
        return taken + bytes(size - len(taken))

    def clear(self) -> None:
        """Forget all."""
        self.content.clear()
        self.overrun = False


class RegisterChip(ABC):
    """A chip with a register pointer that counts up, fed by a motion.

    A subclass says what its registers mean. Its clock runs `1 + faults.clock` times as fast as the host's, and so do
    its readings.
    """

    identity_register: int

    def __init__(self, motion: Motion, now: Callable[[], float], faults: Faults | None = None) -> None:
        """A chip that has just got its power.

        Args:
            motion: what it feels.
            now: s since the start of the emulation.
            faults: what goes wrong in it.
        """
        self._motion, self._now, self.faults = motion, now, faults or Faults()
        self._restarts = sorted(f.at for f in self.faults.planned if f.kind == "restart")
        self._pointer = 0
        self._latest_felt: tuple[FloatArray, FloatArray] | None = None
        self.on_reading: Callable[[FloatArray], None] = lambda _: None
        self._begin(None)
        self.power_on()

    @abstractmethod
    def power_on(self) -> None:
        """Registers and FIFO as after a reset."""

    @abstractmethod
    def sampling_rate(self) -> float | None:
        """Readings a second as the registers say, None while nothing is measured."""

    @abstractmethod
    def measured(self, ticks_s: FloatArray, acc: FloatArray, gyr: FloatArray) -> None:
        """New readings in m/s² and rad/s at times s on the chip's own clock."""

    @abstractmethod
    def load(self, register: int) -> int:
        """The byte in a register, as a read sees it."""

    @abstractmethod
    def store(self, register: int, value: int) -> None:
        """A byte is written to a register."""

    def device_time(self) -> float:
        """The chip's own clock, s since its power came on."""
        return (self._caught_up - self._powered_at) * (1 + self.faults.clock)

    def write(self, data: bytes) -> None:
        """One write message: the register's number, then bytes for it and the next ones."""
        self._catch_up()
        self._pointer = data[0]
        for value in data[1:]:
            before = self.sampling_rate()
            self.store(self._pointer, value)
            self._pointer = self.following(self._pointer)
            if self.sampling_rate() != before:
                self._begin(self.sampling_rate())

    def read(self, size: int) -> bytes:
        """One read message from the register that was named last."""
        self._catch_up()
        burst = self.burst(self._pointer, size)
        if burst is not None:
            return burst
        answer = bytearray()
        for _ in range(size):
            answer.append(self.load(self._pointer))
            self._pointer = self.following(self._pointer)
        return bytes(answer)

    def following(self, register: int) -> int:
        """The register that comes after one in a burst."""
        return (register + 1) & 0xFF

    @abstractmethod
    def burst(self, register: int, size: int) -> bytes | None:
        """A long read of the FIFO at once, None for other registers."""

    _powered_at = 0.0
    _caught_up = 0.0

    def _begin(self, rate: float | None) -> None:
        """Sampling starts, stops or changes its rate now."""
        self._rate, self._started_at, self._taken = rate, self._caught_up, 0

    def _catch_up(self) -> None:
        now = self._now()
        while self._restarts and self._restarts[0] <= now:
            at = self._restarts.pop(0)
            self._measure_until(at)
            self._caught_up = self._powered_at = at
            self._begin(None)
            self.power_on()
        self._measure_until(now)
        self._caught_up = max(now, self._caught_up)

    def _measure_until(self, now: float) -> None:
        if self._rate is None:
            return
        period = 1 / (self._rate * (1 + self.faults.clock))
        due = int((now - self._started_at) / period)
        if due <= self._taken:
            return
        times: FloatArray = self._started_at + np.arange(self._taken + 1.0, due + 1.0) * period
        self._taken = due
        if self.faults.planned:
            times = times[~self.faults.mask("sleep", times)]
        if not len(times):
            return
        acc, gyr = self._motion.at(times)
        if (end := self._motion.ended_at) is not None:
            felt = times <= end  # a recording is over: nothing more is measured
            times, acc, gyr = times[felt], acc[felt], gyr[felt]
            if not len(times):
                return
        self._disturb(times, acc, gyr)
        self.on_reading(times)
        self.measured((times - self._powered_at) * (1 + self.faults.clock), acc, gyr)

    def _disturb(self, times: FloatArray, acc: FloatArray, gyr: FloatArray) -> None:
        if not self.faults.planned:
            return
        zeros, frozen = self.faults.mask("zeros", times), self.faults.mask("freeze", times)
        for k in np.flatnonzero(frozen):
            before = (acc[k - 1], gyr[k - 1]) if k else self._latest_felt
            if before is not None:
                acc[k], gyr[k] = before
        acc[zeros] = gyr[zeros] = 0.0
        beyond = self.faults.mask("saturate", times)
        acc[beyond], gyr[beyond] = BEYOND_ACC, BEYOND_GYR
        self._latest_felt = (acc[-1].copy(), gyr[-1].copy())


def counts(values: FloatArray, unit: float) -> Counts:
    """Physical values as a chip's 16-bit counts, at the end of the range where they are beyond it."""
    return np.clip(np.round(values / unit), -32768, 32767).astype(np.int16)
