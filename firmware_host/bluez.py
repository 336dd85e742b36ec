"""What bleak has no call for: BlueZ's adapters, and links that an earlier process left open."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.unpack import unpack_variants

ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"


@dataclass(frozen=True, slots=True)
class Adapter:
    """A Bluetooth adapter of this computer."""

    name: str
    address: str
    powered: bool


@asynccontextmanager
async def _objects() -> AsyncIterator[tuple[MessageBus, Mapping[str, Mapping[str, Mapping[str, Any]]]]]:
    """BlueZ's objects by path.

    Raises:
        OSError: there is no system bus.
        LookupError: bluetoothd does not run.
    """
    bus = MessageBus(bus_type=BusType.SYSTEM)
    try:
        await bus.connect()
        reply = await bus.call(
            Message(
                destination="org.bluez",
                path="/",
                interface="org.freedesktop.DBus.ObjectManager",
                member="GetManagedObjects",
            )
        )
        if reply is None or reply.message_type == MessageType.ERROR:
            raise LookupError("bluetoothd does not run")
        yield bus, unpack_variants(reply.body[0])
    finally:
        bus.disconnect()
        if bus.connected:
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


async def adapters() -> list[Adapter]:
    """The adapters, as BlueZ lists them.

    Raises:
        OSError: there is no system bus.
        LookupError: bluetoothd does not run.
    """
    async with _objects() as (_, objects):
        found = [(path, interfaces[ADAPTER]) for path, interfaces in objects.items() if ADAPTER in interfaces]
        return [Adapter(path.rsplit("/", 1)[1], about["Address"], about["Powered"]) for path, about in found]


async def close_stale_link(address: str) -> bool:
    """Disconnect a sensor that is connected though nobody here uses it; a connected sensor does not advertise.

    Raises:
        OSError: there is no system bus.
        LookupError: bluetoothd does not run.
    """
    async with _objects() as (bus, objects):
        for path, interfaces in objects.items():
            about = interfaces.get(DEVICE, {})
            if about.get("Address") == address and about.get("Connected"):
                await bus.call(Message(destination="org.bluez", path=path, interface=DEVICE, member="Disconnect"))
                return True
    return False
