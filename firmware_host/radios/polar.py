"""Polar Verity Sense, OH1 and H10: the accelerometer of the Polar measurement data service (`pmd`)."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np

from backbeat.samples import STANDARD_GRAVITY
from firmware_host.radios import pmd
from firmware_host.radios.pmd import ACC, ALREADY, CHANNELS, CONTROL, DATA, REPLY, SERVICE, SETTINGS, START, STOP, Reply
from firmware_host.radios.radio import (
    Ask,
    Exchange,
    Fact,
    Operation,
    Packet,
    PacketTimes,
    RadioError,
    Setting,
    Subscribe,
    vectors,
)


def _settings(reply: Reply) -> dict[str, tuple[float, ...]]:
    try:
        return pmd.decode_settings(reply.parameters)
    except ValueError as error:
        raise RadioError(f"the Polar sensor's settings cannot be read: {error}") from None


class Polar:
    """Decoder and start-up of one Polar sensor's accelerometer.

    Args:
        rate_hz: readings a second; the sensor says which it offers when asked.
        range_g: end of its range.
    """

    name = "Polar"
    service = SERVICE

    def __init__(self, rate_hz: float = 52, range_g: float = 8) -> None:
        self.errors: Counter[str] = Counter()
        self.setting = Setting(rate_hz, STANDARD_GRAVITY / 1000, None, range_g, None)
        self._times = PacketTimes(1 / rate_hz, stamps_last=True)

    def start(self) -> Exchange:
        """Set rate and range, and have the readings come."""
        yield Subscribe(CONTROL)
        yield Subscribe(DATA)
        offered = _settings((yield from self._ask(bytes((SETTINGS, ACC)))))
        rate, limit = self.setting.rate_hz, self.setting.acc_range_g or 8
        for name, wanted, unit in (("sample_rate", rate, "readings a second"), ("range", limit, "g")):
            if wanted not in offered.get(name, (wanted,)):
                known = ", ".join(f"{value:g}" for value in offered[name])
                raise RadioError(f"this Polar sensor offers {known} {unit}, not {wanted:g}")
        chosen = [(0, int(rate)), (1, int(offered.get("resolution", (16,))[0])), (2, int(limit))]
        command = bytes((START, ACC)) + b"".join(struct.pack("<BBH", kind, 1, value) for kind, value in chosen)
        if "channels" in offered:
            command += bytes((4, 1, CHANNELS))
        reply = yield from self._ask(command)
        if reply.status == ALREADY:  # by an application that left it running, with settings of its own
            yield from self._ask(bytes((STOP, ACC)))
            reply = yield from self._ask(command)
        factor = _settings(reply).get("factor", (0.001,))[0]
        if not (math.isfinite(factor) and 0 < factor < 1):
            raise RadioError(f"this Polar sensor gave an impossible factor of {factor:g} g")
        self.setting = replace(self.setting, acc_scale=factor * STANDARD_GRAVITY)

    def stop(self) -> Exchange:
        """Have the readings end."""
        yield from self._ask(bytes((STOP, ACC)))

    def _ask(self, command: bytes) -> Generator[Operation, Any, Reply]:
        """One question to the control point."""
        expected = bytes((REPLY, *command[:2]))
        data = yield Ask(CONTROL, command, CONTROL, lambda answer: answer[:3] == expected)
        if data is None:
            raise RadioError("the Polar sensor did not answer; wake it up and see that no other device is connected")
        reply = pmd.decode_reply(data)
        if reply.status not in (0, ALREADY):
            raise RadioError(f"the Polar sensor refused its accelerometer: {reply.status_text}")
        return reply

    def feed(self, characteristic: str, data: bytes) -> list[Packet | Fact]:
        """What a notification holds; nothing, and a counted error, for one that cannot be read."""
        if characteristic != DATA:
            return []
        try:
            frame = pmd.decode(data)
        except ValueError as error:
            self.errors[str(error)] += 1
            return []
        if frame.measurement != ACC:
            self.errors["wrong measurement"] += 1
            return []
        end = (self.setting.acc_range_g or 8) * STANDARD_GRAVITY
        scale = self.setting.acc_scale or STANDARD_GRAVITY / 1000
        acc = vectors(np.asarray(frame.counts, dtype=np.float64), scale)
        if np.any(np.abs(acc) > 1.1 * end):
            self.errors["impossible values"] += 1
            return []
        placed = self._times.place(frame.stamp_ns / 1e9, len(acc))
        if placed is None:
            self.errors["doubled or late packet"] += 1
            return []
        times, missing, restarted = placed
        return [Packet(acc, None, np.any(np.abs(acc) >= 0.999 * end, axis=1), times, missing, restarted)]
