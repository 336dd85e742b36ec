"""What every Bluetooth sensor protocol offers its transport, and what it asks of it. No I/O.

A radio is sans I/O: `start` and `stop` are generators that yield operations and are sent their results, and
`feed` turns notifications into packets of readings and facts. So the same code runs under bleak, in a test and on
an emulator.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np

from backbeat.samples import BoolArray, ContextKind, FloatArray, JsonValue


class RadioError(Exception):
    """The sensor does not do what was asked of it; one sentence for a person."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Have the sensor notify (or indicate) a characteristic."""

    characteristic: str


@dataclass(frozen=True, slots=True)
class Write:
    """Write bytes to a characteristic; with `response` the sensor acknowledges."""

    characteristic: str
    data: bytes
    response: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """Read a characteristic; its result is the value, or None where there is no such characteristic."""

    characteristic: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Write bytes and wait for the notification that answers; the result is that, or None after `timeout_s`."""

    characteristic: str
    data: bytes
    reply_on: str
    answers: Callable[[bytes], bool]
    timeout_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Measure:
    """Count what arrives for so long; the result is readings a second."""

    seconds: float


Operation: TypeAlias = Subscribe | Write | Read | Ask | Measure
Exchange: TypeAlias = "Generator[Operation, Any, None]"


@dataclass(frozen=True, slots=True)
class Setting:
    """How the sensor measures once `start` is through.

    Attributes:
        rate_hz: nominal readings a second.
        acc_scale: m/s² of one count, None where the sensor sends m/s².
        gyr_scale: rad/s of one count, likewise; None without a gyroscope.
        acc_range_g: end of the accelerometer's range in g, None where it does not say.
        gyr_range_dps: end of the gyroscope's range in °/s, likewise.
    """

    rate_hz: float
    acc_scale: float | None
    gyr_scale: float | None
    acc_range_g: float | None
    gyr_range_dps: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """Consecutive readings, not yet placed on the host's clock.

    Attributes:
        acc: specific force in m/s², shape (n, 3), n at least one.
        gyr: angular rate in rad/s, shape (n, 3), or None without a gyroscope.
        saturated: shape (n,): an axis was at the end of its range.
        device_time: s on the sensor's clock since some instant, without wraps and increasing, shape (n,); None where
            the sensor has no clock.
        missing: readings lost just before these: 0 for none, None for an unknown number.
        restarted: the sensor's clock began anew, so that `device_time` does not go on from the packet before.
    """

    acc: FloatArray
    gyr: FloatArray | None
    saturated: BoolArray
    device_time: FloatArray | None
    missing: int | None = 0
    restarted: bool = False

    def __len__(self) -> int:
        return len(self.acc)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something the sensor says beside its readings, such as its battery."""

    kind: ContextKind
    value: JsonValue


class Radio(Protocol):
    """One sensor, from its first connection to its last; `start` is called anew for each connection."""

    errors: Counter[str]
    """What could not be read, by kind; the transport logs it once a minute."""

    @property
    def name(self) -> str:
        """For people: "WitMotion WT901BLE"."""
        ...

    @property
    def setting(self) -> Setting:
        """What was asked for before `start` is through, what the sensor does afterwards."""
        ...

    @property
    def service(self) -> str:
        """UUID of the GATT service by which it is known."""
        ...

    def start(self) -> Exchange:
        """Set rate and range, and have the readings come.

        Raises:
            RadioError: the sensor refused.
        """
        ...

    def stop(self) -> Exchange:
        """Have the readings end, as far as the sensor knows how."""
        ...

    def feed(self, characteristic: str, data: bytes) -> list[Packet | Fact]:
        """What a notification holds; nothing, and a counted error, for one that cannot be read."""
        ...


def vectors(flat: FloatArray, scale: float) -> FloatArray:
    """Numbers x, y, z, x, … times a scale, shape (n, 3)."""
    return np.asarray(flat, dtype=np.float64).reshape(-1, 3) * scale


class PacketTimes:
    """Times of single readings for a sensor that stamps only its packets, and the readings lost between packets.

    The period is learnt from packets that follow each other, since the sensor's sampling clock and the clock it
    stamps with are often two. Sensors lose whole packets, so that half a packet is the tolerance.

    Args:
        period: nominal s between readings.
        stamps_last: the stamp belongs to the last reading of a packet, not the first.
    """

    RESTART_S = 5.0
    """A stamp further back than this is a clock that began anew; one less far back is a packet that came late."""

    def __init__(self, period: float, *, stamps_last: bool) -> None:
        self.period = self._nominal = period
        self._stamps_last = stamps_last
        self._learnt = 0
        self._stamp: float | None = None
        self._count = 0

    def place(self, stamp: float, count: int) -> tuple[FloatArray, int, bool] | None:
        """Times of a packet's readings (s, sensor's clock), readings missing before, and whether the clock restarted.

        None for a packet that is older than the one before: doubled or late, so its readings must not be used.
        """
        missing, restarted = 0, False
        if self._stamp is not None:
            step = stamp - self._stamp
            # From stamp to stamp the readings of one packet go by: of the one before, or of this one.
            between = count if self._stamps_last else self._count
            restarted = step < -self.RESTART_S
            if step <= 0 and not restarted:
                return None
            if not restarted:
                tolerance = self.period * (0.5 * between + 0.5)
                excess = step - between * self.period
                if excess < -tolerance:
                    return None
                if excess > tolerance:
                    missing = max(1, round(excess / self.period))
                else:
                    self._learn(step / between)
        self._stamp, self._count = stamp, count
        steps = np.arange(count, dtype=np.float64) - (count - 1 if self._stamps_last else 0)
        return stamp + steps * self.period, missing, restarted

    def _learn(self, period: float) -> None:
        self._learnt += 1
        learnt = self.period + max(1 / self._learnt, 0.02) * (period - self.period)
        self.period = min(max(learnt, 0.9 * self._nominal), 1.1 * self._nominal)
