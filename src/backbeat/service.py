"""A run as a systemd service: it says when it is ready and feeds the watchdog only while readings flow."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from backbeat.events import Event
from backbeat.samples import Context, Samples

_LOG = logging.getLogger(__name__)

POWER_EVERY_S = 10.0
THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
"""The firmware's flags as hexadecimal text (Raspberry Pi kernel, drivers/firmware/raspberrypi.c)."""

POWER_FLAGS = {
    0: "the supply voltage is too low: use a better cable or a charged battery",
    1: "the processor is slowed down, because it is hot or the voltage is too low",
    2: "the processor is throttled, because it is hot or the voltage is too low",
    3: "the processor is near its highest temperature",
}
"""Bit to what it means; sixteen bits further up the same has happened since the start (`vcgencmd get_throttled`)."""


def notify(words: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Tell systemd (sd_notify(3)): a datagram to the socket that it named; False where there is none."""
    name = environment.get("NOTIFY_SOCKET")
    if not name:
        return False
    address = "\0" + name[1:] if name.startswith("@") else name
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            out.sendto(words.encode(), address)
    except OSError as error:
        _LOG.warning("systemd cannot be told '%s': %s", words, error.strerror)
        return False
    return True


class Service:
    """Tells systemd about a run.

    Args:
        name: of the source, for `systemctl status`.
        clock: seconds that pass.
        environment: systemd's words to us: NOTIFY_SOCKET, WATCHDOG_USEC.
        throttled: the firmware's flags.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        environment: Mapping[str, str] = os.environ,
        throttled: Path = THROTTLED,
    ) -> None:
        self._name, self._clock, self._environment, self._throttled = name, clock, environment, throttled
        limit = environment.get("WATCHDOG_USEC", "")
        self._feed_every_s = int(limit) / 1e6 / 4 if limit.isdecimal() else 10.0
        self._fed = self._looked = -float("inf")
        self._power = 0
        self._reading: bool | None = None
        notify(f"READY=1\nSTATUS={name}: waiting for readings", environment)

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:  # noqa: ARG002
        """Readings feed the watchdog; a sensor that is lost does not."""
        now = self._clock()
        if now - self._looked >= POWER_EVERY_S:
            self._looked = now
            self._look_at_power()
        if isinstance(block, Context):
            if block.kind == "sensor" and isinstance(block.value, Mapping) and block.value.get("state") == "lost":
                self._say(False, f"sensor lost: {block.value.get('reason', 'no reason known')}")
        elif len(block):
            if now - self._fed >= self._feed_every_s:
                self._fed = now
                notify("WATCHDOG=1", self._environment)
            self._say(True, "readings flow")

    def finish(self, events: Sequence[Event]) -> None:  # noqa: ARG002
        """The run ends in order."""
        notify(f"STOPPING=1\nSTATUS={self._name}: stopped", self._environment)

    def _say(self, reading: bool, words: str) -> None:
        if reading != self._reading:
            self._reading = reading
            notify(f"STATUS={self._name}: {words}", self._environment)

    def _look_at_power(self) -> None:
        """Say once in the log when the Pi's supply or temperature fails, and when it is right again."""
        flags = throttled_flags(self._throttled) or 0
        for bit, words in POWER_FLAGS.items():
            if flags >> bit & 1 and not self._power >> bit & 1:
                _LOG.warning("Raspberry Pi: %s.", words)
        if self._power & 0xF and not flags & 0xF:
            _LOG.warning("Raspberry Pi: voltage and temperature are right again.")
        self._power = flags


def throttled_flags(path: Path = THROTTLED) -> int | None:
    """The firmware's flags about supply and temperature; None where this is no Raspberry Pi."""
    try:
        return int(path.read_text(encoding="ascii"), 16)
    except (OSError, ValueError):
        return None
