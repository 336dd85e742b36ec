"""The transport end to end: emulated sensors, BlueZ's D-Bus interface, the real bleak, the source."""

import asyncio
import os
import threading
import time

import numpy as np
import pytest
from dbus_fast import Message

from backbeat.errors import SourceError
from backbeat.samples import Context, Samples
from backbeat.sources import Source
from firmware_host import ble, link
from firmware_host.ble import BleSource
from firmware_host.emulators.air.air import Air
from firmware_host.emulators.air.link import AirFault, AirFaults, AirLink
from rigs.ble_bench import sensor_and_radio

PATIENCE_S = 40.0
ADDRESS = "C0:FF:EE:00:00:01"


class Quick:
    """The host's clock, so many times too fast: a minute's outage in seconds."""

    def __init__(self, times):
        self._times, self._began = times, time.monotonic()

    def __call__(self):
        return self._began + self._times * (time.monotonic() - self._began)


class Worn:
    """An emulated sensor in the air and a source that reads it."""

    def __init__(self, name, faults=AirFaults(), *, speed=1.0, pair=False, needs_pairing=False):  # noqa: B008
        now = Quick(speed)
        self.motion, self.sensor, self.radio = sensor_and_radio(name, faults.clock)
        self.air = Air([AirLink(self.sensor, faults)], frozenset({ADDRESS}) if needs_pairing else frozenset(), now)
        self.numbers, self.times, self.gaps, self.contexts, self.blocks = [], [], [], [], 0
        try:
            self.source = BleSource(ADDRESS, self.radio, now=now, pair=pair)
        except BaseException:
            self.air.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.source.close()
        self.air.close()

    def until(self, condition):
        """Read until the condition holds."""
        deadline = time.monotonic() + PATIENCE_S
        blocks = iter(self.source)
        while not condition():
            assert time.monotonic() < deadline, (len(self.numbers), self.contexts, self.radio.errors)
            found = next(blocks)
            if isinstance(found, Context):
                self.contexts.append(found)
            elif len(found):
                self.blocks += 1
                self.numbers += self.motion.numbers(found.acc).tolist()
                self.times += found.time.tolist()
                self.gaps += found.gap_before.tolist()
        return self

    def said(self, kind):
        return [context.value for context in self.contexts if context.kind == kind]

    def states(self):
        return [value["state"] for value in self.said("sensor")]

    def connected(self):
        (place,) = self.air.bluez.places.values()
        return place.connected


@pytest.mark.parametrize("name", ["hipnode", "movesense", "polar", "witmotion"])
def test_readings_of_every_sensor(name):
    with Worn(name) as worn:
        assert isinstance(worn.source, Source)
        worn.until(lambda: len(worn.numbers) > 150)
        assert np.all(np.diff(worn.numbers) == 1)
        assert not any(worn.gaps)
        assert worn.said("battery_pct") in ([81], [82])  # WitMotion says it by a voltage of 10 mV steps
        info = worn.source.info
        assert info.rate_hz in (208, 200, 52)
        assert info.origin == "live"
        assert info.details["address"] == ADDRESS


def test_readings_that_come_one_by_one_leave_together():
    with Worn("witmotion") as worn:
        worn.until(lambda: len(worn.numbers) > 400)
        assert len(worn.numbers) / worn.blocks > 5


def test_scales_are_exact():
    """A block is its counts times the scale, bit by bit, so that a recording of counts replays to the same events."""
    with Worn("hipnode") as worn:
        block = next(found for found in worn.source if isinstance(found, Samples) and len(found))
        counts = np.rint(block.acc / worn.source.info.acc_scale)
        assert np.array_equal(counts * worn.source.info.acc_scale, block.acc)


def test_stop_disconnects_and_ends_the_reading():
    with Worn("hipnode") as worn:
        worn.until(lambda: worn.numbers)
        threading.Timer(0.3, worn.source.stop).start()
        deadline = time.monotonic() + PATIENCE_S
        for _ in worn.source:
            assert time.monotonic() < deadline
        worn.source.close()
        assert not worn.connected()
        assert worn.sensor._setting is None  # it was told to stop measuring
        worn.source.close()  # twice is fine


def test_a_lost_link_is_built_anew_and_a_hipnode_loses_nothing():
    with Worn("hipnode", AirFaults(planned=(AirFault("drop", 8, 2),)), speed=4) as worn:
        worn.until(lambda: worn.numbers and "found" in worn.states())
        resumed = len(worn.numbers)
        worn.until(lambda: len(worn.numbers) > resumed + 1000)
        assert worn.states()[:2] == ["lost", "found"]
        assert np.all(np.diff(worn.numbers) == 1)
        assert not any(worn.gaps)


def test_a_lost_link_is_a_marked_gap_where_the_sensor_remembers_nothing():
    with Worn("movesense", AirFaults(planned=(AirFault("drop", 8, 2),)), speed=4) as worn:
        worn.until(lambda: "found" in worn.states())
        resumed = len(worn.numbers)
        worn.until(lambda: len(worn.numbers) > resumed + 300)
        away = np.flatnonzero(np.diff(worn.times) > 1)
        assert len(away) > 0
        assert all(worn.gaps[place + 1] for place in away)


def test_bluetoothd_dies_and_comes_back():
    """bleak says nothing then and goes on to be connected: the watchdog finds out."""
    with Worn("hipnode", AirFaults(planned=(AirFault("daemon", 8, 4),)), speed=4) as worn:
        worn.until(lambda: "found" in worn.states())
        resumed = len(worn.numbers)
        worn.until(lambda: len(worn.numbers) > resumed + 300)
        assert worn.source.connections >= 2
        assert np.all(np.diff(worn.numbers) > 0)


def test_a_sensor_that_lost_its_power():
    with Worn("hipnode", AirFaults(planned=(AirFault("restart", 8, 1),)), speed=4) as worn:
        worn.until(lambda: "found" in worn.states())
        resumed = len(worn.numbers)
        worn.until(lambda: len(worn.numbers) > resumed + 300)
        breaks = np.flatnonzero(np.diff(worn.numbers) != 1) + 1
        assert all(worn.gaps[place] for place in breaks)
        assert np.all(np.diff(worn.numbers) > 0)


def test_packets_lost_doubled_late_and_damaged():
    """Every reading that comes was taken, and comes once; a damaged value cannot be told, a damaged packet can."""
    with Worn("hipnode", AirFaults(lost=0.05, doubled=0.05, late=0.05), speed=4) as worn:
        worn.until(lambda: len(worn.numbers) > 2500)
        steps = np.diff(worn.numbers)
        assert np.all(steps > 0)
        assert all(worn.gaps[place + 1] for place in np.flatnonzero(steps != 1))
        assert worn.radio.errors["doubled or late packet"] > 0
        assert worn.source.stream.missing > 0


def test_the_reader_stays_awake_while_the_sensor_is_away():
    with Worn("hipnode", AirFaults(planned=(AirFault("drop", 1, 3600),))) as worn:
        worn.until(lambda: "lost" in worn.states())
        while len(found := next(iter(worn.source))):  # what was still on its way
            pass
        assert isinstance(found, Samples)
        began = time.monotonic()
        worn.source.stop()
        worn.source.close()
        assert time.monotonic() - began < PATIENCE_S


def test_a_link_that_an_earlier_process_left_open_is_closed():
    _, sensor, radio = sensor_and_radio("hipnode")
    with Air([AirLink(sensor, AirFaults())]) as air:
        (place,) = air.bluez.places.values()

        async def left_open():
            air.bluez.show(place)
            await air.bluez._device_Connect(Message(path=place.path, interface="x.y", member="Connect"))

        air.call(left_open())
        with BleSource(ADDRESS, radio) as source:
            assert len(next(found for found in source if isinstance(found, Samples)).time) > 0
        members = [member for path, member in air.bluez.calls if path == place.path]
        assert members[:2] == ["Disconnect", "Connect"]


def test_pairing_only_where_the_user_allowed_it(monkeypatch):
    monkeypatch.setattr(ble, "BACK_OFF_S", (0.05,))
    with pytest.raises(SourceError, match=r"Polar C0:FF:EE:00:00:01: it wants to be paired: add pair=1"):
        Worn("polar", needs_pairing=True)
    with Worn("polar", needs_pairing=True, pair=True) as worn:
        worn.until(lambda: worn.numbers)


def test_a_sensor_that_is_not_there(monkeypatch):
    monkeypatch.setattr(ble, "BACK_OFF_S", (0.05,))
    monkeypatch.setattr(link, "SCAN_S", 0.3)
    with pytest.raises(SourceError, match="is not in the air: switch it on"):
        Worn("hipnode", AirFaults(planned=(AirFault("drop", 0, 3600),)))


async def plug(air, there):
    air.bluez.plug(there)


async def power(air, on):
    air.bluez.power(on)


@pytest.mark.parametrize(
    "switch", [pytest.param(power, id="Bluetooth is switched off"), pytest.param(plug, id="a USB adapter is pulled")]
)
def test_an_adapter_that_goes_and_comes_back(switch):
    """When it is pulled, as its port's reset does, the adapter, the sensor and all of its objects leave the bus."""
    with Worn("hipnode", speed=2) as worn:
        worn.until(lambda: worn.numbers)
        worn.air.call(switch(worn.air, False))
        worn.until(lambda: "lost" in worn.states())
        worn.air.call(switch(worn.air, True))
        worn.until(lambda: "found" in worn.states())
        resumed = len(worn.numbers)
        worn.until(lambda: len(worn.numbers) > resumed + 300)
        steps = np.diff(worn.numbers)
        assert np.all(steps > 0)
        assert all(worn.gaps[place + 1] for place in np.flatnonzero(steps != 1))


def test_no_bluetooth_at_all(monkeypatch, tmp_path):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    monkeypatch.setattr(ble, "BACK_OFF_S", (0.05,))
    with pytest.raises(SourceError, match="there is no system bus to reach Bluetooth by"):
        BleSource(ADDRESS, sensor_and_radio("hipnode")[2])


def test_bluetoothd_is_not_running(monkeypatch):
    monkeypatch.setattr(ble, "BACK_OFF_S", (0.05,))
    with Air([]) as air:
        air.call(air.bluez.die())
        air.bluez = None
        with pytest.raises(SourceError, match="bluetoothd does not run: sudo systemctl start bluetooth"):
            BleSource(ADDRESS, sensor_and_radio("hipnode")[2])


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("ble://hip?sensor=hipnode", "write it as ble://AA:BB:CC:DD:EE:FF"),
        (f"ble://{ADDRESS}", "say which sensor it is"),
        (f"ble://{ADDRESS}?sensor=thermometer", "say which sensor it is"),
        (f"ble://{ADDRESS}?sensor=witmotion&rate=300", "not 300"),
        (f"ble://{ADDRESS}?sensor=witmotion&rate=fast", "no value for rate="),
        (f"ble://{ADDRESS}?sensor=witmotion&speed=3", "'speed' means nothing here"),
    ],
)
def test_bad_uris(uri, message):
    with pytest.raises(SourceError, match=message):
        ble.open_ble(uri)


def test_a_callback_of_an_earlier_connection_is_deaf():
    """Notifications can arrive after the link is over, and be delivered twice after the next began."""
    *_, radio = sensor_and_radio("hipnode")
    put = []
    old = link.Link(ADDRESS, radio, None, put.append, time.monotonic)
    old._notified("00002a19-0000-1000-8000-00805f9b34fb", b"\x32")
    assert not put


def test_a_reader_that_sleeps_loses_readings_but_no_memory(monkeypatch):
    monkeypatch.setattr(ble, "QUEUED_BLOCKS", 5)
    with Worn("hipnode", speed=4) as worn:
        deadline = time.monotonic() + PATIENCE_S
        while not worn.source.overflowed and time.monotonic() < deadline:
            time.sleep(0.05)
        assert worn.source.overflowed
        worn.until(lambda: any(worn.gaps))
        steps = np.diff(worn.numbers)
        assert all(worn.gaps[place + 1] for place in np.flatnonzero(steps != 1))


def test_the_environment_is_left_as_it_was():
    before = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
    with Air([]):
        assert os.environ["DBUS_SYSTEM_BUS_ADDRESS"] != before
    assert os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") == before


def test_a_rate_that_the_sensor_refused_in_silence():
    *_, radio = sensor_and_radio("hipnode")
    put = []

    async def verify():
        link.Link(ADDRESS, radio, None, put.append, lambda: 1.0)._verify(104.2)

    asyncio.run(verify())
    assert put == [Context(1.0, "sensor", {"state": "fault", "reason": "104.2 readings a second come, 208 were set"})]
