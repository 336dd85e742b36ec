"""Movesense HR2, MD and Active with GATT sensor data firmware: `/Meas/IMU6/<rate>`.

A measurement is a u32 time stamp in ms of its first reading, then float32: all accelerations, then all angular rates.
There is no counter: readings lost are seen by the time stamps. A long measurement comes in two notifications, which
are joined by the length that the rate gives.

Source: Movesense's device library (GATT sensor data sample) and frames captured from a real sensor (test vectors).
The range can be neither set nor asked for through this service: it is taken for the firmware's default of ±8 g until a
reading beyond shows that it is wider.
"""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from backbeat.samples import STANDARD_GRAVITY
from firmware_host.radios.radio import (
    Ask,
    Exchange,
    Fact,
    Packet,
    PacketTimes,
    RadioError,
    Setting,
    Subscribe,
    Write,
    vectors,
)

SERVICE = "34802252-7185-4d5d-b431-630e7050e8f0"
COMMAND = "34800001-7185-4d5d-b431-630e7050e8f0"
NOTIFY = "34800002-7185-4d5d-b431-630e7050e8f0"

SUBSCRIBE, UNSUBSCRIBE = 1, 2
RESPONSE, DATA, DATA_PART2 = 1, 2, 3
REFERENCE = 0x63  # ours to choose: names the subscription in every notification of it

READINGS = {13: 1, 26: 2, 52: 4, 104: 8, 208: 16}
"""Hz to readings in a measurement; 4 and 16 are captured, the others follow from the same 13 a second."""
ACC_RANGE_G, WIDEST_ACC_G, GYR_RANGE_DPS = 8.0, 16.0, 2000.0
NEAR_END = 32760 / 32768


def measurement(path: str, body: bytes) -> Mapping[str, object]:
    """Values of a measurement, in the sensor's own units (m/s², °/s, µT, mV, K, bpm, ms).

    Args:
        path: what was subscribed to, as `/Meas/IMU6/52`.
        body: the notification after its two bytes of header.

    Raises:
        ValueError: the length does not fit the path.
    """
    kind = path.split("/")[2]
    try:
        if kind == "Temp":
            kelvin, stamp = struct.unpack("<fI", body)
            return {"Timestamp": stamp, "Measurement": kelvin}
        if kind == "HR":
            beats, *intervals = struct.unpack(f"<f{(len(body) - 4) // 2}H", body)
            return {"average": beats, "rrData": intervals}
        (stamp,) = struct.unpack_from("<I", body)
        if kind == "Ecg":
            return {"Timestamp": stamp, "Samples": np.frombuffer(body, "<i2", offset=4) / 1000}
        arrays = {"Acc": 1, "Gyro": 1, "Magn": 1, "IMU6": 2, "IMU9": 3}[kind]
        values = np.frombuffer(body, "<f4", offset=4).reshape(arrays, -1, 3)
    except (struct.error, ValueError, KeyError) as error:
        raise ValueError(f"{len(body)} bytes are no {path}: {error}") from None
    names = ("Acc", "Gyro", "Magn") if kind.startswith("IMU") else (kind,)
    return {"Timestamp": stamp} | {f"Array{name}": part for name, part in zip(names, values, strict=False)}


def encode(stamp_ms: int, acc: np.ndarray, gyr_dps: np.ndarray, part: int = 256) -> list[bytes]:
    """The notifications of one IMU6 measurement, none longer than `part` bytes."""
    body = struct.pack("<I", stamp_ms % 2**32) + acc.astype("<f4").tobytes() + gyr_dps.astype("<f4").tobytes()
    first, rest = body[: part - 2], body[part - 2 :]
    frames = [bytes((DATA, REFERENCE)) + first]
    return [*frames, bytes((DATA_PART2, REFERENCE)) + rest] if rest else frames


class Movesense:
    """Decoder and start-up of one Movesense sensor.

    Args:
        rate_hz: one of `READINGS`.

    Raises:
        RadioError: the sensor does not offer the rate.
    """

    name = "Movesense"
    service = SERVICE

    def __init__(self, rate_hz: float = 104) -> None:
        if rate_hz not in READINGS:
            offered = ", ".join(map(str, READINGS))
            raise RadioError(f"a Movesense sensor measures at {offered} readings a second, not {rate_hz:g}")
        self.errors: Counter[str] = Counter()
        self.setting = Setting(rate_hz, None, None, ACC_RANGE_G, GYR_RANGE_DPS)
        self._path = f"/Meas/IMU6/{rate_hz:g}"
        self._size = 4 + READINGS[int(rate_hz)] * 24
        self._times = PacketTimes(1 / rate_hz, stamps_last=False)
        self._part = b""
        self._wraps = 0
        self._stamp: int | None = None

    def start(self) -> Exchange:
        """Set rate and range, and have the readings come."""
        self._part = b""
        yield Subscribe(NOTIFY)
        command = bytes((SUBSCRIBE, REFERENCE)) + self._path.encode()
        reply = yield Ask(COMMAND, command, NOTIFY, lambda data: data[:2] == bytes((RESPONSE, REFERENCE)))
        if reply is None:
            raise RadioError(
                "the Movesense sensor did not answer; it needs the GATT sensor data firmware (Movesense Showcase app)"
            )
        if 400 <= int.from_bytes(reply[2:4], "little") < 600:
            raise RadioError(
                f"the Movesense sensor refused {self._path} with status {int.from_bytes(reply[2:4], 'little')}"
            )

    def stop(self) -> Exchange:
        """Have the readings end."""
        yield Write(COMMAND, bytes((UNSUBSCRIBE, REFERENCE)))

    def feed(self, characteristic: str, data: bytes) -> list[Packet | Fact]:
        """What a notification holds; nothing, and a counted error, for one that cannot be read."""
        if characteristic != NOTIFY or data[:1] == bytes((RESPONSE,)):
            return []
        body = self._joined(data)
        if body is None:
            return []
        values = np.frombuffer(body, "<f4", offset=4).reshape(2, -1, 3).astype(np.float64)
        acc, gyr = values[0], values[1]
        # Far beyond every range of these parts, or no number at all: bytes that are no measurement.
        largest = float(np.abs(acc).max()) / STANDARD_GRAVITY
        if not (largest < 2 * WIDEST_ACC_G and np.all(np.abs(gyr) < 4 * GYR_RANGE_DPS)):
            self.errors["impossible values"] += 1
            return []
        if largest > 1.02 * ACC_RANGE_G and self.setting.acc_range_g == ACC_RANGE_G:
            self.setting = replace(self.setting, acc_range_g=WIDEST_ACC_G)
        limit_acc = (self.setting.acc_range_g or ACC_RANGE_G) * STANDARD_GRAVITY * NEAR_END
        limit_gyr = GYR_RANGE_DPS * NEAR_END
        placed = self._times.place(self._unwrapped(body) / 1000, len(acc))
        if placed is None:
            self.errors["doubled or late packet"] += 1
            return []
        times, missing, restarted = placed
        saturated = np.any(np.abs(acc) >= limit_acc, axis=1) | np.any(np.abs(gyr) >= limit_gyr, axis=1)
        return [Packet(vectors(acc, 1.0), vectors(gyr, math.pi / 180), saturated, times, missing, restarted)]

    def _joined(self, data: bytes) -> bytes | None:
        """A whole measurement, or None for a part, another subscription or rubbish."""
        if len(data) < 3 or data[0] not in (DATA, DATA_PART2) or data[1] != REFERENCE:
            self.errors["wrong header"] += 1
            return None
        if data[0] == DATA:
            if self._part:
                self.errors["second part missing"] += 1
            self._part = data[2:]
        elif self._part:
            self._part += data[2:]
        else:
            self.errors["first part missing"] += 1
            return None
        if len(self._part) < self._size and data[0] == DATA:
            return None
        body, self._part = self._part, b""
        if len(body) != self._size:
            self.errors["wrong length"] += 1
            return None
        return body

    def _unwrapped(self, body: bytes) -> int:
        """The time stamp in ms, counted on where it wraps (after 49.7 days)."""
        (stamp,) = struct.unpack_from("<I", body)
        if self._stamp is not None and self._stamp - stamp > 2**31:
            self._wraps += 1
        self._stamp = stamp
        return int(stamp + self._wraps * 2**32)
