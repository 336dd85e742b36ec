"""What is not motion and matters for it: speed from gpsd, height from a barometer, and from both the slope."""

from __future__ import annotations

import json
import logging
import math
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from backbeat.errors import SourceError
from backbeat.samples import Context
from firmware_host.bus import Bus
from firmware_host.chips.barometers import BAROMETERS, Barometer
from firmware_host.chips.talk import ChipFault

log = logging.getLogger(__name__)

TRY_EVERY_S = 10.0
STALE_S = 5.0
HEIGHT_EVERY_S = 0.5
GRADE_EVERY_S = 5.0
LEAST_DISTANCE_M = 40.0
"""A barometer is good to some 0.2 m: over 40 m that is half a per cent of slope."""
MOST_SECONDS = 60.0
SEA_LEVEL_PA = 101325.0


def height_m(pressure_pa: float) -> float:
    """Height in the standard atmosphere (ISO 2533); only its changes mean something, the weather shifts all of it."""
    return 44330.77 * (1 - math.pow(pressure_pa / SEA_LEVEL_PA, 0.1902632))


class Slope:
    """Height over distance, by least squares over the last stretch of road."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, float, float]] = deque()  # (time, distance, height)
        self._distance = 0.0
        self._speed: float | None = None

    def speed(self, speed_m_s: float | None) -> None:
        """The speed from now on; None where it is not known, and the stretch begins anew."""
        self._speed = speed_m_s
        if speed_m_s is None:
            self._points.clear()

    def height(self, time: float, height: float) -> None:
        """A height at a time, s."""
        if self._speed is None:
            return
        if self._points:
            self._distance += self._speed * (time - self._points[-1][0])
        self._points.append((time, self._distance, height))
        while time - self._points[0][0] > MOST_SECONDS:
            self._points.popleft()

    def grade_pct(self) -> float | None:
        """Slope in %, positive uphill; None over too short a stretch."""
        if len(self._points) < 3 or self._points[-1][1] - self._points[0][1] < LEAST_DISTANCE_M:
            return None
        n = len(self._points)
        mean_x = sum(x for _, x, _ in self._points) / n
        mean_y = sum(y for _, _, y in self._points) / n
        spread = sum((x - mean_x) ** 2 for _, x, _ in self._points)
        return 100 * sum((x - mean_x) * (y - mean_y) for _, x, y in self._points) / spread


class Surroundings:
    """Speed and slope as context, asked between the visits to the motion sensor (an `Extra` of the transport)."""

    def __init__(self, gpsd: Gpsd | None, barometer: Height | None) -> None:
        self._gpsd, self._barometer = gpsd, barometer
        self._slope = Slope()
        self._graded_at = -math.inf
        self._grade: float | None = None

    def ask(self, now: float) -> Sequence[Context]:
        """What is new at `now`, host s."""
        told: list[Context] = []
        if self._gpsd is not None:
            for speed in self._gpsd.speeds(now):
                self._slope.speed(speed)
                told.append(Context(now, "speed_m_s", speed))
        if self._barometer is None:
            return told
        height = self._barometer.height(now)
        if height is not None:
            self._slope.height(now, height)
        if now - self._graded_at > GRADE_EVERY_S:
            self._graded_at = now
            grade = self._slope.grade_pct()
            if grade is not None or self._grade is not None:
                told.append(Context(now, "grade_pct", None if grade is None else round(grade, 2)))
            self._grade = grade
        return told

    def close(self) -> None:
        """Release socket and bus."""
        if self._gpsd is not None:
            self._gpsd.close()
        if self._barometer is not None:
            self._barometer.close()


class Height:
    """A barometer that is read twice a second; what fails is tried again later."""

    def __init__(self, barometer: Barometer, open_bus: Callable[[], Bus]) -> None:
        """Find it and start it.

        Raises:
            OSError: the bus failed.
            ChipFault: the chip did.
            WrongChip: somebody else answers.
        """
        self._barometer = barometer
        self._bus = open_bus()
        self._next = -math.inf
        try:
            self._bus.carry_out(barometer.start())
        except BaseException:
            self._bus.close()
            raise

    def height(self, now: float) -> float | None:
        """Height in m if a new one is due and could be read."""
        if now < self._next:
            return None
        self._next = now + HEIGHT_EVERY_S
        try:
            pressure, _ = self._bus.carry_out(self._barometer.pressure())
        except (OSError, ChipFault) as error:
            log.info("the barometer could not be read: %s", error)
            self._next = now + TRY_EVERY_S
            return None
        return height_m(pressure) if 30_000 < pressure < 110_000 else None

    def close(self) -> None:
        """Release the bus."""
        self._bus.close()


class Gpsd:
    """A client of gpsd's JSON protocol (gpsd_json(5)) that never waits."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._text = b""
        self._try_at = -math.inf
        self._heard_at: float | None = None

    def speeds(self, now: float) -> Sequence[float | None]:
        """Speeds over ground told since the last call, m/s; None once there is no fix any more."""
        if self._socket is None and now >= self._try_at:
            self._connect(now)
        told: list[float | None] = []
        for line in self._lines():
            speed = speed_of(line)
            if speed is not None:
                told.append(speed)
                self._heard_at = now
        if self._heard_at is not None and now - self._heard_at > STALE_S:
            self._heard_at = None
            told.append(None)
        return told

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self, now: float) -> None:
        self._try_at = now + TRY_EVERY_S
        self._text = b""
        try:
            self._socket = socket.create_connection(self._address, timeout=0.3)
            self._socket.sendall(b'?WATCH={"enable":true,"json":true}\n')
            self._socket.setblocking(False)
        except OSError as error:
            log.info("gpsd at %s:%d: %s", *self._address, error)
            self.close()

    def _lines(self) -> list[bytes]:
        while self._socket is not None:
            try:
                data = self._socket.recv(65536)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                self.close()
                break
            self._text = (self._text + data)[-1_000_000:]
        *lines, self._text = self._text.split(b"\n")
        return lines


def speed_of(line: bytes) -> float | None:
    """The speed that one line of gpsd tells with a fix, m/s."""
    try:
        told: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or told.get("class") != "TPV" or told.get("mode") not in (2, 3):
        return None
    speed = told.get("speed")
    if not isinstance(speed, int | float) or isinstance(speed, bool) or not 0 <= speed < 50:
        return None
    return float(speed)


def open_surroundings(gpsd: str, barometer: str, open_bus: Callable[[int], Bus]) -> Surroundings | None:
    """From `gpsd=HOST:PORT` and `barometer=bmp280[@0x77]`; None where both are empty.

    Raises:
        SourceError: they are not like that, or no barometer answers.
    """
    if not gpsd and not barometer:
        return None
    client = None
    if gpsd:
        host, _, port = gpsd.partition(":")
        if not host or not (port or "2947").isdigit():
            raise SourceError(f"gpsd={gpsd}: write it as gpsd=127.0.0.1:2947.")
        client = Gpsd(host, int(port or 2947))
    height = None
    if barometer:
        name, _, place = barometer.partition("@")
        try:
            driver, usual = BAROMETERS[name]
            address = int(place, 0) if place else usual
        except (KeyError, ValueError):
            raise SourceError(
                f"barometer={barometer}: write one of {', '.join(BAROMETERS)}, such as bmp280@0x76."
            ) from None
        try:
            height = Height(driver(), lambda: open_bus(address))
        except (OSError, ChipFault, SourceError) as error:
            raise SourceError(f"the barometer {name} at 0x{address:02x}: {error}") from None
    return Surroundings(client, height)
