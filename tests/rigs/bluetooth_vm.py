"""The real bluetoothd and kernel in a virtual machine, and emulated sensors as bumble peripherals beside it.

bumble is the radio: one controller belongs to the guest's kernel (HCI over a virtual console), one to the sensor. Our
own process reaches the guest's system bus by TCP. QEMU translates (TCG), since a writable /dev/kvm
need not mean that KVM works.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

from bumble import hci
from bumble.controller import Controller
from bumble.core import UUID, AdvertisingData
from bumble.device import Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.link import LocalLink
from bumble.transport import open_transport
from dbus_fast import BusType, Message, MessageType, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.errors import DBusError

PATIENCE_S = 240
PROPERTIES = {
    "read": Characteristic.Properties.READ,
    "write": Characteristic.Properties.WRITE,
    "write-without-response": Characteristic.Properties.WRITE_WITHOUT_RESPONSE,
    "notify": Characteristic.Properties.NOTIFY,
    "indicate": Characteristic.Properties.INDICATE,
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Air(LocalLink):
    """Two ends: bumble would route by the sender's random address, but BlueZ connects from its public one."""

    def send_acl_data(self, sender, destination_address, transport, data):
        other = next((one for one in self.controllers if one is not sender), None)
        if other is None or not other.le_connections:
            return
        source = next(one.peer_address for one in other.le_connections.values())
        asyncio.get_running_loop().call_soon(other.on_link_acl_data, source, transport, data)


class BluetoothVm:
    """A guest that runs bluetoothd, and one sensor in its air.

    Args:
        folder: where .ci/virtual-machine put kernel and initrd.
        link: the emulated sensor with its faults.
    """

    def __init__(self, folder, link):
        self._folder, self._link, self._sensor = Path(folder), link, link.sensor
        self._began = time.monotonic()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.log = []

    def now(self):
        return time.monotonic() - self._began

    def __enter__(self):
        self._thread.start()
        self._before = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
        try:
            self._call(self._start())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()
        if self._before is None:
            os.environ.pop("DBUS_SYSTEM_BUS_ADDRESS", None)
        else:
            os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = self._before

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(3 * PATIENCE_S)

    def disconnect(self):
        """The sensor ends the link."""

        async def disconnect():
            for connection in list(self._device.connections.values()):
                await connection.disconnect()

        self._call(disconnect())

    async def _start(self):
        self._vm = self._transport = self._pump = None
        hci_port, bus_port = free_port(), free_port()
        air = Air()
        self._transport = await open_transport(f"tcp-server:127.0.0.1:{hci_port}")
        guest = Controller(
            "guest",
            public_address="F0:F1:F2:F3:F4:F5",
            host_source=self._transport.source,
            host_sink=self._transport.sink,
            link=air,
        )
        guest.le_features &= ~(hci.LeFeatureMask.LL_PRIVACY | hci.LeFeatureMask.LE_EXTENDED_ADVERTISING)
        self._vm = subprocess.Popen(
            self._machine(hci_port, bus_port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
        )
        ready = threading.Event()
        threading.Thread(target=self._listen, args=(ready,), daemon=True).start()
        if not await asyncio.to_thread(ready.wait, PATIENCE_S):
            raise TimeoutError("the guest does not come up:\n" + "".join(self.log))
        os.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"tcp:host=127.0.0.1,port={bus_port}"
        await self._power_on()
        await self._switch_on_sensor(air)

    def _machine(self, hci_port, bus_port):
        options = f"""
            -accel tcg,thread=multi -cpu max -smp 2 -m 192 -nodefaults -no-user-config -nographic -no-reboot
            -serial stdio -monitor none -kernel {self._folder}/vmlinuz -initrd {self._folder}/initrd
            -device virtio-serial-pci -chardev socket,id=hci,host=127.0.0.1,port={hci_port},server=off,nodelay=on
            -device virtconsole,chardev=hci -netdev user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:{bus_port}-:5000
            -device virtio-net-pci,netdev=n,romfile= -device virtio-rng-pci
        """
        # no_timer_check: on a busy machine the guest takes its emulated timer for a broken one and stops
        boot = (
            "console=ttyS0 quiet loglevel=4 panic=-1 nokaslr mitigations=off tsc=reliable random.trust_cpu=on "
            "no_timer_check"
        )
        return [shutil.which("qemu-system-x86_64"), *options.split(), "-append", boot]

    def _listen(self, ready):
        for line in self._vm.stdout:
            self.log.append(line)
            if "READY" in line:
                ready.set()

    async def _power_on(self):
        """Once bluetoothd has found the adapter."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                if await self._set_powered():
                    return
            except (OSError, EOFError, DBusError) as error:
                self.log.append(f"{error!r}\n")
            if time.monotonic() > deadline:
                raise TimeoutError("no adapter in the guest:\n" + "".join(self.log))
            await asyncio.sleep(0.2)

    async def _set_powered(self):
        bus = MessageBus(bus_type=BusType.SYSTEM)
        try:
            await bus.connect()
            reply = await bus.call(
                Message(
                    destination="org.bluez",
                    path="/org/bluez/hci0",
                    interface="org.freedesktop.DBus.Properties",
                    member="Set",
                    signature="ssv",
                    body=["org.bluez.Adapter1", "Powered", Variant("b", True)],
                )
            )
            return reply.message_type != MessageType.ERROR
        finally:
            bus.disconnect()
            if bus.connected:
                await bus.wait_for_disconnect()

    async def _switch_on_sensor(self, air):
        sensor = self._sensor
        controller = Controller("sensor", link=air)
        configuration = DeviceConfiguration(
            name=sensor.local_name,
            address=hci.Address(sensor.address),
            advertising_interval_min=100,
            advertising_interval_max=100,
        )
        self._device = Device.from_config_with_hci(configuration, controller, controller)
        self._characteristics = {}
        for uuid, characteristics in sensor.services.items():
            self._device.add_service(Service(uuid, [self._characteristic(one) for one in characteristics]))
        advertised = [
            (AdvertisingData.FLAGS, b"\x06"),
            (AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS, bytes(UUID(sensor.service))),
        ]
        self._device.advertising_data = bytes(AdvertisingData(advertised))
        self._device.on("connection", self._connected)
        await self._device.power_on()
        await self._device.start_advertising(auto_restart=True)
        self._pump = asyncio.ensure_future(self._notify())

    def _characteristic(self, one):
        properties = Characteristic.Properties(0)
        for flag in one.flags:
            properties |= PROPERTIES[flag]

        def read(_, uuid=one.uuid):
            return self._sensor.read(uuid, self.now())

        def write(_, value, uuid=one.uuid):
            self._sensor.write(uuid, bytes(value), self.now())

        found = Characteristic(
            one.uuid, properties, Characteristic.READABLE | Characteristic.WRITEABLE, CharacteristicValue(read, write)
        )
        found.on(
            "subscription", lambda _, notify, indicate: self._sensor.subscribe(one.uuid, notify or indicate, self.now())
        )
        self._characteristics[one.uuid] = found
        return found

    def _connected(self, connection):
        self._sensor.linked(True, self.now())
        connection.on("disconnection", lambda _: self._link.cut(self.now()))

    async def _notify(self):
        """The sensor's notifications, as they are due."""
        while True:
            await asyncio.sleep(0.03)
            for connection in list(self._device.connections.values()):
                for uuid, value in self._link.event(self.now()):
                    await self._device.notify_subscriber(connection, self._characteristics[uuid], value)

    async def _stop(self):
        if self._pump is not None:
            self._pump.cancel()
        if self._vm is not None:
            self._vm.kill()
            await asyncio.to_thread(self._vm.wait)
            self._vm.stdout.close()
        if self._transport is not None:
            await self._transport.close()
            self._transport.server.close()  # which bumble leaves open
            await asyncio.sleep(0.1)
