"""Bluetooth sensors as a source: `ble://AA:BB:CC:DD:EE:FF?sensor=witmotion&rate=200`.

bleak needs an event loop, so the link lives in a thread of its own; readings reach the reader through a bounded
queue. A link that is lost is built anew, with growing pauses, until the source is stopped.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from backbeat.closing import Closing
from backbeat.errors import SourceError
from backbeat.samples import Context, Position, Samples, SourceInfo
from firmware_host.link import Link
from firmware_host.link_errors import LINK_ERRORS, explained
from firmware_host.radios.hipnode import HipNode
from firmware_host.radios.movesense import Movesense
from firmware_host.radios.polar import Polar
from firmware_host.radios.radio import Radio, RadioError
from firmware_host.radios.witmotion import Witmotion
from firmware_host.stream import Stream
from firmware_host.uri import SourceUri

log = logging.getLogger(__name__)

RADIOS: Mapping[str, Callable[[SourceUri], Radio]] = {
    "witmotion": lambda uri: Witmotion(uri.number("rate", 200)),
    "movesense": lambda uri: Movesense(uri.number("rate", 104)),
    "polar": lambda uri: Polar(uri.number("rate", 52), uri.number("range", 8)),
    "hipnode": lambda uri: HipNode(
        uri.number("rate", 208), int(uri.number("range", 16)), self_test=uri.flag("selftest"), blink=uri.flag("blink")
    ),
}
"""`sensor=` to its protocol, made from the URI's `rate=` (readings a second) and `range=` (g)."""

ADDRESS = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){5}")
FIRST_TRIES = 3
"""A first connection often fails beside busy Wi-Fi; after so many tries it is for the user to look."""
BACK_OFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
QUEUED_BLOCKS = 3000
"""Some five minutes of packets that nobody reads."""
AWAKE_S = 0.9
CLOSE_S = 20.0


class BleSource(Closing):
    """A Bluetooth sensor, as a `backbeat.sources.Source`.

    Attributes:
        stream: for figures: what was delivered and what is missing.
        radio: for figures: its errors.
        connections: how often a link was built.
    """

    def __init__(
        self,
        address: str,
        radio: Radio,
        *,
        adapter: str | None = None,
        pair: bool = False,
        position: Position = "unknown",
        now: Callable[[], float] = time.monotonic,
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        """Connect; returns when readings come.

        Args:
            address: the sensor's.
            radio: its protocol.
            adapter: "hci1", or None for BlueZ's default.
            pair: whether pairing with this address is allowed.
            position: where on the body.
            now: the host's monotonic clock, s.
            ended: whether nothing more will come (an emulator's recording has an end, a sensor has not).

        Raises:
            SourceError: it is not there, or does not do what it should.
        """
        self._address, self.radio, self._adapter, self._pair, self._now = address, radio, adapter, pair, now
        self._has_ended = ended
        self.stream = Stream(lambda: radio.setting.rate_hz)
        self.connections = 0
        self.overflowed = 0  # readings that nobody took in time
        self._queue: queue.Queue[Samples | Context | None] = queue.Queue(QUEUED_BLOCKS)
        self._stopped = threading.Event()
        self._ready = threading.Event()
        self._failure = ""
        self._running: tuple[asyncio.AbstractEventLoop, Link] | None = None
        self._lock = threading.Lock()
        self._details: dict[str, str] = {}
        self._thread = threading.Thread(target=self._work, name=f"ble {address}", daemon=True)
        self._thread.start()
        try:
            self._ready.wait()
        except BaseException:
            self.close()
            raise
        if self._failure:
            self.close()
            raise SourceError(f"{radio.name} {address}: {self._failure}.")
        setting = radio.setting
        self.info = SourceInfo(
            name=f"{radio.name} {address}",
            origin="live",
            rate_hz=setting.rate_hz,
            acc_scale=setting.acc_scale,
            gyr_scale=setting.gyr_scale,
            acc_range_g=setting.acc_range_g,
            gyr_range_dps=setting.gyr_range_dps,
            position=position,
            utc_offset_s=time.time() - now(),
            details={"sensor": radio.name, "address": address, **self._details},
        )

    def __iter__(self) -> Iterator[Samples | Context]:
        """Readings as packets arrive, context when there is any, an empty block when there is nothing."""
        while not self._has_ended():
            try:
                found = self._queue.get(timeout=AWAKE_S)
            except queue.Empty:
                yield _empty_block(self.radio.setting.gyr_range_dps is not None)
                continue
            if found is None:
                return
            yield found

    def stop(self) -> None:
        """Ask iteration to end soon."""
        self._stopped.set()
        with self._lock:
            if self._running is not None:
                loop, link = self._running
                loop.call_soon_threadsafe(link.stop)

    def close(self) -> None:
        """Disconnect."""
        self.stop()
        self._thread.join(CLOSE_S)

    def _work(self) -> None:
        """Build one link after the other until stopped; in its own thread."""
        tries = 0
        while not self._stopped.is_set():
            began, before = self._now(), self.connections
            reason = self._connect()
            lasted = self.connections > before and self._now() - began > max(BACK_OFF_S)
            if self._stopped.is_set():
                break
            if self.connections > before:
                log.warning("%s %s: %s; connecting again", self.radio.name, self._address, reason)
                self._put(Context(self._now(), "sensor", {"state": "lost", "reason": reason}))
                self.stream.interrupted()
            tries = 1 if lasted else tries + 1
            if not self._ready.is_set() and tries >= FIRST_TRIES:
                self._failure = reason
                break
            self._stopped.wait(BACK_OFF_S[min(tries, len(BACK_OFF_S)) - 1])
        self._ready.set()
        self._last()

    def _connect(self) -> str:
        """One connection, in an event loop of its own; how it ended."""

        async def connection() -> None:
            link = Link(
                self._address, self.radio, self.stream, self._put, self._now, adapter=self._adapter, pair=self._pair
            )
            with self._lock:
                self._running = (asyncio.get_running_loop(), link)
                if self._stopped.is_set():
                    return
            try:
                await link.run(lambda: self._started(link))
            finally:
                with self._lock:
                    self._running = None

        try:
            asyncio.run(connection())
        except LINK_ERRORS as error:
            return explained(error)
        except asyncio.CancelledError:
            pass  # by `stop`, before the link was built
        return "stopped"

    def _started(self, link: Link) -> None:
        self.connections += 1
        self._details |= link.details
        if self._ready.is_set():
            reason = f"connected again, link {self.connections}"
            self._put(Context(self._now(), "sensor", {"state": "found", "reason": reason}))
        self._ready.set()

    def _put(self, found: Samples | Context) -> None:
        try:
            self._queue.put_nowait(found)
        except queue.Full:
            if isinstance(found, Samples):
                if not self.overflowed:
                    log.error("%s: nobody reads; readings are thrown away and the gap is marked", self.radio.name)
                self.overflowed += len(found)
                self.stream.dropped(len(found))

    def _last(self) -> None:
        """Tell the reader that nothing follows, if need be in the place of the oldest block."""
        while True:
            try:
                return self._queue.put_nowait(None)
            except queue.Full:
                self._queue.get_nowait()


def _empty_block(gyroscope: bool) -> Samples:
    return Samples.of(np.empty(0), np.empty((0, 3)), np.empty((0, 3)) if gyroscope else None)


def make_radio(uri: SourceUri, name: str) -> Radio:
    """The protocol that `sensor=` names, with the URI's rate and range.

    Raises:
        SourceError: there is no such sensor, or it cannot do that.
    """
    if name not in RADIOS:
        known = ", ".join(RADIOS)
        raise SourceError(f"{uri.uri}: say which sensor it is, sensor=NAME with one of {known}.")
    try:
        return RADIOS[name](uri)
    except RadioError as error:
        raise SourceError(f"{uri.uri}: {error}.") from None


def open_ble(text: str) -> BleSource:
    """Open `ble://ADDRESS?sensor=NAME&rate=HZ&range=G&adapter=hci1&pair=1&position=…`.

    Raises:
        SourceError: the URI is not like that, or the sensor is not there.
    """
    uri = SourceUri(text)
    address = uri.place.upper()
    if not ADDRESS.fullmatch(address):
        raise SourceError(f"{text}: write it as ble://AA:BB:CC:DD:EE:FF?sensor=NAME; `backbeat sensors` shows them.")
    radio = make_radio(uri, uri.text("sensor", ""))
    adapter, pair, position = uri.text("adapter", ""), uri.flag("pair"), uri.position()
    uri.done()
    return BleSource(address, radio, adapter=adapter or None, pair=pair, position=position)
