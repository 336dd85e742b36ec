"""Bluetooth sensors in the air: a scan that explains what it sees."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from firmware_host.bluez import adapters
from firmware_host.link_errors import LINK_ERRORS, explained
from firmware_host.radios import hipnode_packets, movesense, pmd, standard, witmotion


@dataclass(frozen=True, slots=True)
class Heard:
    """One thing in the air.

    Attributes:
        where: the adapter that heard it.
        what: what it is, as far as can be said.
        uri: the source URI to paste, "" for what cannot be read.
        remark: why not, or what to mind.
    """

    where: str
    what: str
    uri: str
    remark: str = ""


SCAN_S = 8.0
WEAK_DBM = -85
"""Below this the body between a belt and a table costs packets."""

SERVICES: Mapping[str, str] = {
    hipnode_packets.SERVICE: "hipnode",
    witmotion.SERVICE: "witmotion",
    movesense.SERVICE: "movesense",
    standard.uuid(0xFDF3): "movesense",  # what it advertises; the sensor data service shows after connecting
    pmd.SERVICE: "polar",
}
NAMES = {"HipNode": "hipnode", "WT": "witmotion", "Movesense": "movesense", "Polar": "polar"}
REMARKS = {
    "polar": "accelerometer only; on a hip it gives no turning, so left and right are less sure",
    "movesense": "needs the GATT sensor data firmware",
}
OTHERS = {
    standard.HEART_RATE_SERVICE: "a heart rate sensor: it sends no motion",
    standard.RUNNING_SERVICE: "a foot pod: it sends speed and cadence, no motion",
}


def recognised(name: str, services: frozenset[str]) -> str | None:
    """Which `sensor=` it is, by its services or else by its name; None for none of ours."""
    for service, sensor in SERVICES.items():
        if service in services:
            return sensor
    return next((sensor for start, sensor in NAMES.items() if name.startswith(start)), None)


def described(place: str, address: str, name: str, services: frozenset[str], rssi_dbm: int) -> Heard | None:
    """What one advertisement tells; None for what has nothing to do with running."""
    sensor = recognised(name, services)
    weak = f"weak signal ({rssi_dbm} dBm): bring it nearer" if rssi_dbm < WEAK_DBM else ""
    if sensor is not None:
        remarks = [remark for remark in (REMARKS.get(sensor, ""), weak) if remark]
        return Heard(place, name or sensor, f"ble://{address}?sensor={sensor}", "; ".join(remarks))
    other = next((text for service, text in OTHERS.items() if service in services), None)
    return None if other is None else Heard(place, name or address, "", other)


def listen(seconds: float | None = None) -> list[Heard]:
    """Sensors that advertise, nearest first, and what keeps Bluetooth from working, if something does."""
    try:
        return asyncio.run(_scan(SCAN_S if seconds is None else seconds))
    except LINK_ERRORS as error:
        return [Heard("Bluetooth", "no scan", "", explained(error))]


async def _scan(seconds: float) -> list[Heard]:
    powered = [adapter for adapter in await adapters() if adapter.powered]
    if not powered:
        return [
            Heard(
                "Bluetooth", "no adapter that is switched on", "", "bluetoothctl power on, or rfkill unblock bluetooth"
            )
        ]
    place = powered[0].name
    seen: dict[str, tuple[BLEDevice, AdvertisementData]] = {}
    async with BleakScanner(lambda device, said: seen.__setitem__(device.address, (device, said))):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            await asyncio.sleep(0.1)
    nearest = sorted(seen.values(), key=lambda pair: -pair[1].rssi)
    named = (
        described(place, device.address, said.local_name or "", frozenset(said.service_uuids), said.rssi)
        for device, said in nearest
    )
    found = [one for one in named if one is not None]
    others = len(seen) - len(found)
    if others:
        found.append(Heard(place, f"{others} other devices", "", "phones, watches, headphones and the like"))
    return found
