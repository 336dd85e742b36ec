"""One connection to a Bluetooth sensor through bleak, from the scan to the end of the link.

Every connection is a new client in a new event loop: bleak holds on to what it learnt from a bluetoothd that has
since died, gives no callback then, and goes on to say that it is connected.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from bleak import BleakClient, BleakScanner
from bleak.args.bluez import BlueZClientArgs, BlueZScannerArgs
from bleak.backends.characteristic import BleakGATTCharacteristic

from backbeat.samples import Context, Samples, joined
from firmware_host.bluez import close_stale_link
from firmware_host.link_errors import LINK_ERRORS, LinkLostError
from firmware_host.radios import standard
from firmware_host.radios.radio import (
    Ask,
    Exchange,
    Fact,
    Measure,
    Operation,
    Packet,
    Radio,
    Read,
    Subscribe,
    Write,
)
from firmware_host.stream import Stream

log = logging.getLogger(__name__)

SCAN_S, CONNECT_S, OPERATION_S, DISCONNECT_S = 10.0, 20.0, 10.0, 5.0
STALL_S = 3.0
"""So long without a packet, and the link is dead whatever bleak says."""
VERIFY_S, RATE_TOLERANCE = 10.0, 0.05
REPORT_EVERY_S = 60.0
GATHER_S = 0.05
"""So many seconds of readings leave together: a sensor that sends each by itself would wake everything behind it two
hundred times a second."""
TICK_S = 0.2


class Link:
    """One connection.

    Args:
        address: the sensor's.
        radio: its protocol; lives longer than the connection.
        stream: likewise.
        put: takes readings and context, in this thread.
        now: the host's monotonic clock, s.
        adapter: "hci1", or None for BlueZ's default.
        pair: whether the user allowed pairing with this address.
    """

    def __init__(
        self,
        address: str,
        radio: Radio,
        stream: Stream,
        put: Callable[[Samples | Context], None],
        now: Callable[[], float],
        *,
        adapter: str | None = None,
        pair: bool = False,
    ) -> None:
        self._address, self._radio, self._stream, self._put, self._now = address, radio, stream, put, now
        self._adapter, self._pair = adapter, pair
        self._ended = asyncio.Event()  # by the user, by the other side, or by a generation that is over
        self._open = False  # callbacks of a connection that is over are deaf
        self._held: list[tuple[Packet, float]] | None = []  # while the start is not through
        self._asked: tuple[Ask, asyncio.Future[bytes]] | None = None
        self._heard = now()
        self._counted: list[tuple[float, int]] = []  # (arrival, readings) while a rate is measured
        self._stopping = self._staying = False
        self._task: asyncio.Task[None] | None = None
        self._told: dict[str, object] = {}
        self._gathered: list[Samples] = []
        self.details: dict[str, str] = {}

    def stop(self) -> None:
        """End the connection soon; to be called in its loop."""
        self._stopping = True
        self._ended.set()
        if self._task is not None and not self._staying:  # a scan or a connection can take half a minute
            self._task.cancel()

    async def run(self, started: Callable[[], None]) -> None:
        """Connect, start the sensor, and stay until the link ends.

        Args:
            started: called when readings have begun to come.

        Raises:
            one of `LINK_ERRORS`: how it ended, unless it was stopped.
            CancelledError: it was stopped before it was through.
        """
        self._task = asyncio.current_task()
        if await close_stale_link(self._address):
            log.info("%s was still connected by an earlier process; that link is closed", self._address)
        options = BlueZScannerArgs() if self._adapter is None else BlueZScannerArgs(adapter=self._adapter)
        device = await BleakScanner.find_device_by_address(self._address, timeout=SCAN_S, bluez=options)
        if device is None:
            raise LinkLostError(
                f"{self._address} is not in the air: switch it on, bring it near, and close its phone app"
            )
        client = BleakClient(
            device,
            disconnected_callback=lambda _: self._ended.set(),
            timeout=CONNECT_S,
            pair=self._pair,
            bluez=BlueZClientArgs() if self._adapter is None else BlueZClientArgs(adapter=self._adapter),
        )
        try:
            await client.connect()
            self._open = True
            await self._begin(client)
            self._staying = True
            started()
            await self._stay()
        finally:
            self._open = False
            self._hand_over()
            await self._leave(client)

    async def _begin(self, client: BleakClient) -> None:
        await self._carry_out(client, self._radio.start())
        held, self._held = self._held or [], None
        for packet, arrival in held:
            self._deliver(packet, arrival)
        for uuid, name in standard.DEVICE_INFORMATION.items():
            value = await self._read(client, uuid)
            if value:
                self.details[name] = standard.decode_text(value)
        for uuid in (standard.BATTERY, standard.HEART_RATE, standard.RUNNING):
            characteristic = client.services.get_characteristic(uuid)
            if characteristic is not None and "notify" in characteristic.properties:
                await self._subscribe(client, uuid)
        value = await self._read(client, standard.BATTERY)
        if value is not None:
            self._notified(standard.BATTERY, value)

    async def _stay(self) -> None:
        """Watch over the stream until the link ends.

        Raises:
            LinkLostError: it did, and nobody had asked for it.
        """
        began, count_at_begin = self._now(), self._stream.delivered + self._stream.missing
        verified, reported_at, reported = False, began, self._radio.errors.total()
        self._heard = max(self._heard, began)
        while not self._ended.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), TICK_S)
            self._hand_over()
            now = self._now()
            if now - self._heard > STALL_S:
                raise LinkLostError(f"no packet for {STALL_S:g} s though the link seems open")
            if not verified and now - began > VERIFY_S:
                verified = True
                self._verify((self._stream.delivered + self._stream.missing - count_at_begin) / (now - began))
            if now - reported_at > REPORT_EVERY_S:
                new = self._radio.errors.total() - reported
                if new:
                    log.warning("%s: %d packets that made no sense were left out: %s", self._radio.name, new,
                                dict(self._radio.errors))  # fmt: skip
                reported, reported_at = reported + new, now
        if not self._stopping:
            raise LinkLostError("the link was lost")

    def _verify(self, measured: float) -> None:
        """Compare the rate with what was set; a sensor may have refused in silence."""
        nominal = self._radio.setting.rate_hz
        if abs(measured / nominal - 1) > RATE_TOLERANCE:
            reason = f"{measured:.1f} readings a second come, {nominal:g} were set"
            log.warning("%s: %s", self._radio.name, reason)
            self._put(Context(self._now(), "sensor", {"state": "fault", "reason": reason}))

    async def _leave(self, client: BleakClient) -> None:
        """Disconnect, and have the sensor stop where that is still possible; never raises."""
        if self._stopping and client.is_connected:
            self._open = True  # for the answer
            with suppress(*LINK_ERRORS):
                async with asyncio.timeout(DISCONNECT_S):
                    await self._carry_out(client, self._radio.stop())
            self._open = False
        with suppress(*LINK_ERRORS):
            async with asyncio.timeout(DISCONNECT_S):
                await client.disconnect()

    async def _carry_out(self, client: BleakClient, exchange: Exchange) -> None:
        """Do what a radio asks for, one operation after the other.

        Raises:
            LinkLostError: the other side went away in the middle.
            RadioError: the sensor refused.
        """
        result: object = None
        while True:
            try:
                operation = exchange.send(result)
            except StopIteration:
                return
            if self._ended.is_set() and not self._stopping:
                raise LinkLostError("the link was lost during the start")
            async with asyncio.timeout(OPERATION_S + (operation.seconds if isinstance(operation, Measure) else 0)):
                result = await self._do(client, operation)

    async def _do(self, client: BleakClient, operation: Operation) -> object:
        match operation:
            case Subscribe(uuid):
                await self._subscribe(client, uuid)
            case Write(uuid, data, response):
                await client.write_gatt_char(uuid, data, response=response)
            case Read(uuid):
                return await self._read(client, uuid)
            case Ask():
                return await self._ask(client, operation)
            case Measure(seconds):
                return await self._measure(seconds)
        return None

    async def _subscribe(self, client: BleakClient, uuid: str) -> None:
        def notified(_: BleakGATTCharacteristic, data: bytearray) -> None:
            self._notified(uuid, bytes(data))

        await client.start_notify(uuid, notified)

    async def _read(self, client: BleakClient, uuid: str) -> bytes | None:
        characteristic = client.services.get_characteristic(uuid)
        if characteristic is None or "read" not in characteristic.properties:
            return None
        async with asyncio.timeout(OPERATION_S):
            return bytes(await client.read_gatt_char(characteristic))

    async def _ask(self, client: BleakClient, question: Ask) -> bytes | None:
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked = (question, answer)
        try:
            await client.write_gatt_char(question.characteristic, question.data, response=True)
            async with asyncio.timeout(question.timeout_s):
                return await answer
        except TimeoutError:
            return None
        finally:
            self._asked = None

    async def _measure(self, seconds: float) -> float:
        """Readings a second, counted between the first and the last packet; what came meanwhile is not used."""
        self._counted = []
        until = self._now() + seconds
        while self._now() < until and not self._ended.is_set():
            await asyncio.sleep(TICK_S / 4)
        self._held = []
        if len(self._counted) < 2:
            return 0.0
        span = self._counted[-1][0] - self._counted[0][0]
        return sum(count for _, count in self._counted[1:]) / span if span > 0 else 0.0

    def _notified(self, uuid: str, data: bytes) -> None:
        """A notification; those of a connection that is over are dropped."""
        if not self._open:
            return
        arrival = self._now()
        if self._asked is not None:
            question, answer = self._asked
            if uuid == question.reply_on and question.answers(data) and not answer.done():
                answer.set_result(data)
                return
        try:
            found = [*self._radio.feed(uuid, data), *standard.facts(uuid, data)]
        except ValueError as error:
            self._radio.errors[str(error)] += 1
            return
        for one in found:
            if isinstance(one, Fact):
                self._tell(one, arrival)
                continue
            self._heard = arrival
            if self._held is None:
                self._deliver(one, arrival)
            else:
                self._held.append((one, arrival))
                self._counted.append((arrival, len(one)))

    def _tell(self, fact: Fact, arrival: float) -> None:
        """Charge and temperature are told when they change; what belongs to the run is told each time."""
        if fact.kind in ("battery_pct", "temperature_c"):
            if self._told.get(fact.kind) == fact.value:
                return
            self._told[fact.kind] = fact.value
        self._put(Context(arrival, fact.kind, fact.value))

    def _deliver(self, packet: Packet, arrival: float) -> None:
        self._gathered.append(self._stream.take(packet, arrival))
        if sum(map(len, self._gathered)) >= GATHER_S * self._radio.setting.rate_hz:
            self._hand_over()

    def _hand_over(self) -> None:
        """What was gathered, in one block."""
        blocks, self._gathered = self._gathered, []
        if blocks:
            self._put(joined(blocks) if len(blocks) > 1 else blocks[0])
