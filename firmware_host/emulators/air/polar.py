"""An emulated Polar Verity Sense: its accelerometer in compressed frames. It wants to be paired when told so."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from backbeat.samples import STANDARD_GRAVITY
from firmware_host.emulators.air.sensor import Characteristic, EmulatedSensor, in_counts
from firmware_host.emulators.feed import Motion
from firmware_host.radios import pmd as radio

FACTOR = float(np.float32(0.000244))
IN_A_FRAME = 36
EPOCH_NS = 800_000_000 * 10**9
"""The sensor's date when it was switched on, ns since 2000."""


class EmulatedPolar(EmulatedSensor):
    """52 readings a second, ±8 g."""

    local_name = "Polar Sense A1B2C3D4"
    service = radio.SERVICE
    characteristics: ClassVar[Sequence[Characteristic]] = (
        Characteristic(radio.CONTROL, ("read", "write", "indicate")),
        Characteristic(radio.DATA, ("notify",)),
    )

    def __init__(self, motion: Motion, address: str = "C0:FF:EE:00:00:01", clock: float = 0.0) -> None:
        super().__init__(motion, address, clock)
        self._running = False

    def linked(self, up: bool, now: float) -> None:
        """Measuring ends with the link."""
        super().linked(up, now)
        self._running = False

    def write(self, characteristic: str, data: bytes, now: float) -> None:
        """Settings, start, stop."""
        if characteristic != radio.CONTROL or len(data) < 2:
            return
        operation, measurement = data[0], data[1]
        status, parameters = 0, b""
        if measurement != radio.ACC:
            status = 3
        elif operation == radio.SETTINGS:
            parameters = bytes.fromhex("000134000101100002010800040103")
        elif operation == radio.START and self._running:
            status = radio.ALREADY
        elif operation == radio.START:
            asked = radio.decode_settings(data[2:])
            status = 8 if asked.get("sample_rate") != (52,) else 9 if asked.get("range") != (8,) else 0
            parameters = b"\x05\x01" + struct.pack("<f", FACTOR) if not status else b""
            self._running = not status
            self.sampler.begin(52.0, now)
        elif operation == radio.STOP:
            self._running = False
        head = bytes((radio.REPLY, operation, measurement, status))
        self.reply(radio.CONTROL, head + (b"" if status else b"\0" + parameters))

    def readings(self, now: float) -> list[tuple[str, bytes]]:
        """Compressed frames; the stamp is that of the last reading."""
        sent = []
        while self._running and self.sampler.due(now) - self.sampler.count >= IN_A_FRAME:
            times, acc, _ = self.sampler.take(IN_A_FRAME)
            counts = np.clip(in_counts(acc, FACTOR * STANDARD_GRAVITY), -32786, 32786)
            stamp = EPOCH_NS + round(1e9 * self.sampler.device_time(float(times[-1])))
            sent.append((radio.DATA, radio.encode_compressed(stamp, counts.tolist())))
        return sent
