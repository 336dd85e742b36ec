"""HipNode, Backbeat's own sensor (hardware/hipnode): every packet carries the number and time of its first reading.

DATA is a header of 16 bytes and readings of six int16 (three without a gyroscope), little-endian:

    0  u8   version << 4 | 1 gyroscope present, 2 readings lost before, 4 saturation seen, 8 restarted
    1  u8   readings in this packet
    2  u16  packet number, wraps
    4  u32  number of the first reading since the start
    8  u32  device clock at the first reading in µs, wraps after 71.6 min
    12 u16  measured period between readings in 0.5 µs, 0 for that of INFO
    14 s8   temperature in °C
    15 u8   identity of the settings, as in INFO

INFO says range, scale and rate. CONTROL takes commands and notifies F0, the command and a status (0 is success):

    01 u16 rate u8 range in g u16 range in °/s   START: measure; the answer adds the number of the next reading (u32).
                                                 A node that measures so already goes on. Nothing is sent before:
    05 u32 number u16 65535                      SEND: from this reading on, or the oldest that is remembered
    02                                           STOP
    03                                           IDENTIFY: blink three times
    04                                           SELF_TEST: push the chip's sensors; only while it does not measure.
                                                 4 in the answer: they did not move as they should

Nineteen readings fill the longest notification of a 247-byte MTU.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backbeat.samples import STANDARD_GRAVITY
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

_BASE = "ae83{:04x}-93bb-4a50-aedf-a95ada11702a"
SERVICE, DATA, CONTROL, INFO = (_BASE.format(number) for number in range(1, 5))

VERSION = 1
GYRO, LOST, SATURATED, RESTARTED = 1, 2, 4, 8
HEADER = struct.Struct("<BBHIIHbB")
INFORMATION = struct.Struct("<BBBBHHHffBB6s")
START, STOP, IDENTIFY, SELF_TEST, SEND = 1, 2, 3, 4, 5
OK, UNKNOWN = 0, 1
NEAR_END = 32760
CHIPS = {1: "LSM6DS3TR-C", 2: "LSM6DSOX"}


@dataclass(frozen=True, slots=True)
class Information:
    """The INFO characteristic."""

    settings: int
    chip: int
    rate_hz: float
    acc_range_g: int
    gyr_range_dps: int
    acc_g: float
    gyr_dps: float
    firmware: str
    serial: str


def decode_information(data: bytes) -> Information:
    """INFO as read.

    Raises:
        ValueError: another version, or numbers that cannot be.
    """
    if len(data) != INFORMATION.size or data[0] != VERSION:
        raise ValueError("INFO is of another version")
    _, settings, chip, _, rate, acc_range, gyr_range, acc, gyr, major, minor, serial = INFORMATION.unpack(data)
    if not (0 < acc < 1 and 0 <= gyr < 10 and rate):
        raise ValueError("INFO holds impossible scales")
    return Information(settings, chip, rate / 10, acc_range, gyr_range, acc, gyr, f"{major}.{minor}", serial.hex())


def encode_information(information: Information) -> bytes:
    """INFO as the sensor gives it."""
    major, minor = map(int, information.firmware.split("."))
    return INFORMATION.pack(
        VERSION,
        information.settings,
        information.chip,
        0,
        round(information.rate_hz * 10),
        information.acc_range_g,
        information.gyr_range_dps,
        information.acc_g,
        information.gyr_dps,
        major,
        minor,
        bytes.fromhex(information.serial),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A DATA notification; `counts` has the shape (n, 6), or (n, 3) without a gyroscope."""

    flags: int
    sequence: int
    index: int
    time_us: int
    period: int
    temperature_c: int
    settings: int
    counts: NDArray[np.int16]


def decode(data: bytes) -> Frame:
    """A DATA notification.

    Raises:
        ValueError: it is none.
    """
    if len(data) < HEADER.size:
        raise ValueError("frame cut short")
    first, count, sequence, index, time_us, period, temperature, settings = HEADER.unpack_from(data)
    if first >> 4 != VERSION:
        raise ValueError("wrong header")
    columns = 6 if first & GYRO else 3
    if not count or len(data) != HEADER.size + count * columns * 2:
        raise ValueError("wrong length")
    counts = np.frombuffer(data, "<i2", offset=HEADER.size).reshape(count, columns)
    return Frame(first & 15, sequence, index, time_us, period, temperature, settings, counts)


def encode(frame: Frame) -> bytes:
    """A DATA notification as the sensor sends it."""
    header = HEADER.pack(
        VERSION << 4 | frame.flags,
        len(frame.counts),
        frame.sequence % 2**16,
        frame.index % 2**32,
        frame.time_us % 2**32,
        frame.period,
        frame.temperature_c,
        frame.settings,
    )
    return header + frame.counts.astype("<i2").tobytes()


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
            found = decode_information((yield Read(INFO)) or b"")
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
            frame = decode(data)
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
