"""An emulated Movesense with the GATT sensor data firmware: `/Meas/IMU6/<rate>`."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import ClassVar

from backbeat.samples import STANDARD_GRAVITY
from firmware_host.emulators.air.sensor import Characteristic, EmulatedSensor, in_counts
from firmware_host.emulators.feed import Motion
from firmware_host.radios import movesense as radio

ACC_COUNT = radio.ACC_RANGE_G * STANDARD_GRAVITY / 32768
GYR_COUNT_DPS = radio.GYR_RANGE_DPS / 32768


class EmulatedMovesense(EmulatedSensor):
    """One subscription; it ends with the link."""

    local_name = "Movesense 204830000123"
    service = radio.SERVICE
    characteristics: ClassVar[Sequence[Characteristic]] = (
        Characteristic(radio.COMMAND, ("write", "write-without-response")),
        Characteristic(radio.NOTIFY, ("notify",)),
    )

    def __init__(self, motion: Motion, address: str = "C0:FF:EE:00:00:01", clock: float = 0.0) -> None:
        super().__init__(motion, address, clock)
        self._reference: int | None = None
        self._in_packet = 0
        self._switched_on = 0.0

    def linked(self, up: bool, now: float) -> None:
        """Subscriptions end with the link."""
        super().linked(up, now)
        self._reference = None

    def restart(self, now: float) -> None:
        """Its clock begins anew."""
        self._switched_on, self._reference = now, None

    def write(self, characteristic: str, data: bytes, now: float) -> None:
        """Subscribe or unsubscribe."""
        if characteristic != radio.COMMAND or len(data) < 2:
            return
        code, reference = data[0], data[1]
        if code == radio.UNSUBSCRIBE:
            self._reference = None
        if code != radio.SUBSCRIBE:
            return
        parts = data[2:].decode("ascii", "replace").split("/")
        known = parts[:3] == ["", "Meas", "IMU6"] and parts[-1].isdigit() and int(parts[-1]) in radio.READINGS
        self.reply(radio.NOTIFY, struct.pack("<BBH", radio.RESPONSE, reference, 200 if known else 404))
        if known:
            self._reference, self._in_packet = reference, radio.READINGS[int(parts[-1])]
            self.sampler.begin(float(parts[-1]), now)

    def readings(self, now: float) -> list[tuple[str, bytes]]:
        """Whole measurements, the longer ones in two parts."""
        sent = []
        while self._reference is not None and self.sampler.due(now) - self.sampler.count >= self._in_packet:
            times, acc, gyr = self.sampler.take(self._in_packet)
            stamp = int(1000 * self.sampler.device_time(float(times[0]) - self._switched_on))
            acc_steps = in_counts(acc, ACC_COUNT) * ACC_COUNT
            gyr_dps = in_counts(gyr * 180 / math.pi, GYR_COUNT_DPS) * GYR_COUNT_DPS
            sent += [(radio.NOTIFY, frame) for frame in radio.encode(stamp, acc_steps, gyr_dps)]
        return sent
