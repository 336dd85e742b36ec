"""WitMotion WT901BLE family (WT901BLE68, WT901BLECL, BWT901BLE5.0, WT9011DCL, WT901SDCL): packets of header 0x55.

A reading is `55 61` and nine int16: acceleration, angular rate, angles. It has neither counter, time nor checksum;
newer firmware appends eight bytes of date and time. Several frames may share a notification, and a frame may be
spread over two, so the bytes are read as a stream that is realigned at headers.

Source: WitMotion's protocol document of the WT901BLE family, and real captures in the test vectors. The date and time
form of 28 bytes has been read in documents only.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from datetime import UTC, datetime

import numpy as np

from backbeat.samples import STANDARD_GRAVITY, FloatArray
from firmware_host.radios.radio import (
    Exchange,
    Fact,
    Measure,
    Packet,
    PacketTimes,
    RadioError,
    Setting,
    Subscribe,
    Write,
)

SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"  # 9a34fb: not the Bluetooth base, which ends in 9b34fb
NOTIFY = "0000ffe4-0000-1000-8000-00805f9a34fb"
COMMAND = "0000ffe9-0000-1000-8000-00805f9a34fb"

READING, REGISTER = b"\x55\x61", b"\x55\x71"
SHORT, LONG = 20, 28
CALENDAR = struct.Struct("<6BH")

ACC_SCALE = 16 * STANDARD_GRAVITY / 32768
GYR_SCALE = math.radians(2000) / 32768
SATURATED = 32760
TOGETHER_S = 0.05
"""A sensor that sends each reading by itself has so many seconds of them decoded together: it costs a tenth."""

REG_RATE, REG_BATTERY = 0x03, 0x64
UNLOCK = bytes.fromhex("ffaa6988b5")
RATE_CODES = {10: (0x06,), 20: (0x07,), 50: (0x08,), 100: (0x09,), 125: (0x0A,), 200: (0x0B, 0x0A)}
"""Hz to the codes of register 0x03. WitMotion's documents disagree on 200 Hz (0x0B in the common protocol, 0x0A in
the BLECL data sheet): both are tried and the frames are counted."""

EMPTY_V, FULL_V = 3.5, 4.1
"""Cell voltage at 0 and 100 %: the vendor's application shows steps between about these two."""


def write_register(register: int, value: int) -> bytes:
    """The command that writes a 16-bit register."""
    return struct.pack("<BBBH", 0xFF, 0xAA, register, value)


def read_register(register: int) -> bytes:
    """The command that asks for eight registers from this one on."""
    return struct.pack("<BBBH", 0xFF, 0xAA, 0x27, register)


def encode(acc: tuple[int, int, int], gyr: tuple[int, int, int], taken: datetime | None = None) -> bytes:
    """A frame as the sensor sends it (angles zero); with a date and time the long form."""
    frame = READING + struct.pack("<9h", *acc, *gyr, 0, 0, 0)
    if taken is None:
        return frame
    date = (taken.year % 100, taken.month, taken.day, taken.hour, taken.minute, taken.second)
    return frame + CALENDAR.pack(*date, taken.microsecond // 1000)


class Witmotion:
    """Decoder and start-up of one WitMotion sensor.

    Args:
        rate_hz: one of `RATE_CODES`.

    Raises:
        RadioError: the family does not offer the rate.
    """

    name = "WitMotion WT901BLE"
    service = SERVICE

    def __init__(self, rate_hz: float = 200) -> None:
        if rate_hz not in RATE_CODES:
            offered = ", ".join(map(str, RATE_CODES))
            raise RadioError(f"a WitMotion sensor measures at {offered} readings a second, not {rate_hz:g}")
        self.errors: Counter[str] = Counter()
        self._asked = rate_hz
        self.setting = Setting(rate_hz, ACC_SCALE, GYR_SCALE, 16, 2000)
        self._forget()

    def _forget(self) -> None:
        """Nothing of an earlier connection's bytes may meet those of this one."""
        self._tail = b""
        self._length = 0  # of a reading's frame; 0 until two headers have shown it
        self._skipped = 0  # bytes since the last good frame
        self._last: float | None = None  # time of the last reading, long form
        self._before = b""  # the notification before
        self._singles: list[bytes] = []  # short frames that came one by one and wait for the next ones
        self._period = 1 / self._asked

    def start(self) -> Exchange:
        """Set rate and range, and have the readings come."""
        self._forget()
        yield Subscribe(NOTIFY)
        wanted, best = self._asked, 0.0
        for code in RATE_CODES[int(wanted)]:
            yield Write(COMMAND, UNLOCK)
            yield Write(COMMAND, write_register(REG_RATE, code))
            best = yield Measure(2.0)
            if abs(best / wanted - 1) < 0.1:
                break
        if not best:
            raise RadioError("the WitMotion sensor is connected and sends nothing; switch it off and on")
        known = min(RATE_CODES, key=lambda rate: abs(math.log(best / rate)))
        rate = known if abs(best / known - 1) < 0.1 else best
        self.setting = Setting(rate, ACC_SCALE, GYR_SCALE, 16, 2000)
        self._period = 1 / rate
        yield Write(COMMAND, read_register(REG_BATTERY))

    def stop(self) -> Exchange:
        """Have the readings end."""
        yield from ()  # it streams for as long as it is connected

    def feed(self, characteristic: str, data: bytes) -> list[Packet | Fact]:
        """What a notification holds; nothing, and a counted error, for one that cannot be read."""
        if characteristic != NOTIFY:
            return []
        if len(data) >= 2 * SHORT and data == self._before:  # a single frame may repeat at rest, several cannot
            self.errors["doubled packet"] += 1
            return []
        self._before = data
        if len(data) == self._length == SHORT and data[:2] == READING and not self._tail and not self._skipped:
            self._singles.append(data)
            if len(self._singles) < TOGETHER_S / self._period:
                return []
            data = b""
        data, self._singles = b"".join(self._singles) + data, []
        if data[:2] in (READING, REGISTER) and (self._length or len(self._tail) < SHORT):
            self._drop(len(self._tail), "frame cut short")  # a notification that begins a frame ends the one before
            self._tail = b""
        buffer = self._tail + data
        facts: list[Packet | Fact] = []
        runs: list[tuple[int, list[bytes]]] = []  # frames without a break, each run with the readings missing before
        at = 0
        while len(buffer) - at >= SHORT:
            length = self._frame_at(buffer, at)
            if length is None:
                break
            if length == 0:
                self._drop(1, "no frame here")
                at += 1
                continue
            frame, at = buffer[at : at + length], at + length
            if frame[:2] == REGISTER:
                facts += self._facts(frame)
                continue
            if self._skipped or not runs or len(runs[-1][1][0]) != length:
                runs.append((max(1, round(self._skipped / length)) if self._skipped else 0, []))
                self._skipped = 0
            runs[-1][1].append(frame)
        self._tail = buffer[at:]
        return facts + [packet for missing, frames in runs for packet in self._packet(frames, missing)]

    def _drop(self, count: int, error: str) -> None:
        if count and not self._skipped:
            self.errors[error] += 1
        self._skipped += count

    def _frame_at(self, buffer: bytes, at: int) -> int | None:
        """Length of the frame that begins here, 0 for none, None while that is not known yet."""
        kind, left = buffer[at : at + 2], len(buffer) - at
        if kind == REGISTER:
            return SHORT
        if kind != READING:
            return 0
        for length in (self._length,) if self._length else (SHORT, LONG):
            if left < length or (left == length and not self._length):
                return None
            if left == length or buffer[at + length] == READING[0]:
                if left > length + 1 and buffer[at + length : at + length + 2] not in (READING, REGISTER):
                    continue
                self._length = length
                return length
        self._length = 0
        return 0

    def _packet(self, frames: list[bytes], missing: int) -> list[Packet]:
        length = len(frames[0])  # not `_length`: bytes after these frames may have put it in doubt
        table = np.frombuffer(b"".join(frames), np.uint8).reshape(-1, length)
        raw = table[:, 2:14].copy().view("<i2").astype(np.float64)
        times, restarted = None, False
        if length == LONG:
            times = self._times(frames)
            if times is None:
                return []
            if self._last is not None:
                step = float(times[0]) - self._last
                if -PacketTimes.RESTART_S < step <= 0:
                    self.errors["doubled or late packet"] += 1
                    return []
                restarted = step <= 0
                missing = 0 if restarted else max(0, round(step / self._period) - 1)
            self._last = float(times[-1])
        saturated = np.any(np.abs(raw) >= SATURATED, axis=1)
        return [Packet(raw[:, :3] * ACC_SCALE, raw[:, 3:] * GYR_SCALE, saturated, times, missing, restarted)]

    def _times(self, frames: list[bytes]) -> FloatArray | None:
        stamps = []
        for frame in frames:
            year, month, day, hour, minute, second, ms = CALENDAR.unpack_from(frame, SHORT)
            try:
                taken = datetime(2000 + year, max(month, 1), max(day, 1), hour, minute, second, tzinfo=UTC)
            except ValueError:
                self.errors["impossible time"] += 1
                return None
            stamps.append(taken.timestamp() + ms / 1000)
        times = np.array(stamps)
        if np.any(np.diff(times) <= 0):
            self.errors["time does not go on"] += 1
            return None
        return times

    def _facts(self, frame: bytes) -> list[Fact]:
        register, values = decode_register(frame)
        volts = values[0] / 100
        if register != REG_BATTERY or not 2.5 <= volts <= 5:
            return []
        return [Fact("battery_pct", round(100 * min(max((volts - EMPTY_V) / (FULL_V - EMPTY_V), 0.0), 1.0)))]


def decode_register(frame: bytes) -> tuple[int, tuple[int, ...]]:
    """First register and the eight values of a `55 71` frame.

    Raises:
        ValueError: it is not such a frame.
    """
    if len(frame) != SHORT or frame[:2] != REGISTER:
        raise ValueError("not a register frame")
    register, *values = struct.unpack("<H8h", frame[2:])
    return register, tuple(values)
