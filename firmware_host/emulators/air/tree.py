"""The objects that bluetoothd shows on a D-Bus: what they hold, and the signals when that changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from dbus_fast import ErrorType, Message, Variant
from dbus_fast.aio import MessageBus

from firmware_host.emulators.air.sensor import EmulatedSensor

MANAGER = "org.freedesktop.DBus.ObjectManager"
PROPERTIES = "org.freedesktop.DBus.Properties"
ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
SERVICE, CHARACTERISTIC = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"
ROOT = "/org/bluez/hci0"

Properties: TypeAlias = dict[str, Variant]


def powered_adapter() -> dict[str, Properties]:
    """The interfaces of an adapter that is on."""
    return {
        ADAPTER: {
            "Address": Variant("s", "00:11:22:33:44:55"),
            "AddressType": Variant("s", "public"),
            "Name": Variant("s", "emulated"),
            "Alias": Variant("s", "emulated"),
            "Class": Variant("u", 0),
            "Powered": Variant("b", True),
            "Discoverable": Variant("b", False),
            "Discovering": Variant("b", False),
            "Pairable": Variant("b", False),
            "UUIDs": Variant("as", []),
            "Modalias": Variant("s", "usb:v1D6Bp0246d0542"),
            "Roles": Variant("as", ["central", "peripheral"]),
        },
        "org.bluez.GattManager1": {},
    }


def known_device(sensor: EmulatedSensor) -> Properties:
    """A sensor that a scan has found."""
    return {
        "Address": Variant("s", sensor.address),
        "AddressType": Variant("s", "random"),
        "Name": Variant("s", sensor.local_name),
        "Alias": Variant("s", sensor.local_name),
        "Paired": Variant("b", False),
        "Bonded": Variant("b", False),
        "Trusted": Variant("b", False),
        "Blocked": Variant("b", False),
        "LegacyPairing": Variant("b", False),
        "RSSI": Variant("n", -60),
        "Connected": Variant("b", False),
        "UUIDs": Variant("as", [sensor.service]),
        "Adapter": Variant("o", ROOT),
        "ServicesResolved": Variant("b", False),
    }


class Tree:
    """The objects, by path, each an interface's name to its properties."""

    def __init__(self, bus: MessageBus) -> None:
        self._bus = bus
        self.objects: dict[str, dict[str, Properties]] = {
            "/org/bluez": {"org.bluez.AgentManager1": {}},
            ROOT: powered_adapter(),
        }

    def remove_below(self, path: str) -> None:
        """An object is no more, nor are those below it."""
        for gone in sorted((one for one in self.objects if one.startswith(path)), reverse=True):
            interfaces = self.objects.pop(gone)
            self._signal("/", MANAGER, "InterfacesRemoved", "oas", [gone, list(interfaces)])

    def export(self, path: str, interfaces: dict[str, dict[str, Variant]]) -> None:
        """A new object, unless it is there."""
        if path not in self.objects:
            self.objects[path] = interfaces
            self._signal("/", MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])

    def change(self, path: str, interface: str, changed: dict[str, Variant], gone: Sequence[str] = ()) -> None:
        """Properties have other values, or are gone."""
        properties = self.objects[path][interface]
        properties.update(changed)
        for name in gone:
            properties.pop(name, None)
        self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, changed, list(gone)])

    def property(self, message: Message) -> Message | None:
        """The answer to a call of org.freedesktop.DBus.Properties."""
        interface, *rest = message.body
        properties = self.objects[message.path or ""].get(interface, {})
        if message.member == "GetAll":
            return Message.new_method_return(message, "a{sv}", [properties])
        if message.member == "Get" and rest[0] in properties:
            return Message.new_method_return(message, "v", [properties[rest[0]]])
        if message.member == "Set":
            self.change(message.path or "", interface, {rest[0]: rest[1]})
            return Message.new_method_return(message)
        return Message.new_error(message, ErrorType.INVALID_ARGS, "no such property")

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        self._bus.send(Message.new_signal(path, interface, member, signature, body))
