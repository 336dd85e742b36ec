"""An emulated HipNode: it goes on measuring without a link and sends what was missed when it is asked."""

from __future__ import annotations

import math
import struct
from collections import deque
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from backbeat.samples import STANDARD_GRAVITY
from firmware_host.emulators.air.sensor import Characteristic, EmulatedSensor, in_counts
from firmware_host.emulators.feed import Motion
from firmware_host.radios import hipnode_packets as radio

IN_A_PACKET = 19
REMEMBERED_S = 10
RATES = (26, 52, 104, 208, 416)
ACC_G = {2: 0.061e-3, 4: 0.122e-3, 8: 0.244e-3, 16: 0.488e-3}
GYR_DPS = {250: 8.75e-3, 500: 17.5e-3, 1000: 35e-3, 2000: 70e-3}


class EmulatedHipNode(EmulatedSensor):
    """A node with an LSM6DS3TR-C; one that is not `sound` fails its self-test."""

    sound = True
    blinked = 0

    local_name = "HipNode A1B2"
    service = radio.SERVICE
    characteristics: ClassVar[Sequence[Characteristic]] = (
        Characteristic(radio.DATA, ("notify",)),
        Characteristic(radio.CONTROL, ("write", "notify")),
        Characteristic(radio.INFO, ("read",)),
    )

    def __init__(self, motion: Motion, address: str = "C0:FF:EE:00:00:01", clock: float = 0.0) -> None:
        super().__init__(motion, address, clock)
        self.restart(0.0)

    def restart(self, now: float) -> None:
        """Memory, numbers and clock begin anew."""
        self._switched_on = now
        self._setting: tuple[int, int, int] | None = None
        self._info = radio.Information(0, 1, 208.0, 16, 2000, ACC_G[16], GYR_DPS[2000], "1.0", "a1b2c3d4e5f6")
        self._memory: deque[tuple[int, NDArray[np.int64]]] = deque()
        self._next = 0  # number of the reading to be sent next
        self._sequence = 0
        self._fresh, self._sending = True, False

    def linked(self, up: bool, now: float) -> None:
        """A new link starts silent."""
        super().linked(up, now)
        self._sending = False

    def read(self, characteristic: str, now: float) -> bytes:
        """INFO, and what every sensor has."""
        return (
            radio.encode_information(self._info) if characteristic == radio.INFO else super().read(characteristic, now)
        )

    def write(self, characteristic: str, data: bytes, now: float) -> None:
        """START, STOP, SEND."""
        if characteristic != radio.CONTROL or not data:
            return
        status, extra = 0, b""
        if data[0] == radio.START and len(data) == 6:
            rate, acc_range, gyr_range = struct.unpack_from("<HBH", data, 1)
            if rate not in RATES or acc_range not in ACC_G or gyr_range not in GYR_DPS:
                status = 2
            elif self._setting != (rate, acc_range, gyr_range):
                self._begin(rate, acc_range, gyr_range, now)
            self._sending = False
            extra = struct.pack("<I", self.sampler.count if self._setting else 0)
        elif data[0] == radio.STOP:
            self._setting = None
        elif data[0] == radio.IDENTIFY:
            self.blinked += 1
        elif data[0] == radio.SELF_TEST:
            status = 5 if self._setting is not None else 0 if self.sound else 4
        elif data[0] == radio.SEND and len(data) == 7:
            (self._next,) = struct.unpack_from("<I", data, 1)
            self._sending = True
        else:
            status = 1
        self.reply(radio.CONTROL, bytes((0xF0, data[0], status)) + extra)

    def _begin(self, rate: int, acc_range: int, gyr_range: int, now: float) -> None:
        self._setting = (rate, acc_range, gyr_range)
        self._info = radio.Information(
            (self._info.settings + 1) % 256,
            1,
            float(rate),
            acc_range,
            gyr_range,
            ACC_G[acc_range],
            GYR_DPS[gyr_range],
            "1.0",
            "a1b2c3d4e5f6",
        )
        self.sampler.begin(float(rate), now)
        self._memory.clear()
        self._next, self._fresh = 0, True

    def readings(self, now: float) -> list[tuple[str, bytes]]:
        """Full packets of what is remembered; without a listener the oldest is forgotten."""
        if self._setting is None:
            return []
        self._measure(now)
        sent = []
        if self._sending and radio.DATA in self.subscribed:
            for index, counts in list(self._memory):
                if index + len(counts) <= self._next:
                    continue
                lost = index > self._next
                sent.append((radio.DATA, self._packet(max(index, self._next), index, counts, lost)))
                self._next = index + len(counts)
        return sent

    def _measure(self, now: float) -> None:
        while self.sampler.due(now) - self.sampler.count >= IN_A_PACKET:
            index = self.sampler.count
            _, acc, gyr = self.sampler.take(IN_A_PACKET)
            acc_counts = in_counts(acc, self._info.acc_g * STANDARD_GRAVITY)
            gyr_counts = in_counts(gyr, math.radians(self._info.gyr_dps))
            self._memory.append((index, np.hstack((acc_counts, gyr_counts))))
            while len(self._memory) * IN_A_PACKET > REMEMBERED_S * self._info.rate_hz:
                self._memory.popleft()

    def _packet(self, first: int, index: int, counts: NDArray[np.int64], lost: bool) -> bytes:
        taken = self.sampler.device_time(float(self.sampler.taken_at(first)) - self._switched_on)
        saturated = bool(np.any(np.abs(counts) >= radio.NEAR_END))
        flags = radio.GYRO | radio.LOST * lost | radio.SATURATED * saturated | radio.RESTARTED * self._fresh
        period = round(2e6 / self._info.rate_hz)
        frame = radio.Frame(
            flags, self._sequence, first, round(taken * 1e6), period, 24, self._info.settings,
            counts[first - index :].astype(np.int16),
        )  # fmt: skip
        self._sequence, self._fresh = self._sequence + 1, False
        return radio.encode(frame)
