"""HipNode, Backbeat's own sensor (hardware/hipnode): every packet carries the number and time of its first reading."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Generator
from typing import Any

import numpy as np

from backbeat.samples import STANDARD_GRAVITY
from firmware_host.radios import hipnode_packets as packets
from firmware_host.radios.hipnode_packets import (
    CONTROL,
    DATA,
    GYRO,
    IDENTIFY,
    INFO,
    NEAR_END,
    OK,
    SELF_TEST,
    SEND,
    SERVICE,
    START,
    STOP,
    UNKNOWN,
    Frame,
    Information,
)
from firmware_host.radios.radio import (
    Ask,
    Exchange,
    Fact,
    Operation,
    Packet,
    RadioError,
    Read,
    Setting,
    Subscribe,
)


class HipNode:
    """Decoder and start-up of one HipNode.

    After a lost link the node still holds about ten seconds of readings: `start` asks for those that are missing.

    Args:
        rate_hz: readings a second.
        acc_range_g: end of the accelerometer's range.
        gyr_range_dps: end of the gyroscope's range.
        self_test: have its chip test itself at the first connection; it must lie still.
        blink: have its light blink at the first connection, to see which of several it is.
    """

    name = "HipNode"
    service = SERVICE

    def __init__(
        self,
        rate_hz: float = 208,
        acc_range_g: int = 16,
        gyr_range_dps: int = 2000,
        *,
        self_test: bool = False,
        blink: bool = False,
    ) -> None:
        self._to_be_tested, self._to_blink = self_test, blink
        self.errors: Counter[str] = Counter()
        self.setting = Setting(rate_hz, None, None, acc_range_g, gyr_range_dps)
        self.information: Information | None = None
        self._next = 0  # number of the reading that should come next
        self._clock = 0.0  # device time at which it should come, µs without wraps
        self._known = False  # whether these two are
        self._begun = False  # whether a reading ever came
        self._suspects: list[Frame] = []  # frames in a row that follow each other, but not the readings so far
        self._temperature: int | None = None

    def start(self) -> Exchange:
        """Set rate and range, and have the readings come."""
        yield Subscribe(CONTROL)
        yield Subscribe(DATA)
        if self._to_blink:
            yield from self._ask(bytes((IDENTIFY,)))
            self._to_blink = False
        if self._to_be_tested:
            yield from self._test()
            self._to_be_tested = False
        wanted = self.setting
        command = struct.pack(
            "<BHBH", START, round(wanted.rate_hz), int(wanted.acc_range_g or 16), int(wanted.gyr_range_dps or 2000)
        )
        reply = yield from self._ask(command)
        if reply[2:3] != bytes((OK,)):
            raise RadioError(
                f"the HipNode refused {wanted.rate_hz:g} readings a second at ±{wanted.acc_range_g or 16:g} g; "
                "208 and 104 at ±16 g always work"
            )
        try:
            found = packets.decode_information((yield Read(INFO)) or b"")
        except ValueError as error:
            raise RadioError(f"the HipNode's description cannot be read ({error}); update its firmware") from None
        begins = int.from_bytes(reply[3:7], "little")  # number of the next reading that it will take
        self._known = self._known and self.information == found and begins >= self._next % 2**32
        self._suspects = []
        self.information = found
        gyr = math.radians(found.gyr_dps) if found.gyr_dps else None
        self.setting = Setting(
            found.rate_hz, found.acc_g * STANDARD_GRAVITY, gyr, found.acc_range_g, found.gyr_range_dps or None
        )
        first = self._next % 2**32 if self._known else begins
        yield from self._ask(struct.pack("<BIH", SEND, first, 0xFFFF))

    def stop(self) -> Exchange:
        """Have the readings end."""
        yield from self._ask(bytes((STOP,)))

    def _test(self) -> Exchange:
        """Have the chip test itself; afterwards it measures anew.

        Raises:
            RadioError: it did not pass, or the firmware is older than the test.
        """
        yield from self._ask(bytes((STOP,)))
        status = (yield from self._ask(bytes((SELF_TEST,))))[2:3]
        if status == bytes((UNKNOWN,)):
            raise RadioError("the HipNode's firmware has no self-test; put the present one on it")
        if status != bytes((OK,)):
            raise RadioError("the HipNode's chip fails its self-test; lay it down still and try again, else replace it")

    def _ask(self, command: bytes) -> Generator[Operation, Any, bytes]:
        expected = bytes((0xF0, command[0]))
        reply = yield Ask(CONTROL, command, CONTROL, lambda data: data[:2] == expected)
        if reply is None:
            raise RadioError("the HipNode did not answer; switch it off and on")
        return bytes(reply)

    def feed(self, characteristic: str, data: bytes) -> list[Packet | Fact]:
        """What a notification holds; nothing, and a counted error, for one that cannot be read."""
        if characteristic != DATA or self.information is None:
            return []
        try:
            frame = packets.decode(data)
            self._check(frame, self.information)
        except ValueError as error:
            self.errors[str(error)] += 1
            return []
        count, period = len(frame.counts), self._period(frame)
        restarted = self._begun and not self._known
        missing: int | None = None if restarted else 0
        index, first = frame.index, float(frame.time_us)
        if self._known:
            index = _near(frame.index, self._next)
            missing = index - self._next
            first = _near(frame.time_us, self._clock + missing * period)
        self._known = self._begun = True
        self._next, self._clock = index + count, first + count * period
        times = (first + np.arange(count, dtype=np.float64) * period) / 1e6
        counts = frame.counts.astype(np.float64)
        saturated = np.any(np.abs(counts) >= NEAR_END, axis=1)
        acc = counts[:, :3] * (self.setting.acc_scale or 0.0)
        gyr = counts[:, 3:] * self.setting.gyr_scale if self.setting.gyr_scale is not None else None
        found: list[Packet | Fact] = [Packet(acc, gyr, saturated, times, missing, restarted)]
        if frame.temperature_c != self._temperature:
            self._temperature = frame.temperature_c
            found.append(Fact("temperature_c", frame.temperature_c))
        return found

    def _period(self, frame: Frame) -> float:
        """µs between the readings of a frame."""
        rate = self.information.rate_hz if self.information is not None else self.setting.rate_hz
        return frame.period / 2 or 1e6 / rate

    def _check(self, frame: Frame, information: Information) -> None:
        """Refuse a frame that must not be used: doubled, late, of other settings, or damaged.

        Raises:
            ValueError: it must not.
        """
        if frame.settings != information.settings or bool(frame.flags & GYRO) != bool(information.gyr_dps):
            raise ValueError("other settings")
        period = self._period(frame)
        if not 0.9 < period * information.rate_hz / 1e6 < 1.1:
            raise ValueError("impossible period")
        if not self._known:
            return
        ahead = _near(frame.index, self._next) - self._next
        expected = self._clock + ahead * period
        agrees = abs(_near(frame.time_us, expected) - expected) < 0.02 * abs(ahead) * period + 20e3
        if agrees and ahead >= 0:
            self._suspects = []
            return
        # Counting on from a damaged number would refuse every good frame: four that follow each other are believed.
        before = self._suspects[-1] if self._suspects else None
        follows = before is not None and frame.index - before.index == len(before.counts)
        self._suspects = [*self._suspects, frame] if follows else [frame]
        if len(self._suspects) < 4:
            raise ValueError("doubled or late packet" if agrees else "number and time do not agree")
        self._suspects, self._known = [], False


def _near(raw: int, expected: float) -> int:
    """The value that agrees with `raw` modulo 2³² and is nearest to what is expected."""
    return raw + round((expected - raw) / 2**32) * 2**32
