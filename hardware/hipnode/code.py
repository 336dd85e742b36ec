"""HipNode on a Seeed XIAO nRF52840 Sense with CircuitPython: binds node.py and imu.py to the board.

CircuitPython runs a file of this name when the board is switched on. Nothing but the firmware itself is needed.
"""

import time

import _bleio
import analogio
import board
import busio
import digitalio
import microcontroller
from imu import Imu
from node import Node

BASE = "ae83{:04x}-93bb-4a50-aedf-a95ada11702a"
LONGEST = 244
DIVIDER = 1510 / 510  # of the board's battery voltage, in kΩ
EMPTY_V, FULL_V = 3.4, 4.1


def output(pin, value):
    """A pin driven high or low."""
    line = digitalio.DigitalInOut(pin)
    line.switch_to_output(value)
    return line


def characteristic(service, uuid, properties, value, longest):
    """A local characteristic that anybody may use."""
    return _bleio.Characteristic.add_to_service(
        service, uuid, properties=properties, max_length=longest, initial_value=value,
        read_perm=_bleio.Attribute.OPEN, write_perm=_bleio.Attribute.OPEN,
    )  # fmt: skip


power = output(board.IMU_PWR, True)
# Low for good: high would put more than 3.6 V on the battery's input while it is charged.
measuring = output(board.READ_BATT_ENABLE, False)
light = output(board.LED_GREEN, True)  # lit when low
battery = analogio.AnalogIn(board.VBATT)
time.sleep(0.1)
bus = busio.I2C(board.IMU_SCL, board.IMU_SDA, frequency=400000)
while not bus.try_lock():
    pass
imu = Imu(bus, time.sleep)
serial = microcontroller.cpu.uid[-6:]
node = Node(imu, time.monotonic_ns, serial)

Kind = _bleio.Characteristic
known_by = _bleio.UUID(BASE.format(1))
service = _bleio.Service(known_by)
data = characteristic(service, _bleio.UUID(BASE.format(2)), Kind.NOTIFY, b"\0", LONGEST)
control = characteristic(service, _bleio.UUID(BASE.format(3)), Kind.WRITE | Kind.NOTIFY, b"\0", 20)
info = characteristic(service, _bleio.UUID(BASE.format(4)), Kind.READ, node.info(), 40)
battery_service = _bleio.Service(_bleio.UUID(0x180F))
level = characteristic(battery_service, _bleio.UUID(0x2A19), Kind.READ | Kind.NOTIFY, b"\x64", 1)
commands = _bleio.PacketBuffer(control, buffer_size=4, max_packet_size=20)

name = f"HipNode {serial[-2]:02X}{serial[-1]:02X}"
_bleio.adapter.name = name
advertisement = b"\x02\x01\x06\x11\x07" + bytes(known_by.uuid128)
answer = bytes((len(name) + 1, 0x09)) + name.encode()
command = bytearray(20)
checked = -60.0

while True:
    node.work()
    links = _bleio.adapter.connections
    if not links:
        node.unlinked()
        if not _bleio.adapter.advertising:
            _bleio.adapter.start_advertising(advertisement, scan_response=answer, connectable=True, interval=0.1)
    else:
        room = min(LONGEST, links[0].max_packet_length)
        try:
            size = commands.readinto(command)
            if size:
                reply = node.command(bytes(command[:size]), room)
                info.value = node.info()
                control.value = reply
            packet = node.packet(room)
            while packet is not None:
                data.value = packet
                node.work()
                packet = node.packet(room)
        except (_bleio.BluetoothError, ConnectionError, OSError):
            node.unlinked()  # the link went away in the middle; what was not sent is remembered
    if node.identify:
        node.identify = False
        for _ in range(6):
            light.value = not light.value
            time.sleep(0.1)
    if time.monotonic() - checked > 30:
        checked = time.monotonic()
        node.temperature_c = imu.temperature_c()
        volts = battery.value / 65535 * battery.reference_voltage * DIVIDER
        level.value = bytes((round(100 * min(max((volts - EMPTY_V) / (FULL_V - EMPTY_V), 0), 1)),))
    time.sleep(0.02)
