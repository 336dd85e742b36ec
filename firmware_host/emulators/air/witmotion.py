"""An emulated WitMotion WT901BLE: short frames, several to a notification, streaming while it is connected."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from firmware_host.emulators.air.sensor import Characteristic, EmulatedSensor, in_counts
from firmware_host.emulators.feed import Motion
from firmware_host.radios import witmotion as radio

RATES = {0x06: 10.0, 0x07: 20.0, 0x08: 50.0, 0x09: 100.0, 0x0A: 125.0, 0x0B: 200.0}
"""Of the common protocol, which the newer firmware follows."""
IN_A_NOTIFICATION = 4


class EmulatedWitmotion(EmulatedSensor):
    """A WT901BLE with the common protocol's rates."""

    local_name = "WT901BLE68"
    service = radio.SERVICE
    characteristics: ClassVar[Sequence[Characteristic]] = (
        Characteristic(radio.NOTIFY, ("notify",)),
        Characteristic(radio.COMMAND, ("write", "write-without-response")),
    )

    @property
    def services(self) -> Mapping[str, Sequence[Characteristic]]:
        """Its own alone: the battery is in a register."""
        return {self.service: self.characteristics}

    def __init__(self, motion: Motion, address: str = "C0:FF:EE:00:00:01", clock: float = 0.0) -> None:
        super().__init__(motion, address, clock)
        self._rate_hz, self._unlocked, self._streaming = 10.0, False, False

    def linked(self, up: bool, now: float) -> None:
        """It streams for as long as it is connected."""
        super().linked(up, now)
        self._streaming = up
        self.sampler.begin(self._rate_hz, now)

    def restart(self, now: float) -> None:
        """The rate was never saved: the default comes back."""
        self._rate_hz, self._unlocked = 10.0, False
        self.sampler.begin(self._rate_hz, now)

    def write(self, characteristic: str, data: bytes, now: float) -> None:
        """Unlock, set the rate, or ask for registers; all else is ignored as the sensor does."""
        if characteristic != radio.COMMAND or len(data) != 5 or data[:2] != b"\xff\xaa":
            return
        if data == radio.UNLOCK:
            self._unlocked = True
        elif data[2] == radio.REG_RATE and self._unlocked and data[3] in RATES:
            self._rate_hz = RATES[data[3]]
            self.sampler.begin(self._rate_hz, now)
        elif data[2] == 0x27 and data[3] == radio.REG_BATTERY:
            volts = radio.EMPTY_V + self.battery_pct / 100 * (radio.FULL_V - radio.EMPTY_V)
            values = struct.pack("<8h", round(volts * 100), *[0] * 7)
            self.reply(radio.NOTIFY, radio.REGISTER + struct.pack("<H", radio.REG_BATTERY) + values)

    def readings(self, now: float) -> list[tuple[str, bytes]]:
        """Whole notifications of a few frames."""
        sent = []
        while self._streaming and self.sampler.due(now) - self.sampler.count >= IN_A_NOTIFICATION:
            _, acc, gyr = self.sampler.take(IN_A_NOTIFICATION)
            counts = np.hstack((in_counts(acc, radio.ACC_SCALE), in_counts(gyr, radio.GYR_SCALE)))
            frames = [radio.encode((a, b, c), (d, e, f)) for a, b, c, d, e, f in counts.tolist()]
            sent.append((radio.NOTIFY, b"".join(frames)))
        return sent
