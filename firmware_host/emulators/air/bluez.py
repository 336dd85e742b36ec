"""org.bluez on a D-Bus: adapter, devices and their GATT objects, with emulated sensors behind them.

Order and grouping of signals, and which calls fail how, follow a recorded trace of bluetoothd 5.66. Messages are
handled raw, so that a dying daemon, an error or a delay can be had on order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from dbus_fast import BusType, ErrorType, Message, MessageType, NameFlag, Variant
from dbus_fast.aio import MessageBus

from firmware_host.emulators.air.link import AirLink
from firmware_host.emulators.air.sensor import Characteristic
from firmware_host.emulators.air.tree import (
    ADAPTER,
    CHARACTERISTIC,
    DEVICE,
    MANAGER,
    PROPERTIES,
    ROOT,
    SERVICE,
    Tree,
    known_device,
    powered_adapter,
)

ADVERTISING_S = 0.1
CONNECTING_S, DISCOVERING_S = 0.05, 0.05
GIVES_UP_S = 40.0
"""bluetoothd goes on trying to connect to a sensor that is away for about so long."""


class RefusedError(Exception):
    """An org.bluez.Error, by its last word and its text."""


class Place:
    """A sensor as bluetoothd knows it."""

    def __init__(self, link: AirLink) -> None:
        self.link = link
        self.path = f"{ROOT}/dev_{link.sensor.address.replace(':', '_')}"
        self.connected = False
        self.given_up = asyncio.Event()
        self.listeners: dict[str, set[str]] = {}  # characteristic path to bus names
        self.paths: dict[str, str] = {}  # characteristic path to its UUID

    def gatt(self) -> Iterator[tuple[str, str, Sequence[tuple[str, Characteristic]]]]:
        """Services: path, UUID, and their characteristics by path."""
        handle = 0x000A
        for uuid, characteristics in self.link.sensor.services.items():
            service = f"{self.path}/service{handle:04x}"
            inside = [(f"{service}/char{handle + 1 + 3 * k:04x}", one) for k, one in enumerate(characteristics)]
            handle += 1 + 3 * len(inside)
            yield service, uuid, inside


class BlueZ:
    """bluetoothd with one powered adapter.

    Args:
        links: the sensors in the air.
        now: s since the emulation began.
        needs_pairing: addresses of sensors that refuse notifications before they are paired.
    """

    def __init__(
        self, links: Sequence[AirLink], now: Callable[[], float], needs_pairing: frozenset[str] = frozenset()
    ) -> None:
        self.places = {place.path: place for place in map(Place, links)}
        self.calls: list[tuple[str, str]] = []  # (path, member): for tests
        self._now, self._needs_pairing = now, needs_pairing
        self._discovering: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Come up on the bus under the name org.bluez."""
        self._bus = await MessageBus(bus_type=BusType.SYSTEM).connect()
        self._bus.add_message_handler(self._handle)
        self._tree = Tree(self._bus)
        rule = "type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged'"
        daemon = "org.freedesktop.DBus"
        path = "/org/freedesktop/DBus"
        await self._bus.call(
            Message(destination=daemon, path=path, interface=daemon, member="AddMatch", signature="s", body=[rule])
        )
        await self._bus.request_name("org.bluez", NameFlag.DO_NOT_QUEUE)
        self._spawn(self._advertise())
        self._spawn(self._events())

    async def die(self) -> None:
        """Vanish like a killed process: no signal, no object is taken back; the adapter's links end."""
        for task in list(self._tasks):
            task.cancel()
        for place in self.places.values():
            if place.connected:
                place.connected = False
                place.link.cut(self._now())
        self._bus.disconnect()
        with suppress(Exception):
            await self._bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    def power(self, on: bool) -> None:
        """Switch the adapter on or off."""
        for place in self.places.values():
            if not on:
                self.lose(place, local=False)
        self._tree.change(ROOT, ADAPTER, {"Powered": Variant("b", on)})

    def plug(self, there: bool) -> None:
        """Pull a USB adapter or put it back, as a reset of its port does; all that was known through it is forgotten.

        That everything below the adapter goes is bluetoothd's; the order of the signals is not from the trace.
        """
        if there:
            self._tree.export(ROOT, powered_adapter())
            return
        for place in self.places.values():
            self.lose(place, local=False)
            place.given_up.set()
        self._discovering.clear()
        self._tree.remove_below(ROOT)

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # The radio

    async def _advertise(self) -> None:
        while True:
            await asyncio.sleep(ADVERTISING_S)
            for place in self.places.values() if self._discovering else ():
                if place.connected or not place.link.reachable(self._now()):
                    continue
                if place.path in self._tree.objects:
                    self._tree.change(place.path, DEVICE, {"RSSI": Variant("n", -60)})
                else:
                    self.show(place)

    def show(self, place: Place) -> None:
        """Let a sensor be known, as after a scan or from an earlier day."""
        self._tree.export(place.path, {DEVICE: known_device(place.link.sensor)})

    async def _events(self) -> None:
        """Connection events of all links."""
        while True:
            await asyncio.sleep(min((p.link.faults.interval_s for p in self.places.values()), default=1.0))
            for place in self.places.values():
                if not place.connected:
                    continue
                if not place.link.reachable(self._now()):
                    self.lose(place, local=False)
                    continue
                for uuid, value in place.link.event(self._now()):
                    for path, listeners in place.listeners.items():
                        if listeners and place.paths[path] == uuid:
                            self._tree.change(path, CHARACTERISTIC, {"Value": Variant("ay", value)})

    def lose(self, place: Place, *, local: bool) -> None:
        """The link ends: two signals when we ended it, one when the other side did or it was lost."""
        if not place.connected:
            return
        place.connected = False
        place.link.cut(self._now())
        resolved, connected = {"ServicesResolved": Variant("b", False)}, {"Connected": Variant("b", False)}
        for changed in (resolved, connected) if local else (resolved | connected,):
            self._tree.change(place.path, DEVICE, changed)
        for path, listeners in place.listeners.items():
            if listeners:
                listeners.clear()
                self._tree.change(path, CHARACTERISTIC, {"Notifying": Variant("b", False)})

    # Method calls

    def _handle(self, message: Message) -> Message | bool | None:
        if message.message_type == MessageType.SIGNAL and message.member == "NameOwnerChanged":
            if not message.body[2]:
                self._client_gone(message.body[0])
            return None
        if message.message_type != MessageType.METHOD_CALL:
            return None
        if message.interface == MANAGER:
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [self._tree.objects])
        if message.path not in self._tree.objects:
            return Message.new_error(message, ErrorType.UNKNOWN_OBJECT, "no such object")
        if message.interface == PROPERTIES:
            return self._tree.property(message)
        if message.interface in (ADAPTER, DEVICE, CHARACTERISTIC):
            self.calls.append((message.path, message.member or ""))
            self._spawn(self._answer(message))
            return True
        return None

    def _client_gone(self, name: str) -> None:
        self._discovering.discard(name)
        for place in self.places.values():
            for path in place.listeners:
                self._deafen(place, path, name)

    def _deafen(self, place: Place, path: str, name: str) -> bool:
        listeners = place.listeners[path]
        if name not in listeners:
            return False
        listeners.discard(name)
        if not listeners:
            place.link.sensor.subscribe(place.paths[path], False, self._now())
            self._tree.change(path, CHARACTERISTIC, {"Notifying": Variant("b", False)})
        return True

    async def _answer(self, message: Message) -> None:
        interface = (message.interface or "").rsplit(".", 1)[1].removesuffix("1").lower()
        method = getattr(self, f"_{interface}_{message.member}", None)
        if method is None:
            self._bus.send(Message.new_error(message, ErrorType.UNKNOWN_METHOD, "no such method"))
            return
        try:
            signature, body = await method(message) or ("", [])
            self._bus.send(Message.new_method_return(message, signature, body))
        except RefusedError as error:
            self._bus.send(Message.new_error(message, f"org.bluez.Error.{error.args[0]}", error.args[1]))

    async def _adapter_SetDiscoveryFilter(self, message: Message) -> None:  # noqa: N802 - D-Bus's own names
        pass

    async def _adapter_StartDiscovery(self, message: Message) -> None:  # noqa: N802
        if not self._tree.objects[ROOT][ADAPTER]["Powered"].value:
            raise RefusedError("NotReady", "Resource Not Ready")
        self._discovering.add(message.sender or "")
        self._tree.change(ROOT, ADAPTER, {"Discovering": Variant("b", True)})

    async def _adapter_StopDiscovery(self, message: Message) -> None:  # noqa: N802
        if message.sender not in self._discovering:
            raise RefusedError("Failed", "No discovery started")
        self._discovering.discard(message.sender)
        for path in self.places:
            if "RSSI" in self._tree.objects.get(path, {}).get(DEVICE, {}):
                self._tree.change(path, DEVICE, {}, ["RSSI"])
        self._tree.change(ROOT, ADAPTER, {"Discovering": Variant("b", bool(self._discovering))})

    async def _adapter_RemoveDevice(self, message: Message) -> None:  # noqa: N802
        path = message.body[0]
        if path not in self._tree.objects:
            raise RefusedError("DoesNotExist", "Does Not Exist")
        self.lose(self.places[path], local=True)
        self._tree.remove_below(path)

    async def _device_Connect(self, message: Message) -> None:  # noqa: N802
        place = self.places[message.path or ""]
        await asyncio.sleep(CONNECTING_S)
        if place.connected:
            return
        place.given_up.clear()
        if not place.link.reachable(self._now()):
            with suppress(TimeoutError):
                await asyncio.wait_for(place.given_up.wait(), GIVES_UP_S)
            raise RefusedError("Failed", "le-connection-abort-by-local")
        if place.path not in self._tree.objects:
            raise RefusedError("NotReady", "Resource Not Ready")
        place.connected = True
        place.link.sensor.linked(True, self._now())
        self._tree.change(place.path, DEVICE, {"Connected": Variant("b", True)})
        self._spawn(self._resolve(place))

    async def _resolve(self, place: Place) -> None:
        await asyncio.sleep(DISCOVERING_S)
        if not place.connected:
            return
        for service, uuid, characteristics in place.gatt():
            about = {"UUID": Variant("s", uuid), "Device": Variant("o", place.path), "Primary": Variant("b", True)}
            self._tree.export(service, {SERVICE: about | {"Includes": Variant("ao", [])}})
            for path, one in characteristics:
                place.paths[path] = one.uuid
                place.listeners.setdefault(path, set())
                properties = {
                    "UUID": Variant("s", one.uuid),
                    "Service": Variant("o", service),
                    "Value": Variant("ay", b""),
                    "Flags": Variant("as", list(one.flags)),
                    "Notifying": Variant("b", False),
                    "MTU": Variant("q", 247),
                }
                self._tree.export(path, {CHARACTERISTIC: properties})
        found = Variant("as", list(place.link.sensor.services))
        self._tree.change(place.path, DEVICE, {"UUIDs": found, "ServicesResolved": Variant("b", True)})

    async def _device_Disconnect(self, message: Message) -> None:  # noqa: N802
        place = self.places[message.path or ""]
        place.given_up.set()
        self.lose(place, local=True)

    async def _device_Pair(self, message: Message) -> None:  # noqa: N802
        await self._device_Connect(message)
        self._tree.change(message.path or "", DEVICE, {"Paired": Variant("b", True), "Bonded": Variant("b", True)})

    def _open(self, path: str) -> tuple[Place, str]:
        """The sensor and the characteristic behind a path.

        Raises:
            RefusedError: there is no link.
        """
        place = next(one for one in self.places.values() if path in one.paths)
        if not place.connected:
            raise RefusedError("Failed", "Not connected")
        return place, place.paths[path]

    async def _gattcharacteristic_ReadValue(self, message: Message) -> tuple[str, list[Any]]:  # noqa: N802
        place, uuid = self._open(message.path or "")
        value = place.link.sensor.read(uuid, self._now())
        self._tree.change(message.path or "", CHARACTERISTIC, {"Value": Variant("ay", value)})
        return "ay", [value]

    async def _gattcharacteristic_WriteValue(self, message: Message) -> None:  # noqa: N802
        place, uuid = self._open(message.path or "")
        place.link.sensor.write(uuid, bytes(message.body[0]), self._now())

    async def _gattcharacteristic_StartNotify(self, message: Message) -> None:  # noqa: N802
        path, sender = message.path or "", message.sender or ""
        place, uuid = self._open(path)
        paired = self._tree.objects[place.path][DEVICE]["Paired"].value
        if place.link.sensor.address in self._needs_pairing and not paired:
            raise RefusedError("NotPermitted", "Not paired")
        if sender in place.listeners[path]:
            raise RefusedError("InProgress", "In Progress")
        place.listeners[path].add(sender)
        place.link.sensor.subscribe(uuid, True, self._now())
        self._tree.change(path, CHARACTERISTIC, {"Notifying": Variant("b", True)})

    async def _gattcharacteristic_StopNotify(self, message: Message) -> None:  # noqa: N802
        path = message.path or ""
        place, _ = self._open(path)
        if not self._deafen(place, path, message.sender or ""):
            raise RefusedError("Failed", "No notify session started")
