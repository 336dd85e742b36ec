"""The air as a whole: private bus, bluetoothd and sensors, in a thread of their own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Self, TypeVar

from firmware_host.emulators.air.bluez import BlueZ
from firmware_host.emulators.air.bus import PrivateBus
from firmware_host.emulators.air.link import AirLink

T = TypeVar("T")


class Air:
    """Emulated sensors that any D-Bus client of this process finds through org.bluez, until `close`.

    Args:
        links: the sensors.
        needs_pairing: addresses of those that want to be paired.
        now: the clock they live by, s from any instant; their own time begins at 0.
    """

    def __init__(
        self,
        links: Sequence[AirLink],
        needs_pairing: frozenset[str] = frozenset(),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.links, self._needs_pairing = links, needs_pairing
        began = now()
        self.now: Callable[[], float] = lambda: now() - began
        self._bus = PrivateBus()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="emulated air", daemon=True)
        self._thread.start()
        self.bluez: BlueZ | None = None
        self._guard: asyncio.Task[None] | None = None
        try:
            self.call(self._begin())
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the air's own thread and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _start_daemon(self) -> None:
        self.bluez = BlueZ(self.links, self.now, self._needs_pairing)
        await self.bluez.start()

    async def _kill_daemon(self) -> None:
        if self.bluez is not None:
            await self.bluez.die()
            self.bluez = None

    async def _begin(self) -> None:
        await self._start_daemon()
        self._guard = asyncio.ensure_future(self._follow_plan())

    async def _follow_plan(self) -> None:
        """Let bluetoothd die and come back when that is planned."""
        while True:
            dead = any(link.during("daemon", self.now()) for link in self.links)
            planned = any(fault.kind == "daemon" for link in self.links for fault in link.faults.planned)
            if dead and self.bluez is not None:
                await self._kill_daemon()
            elif planned and not dead and self.bluez is None:
                await self._start_daemon()
            await asyncio.sleep(0.05)

    async def _end(self) -> None:
        if self._guard is not None:
            self._guard.cancel()
        await self._kill_daemon()

    def close(self) -> None:
        """End everything; may be called twice."""
        if self._loop.is_closed():
            return
        self.call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        self._bus.close()
