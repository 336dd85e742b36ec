"""Speed from gpsd on loopback, height from emulated barometers, slope from both; and context from a live source."""

import json
import socket
import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.errors import SourceError
from firmware_host.bus import Bus
from firmware_host.chips.barometers import Bmp280, Bmp390, Lps22, bmp280_pressure
from firmware_host.emulators.adapter import Adapter, Installed
from firmware_host.surroundings import Gpsd, Height, Slope, Surroundings, height_m, open_surroundings, speed_of
from rigs.barometer import Registers, bmp390
from rigs.chip_bench import HandClock

TRIM = (27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)


def bmp280():
    chip = Registers({0xD0: 0x58})
    chip.put(0x88, struct.pack("<HhhHhhhhhhhh", *TRIM))
    chip.put(0xF7, bytes([415148 >> 12, 415148 >> 4 & 0xFF, 415148 << 4 & 0xF0]))
    chip.put(0xFA, bytes([519888 >> 12, 519888 >> 4 & 0xFF, 519888 << 4 & 0xF0]))
    return chip


def lps22(pressure_pa=100000.0):
    chip = Registers({0x0F: 0xB1})
    chip.put(0x28, round(pressure_pa * 40.96).to_bytes(3, "little"))
    return chip


@pytest.fixture
def wire():
    installed = []

    def opener(chips):
        installed.append(Installed(Adapter(chips)))
        return lambda address: Bus(installed[-1].path, address, HandClock().host)

    yield opener
    for one in installed:
        one.close()


def test_the_worked_example_of_boschs_datasheet():
    assert bmp280_pressure(415148, 519888, TRIM) == pytest.approx(100653.27, abs=0.5)


def test_barometers_are_read(wire):
    open_bus = wire({0x76: bmp280(), 0x77: bmp390(), 0x5D: lps22()})
    for driver, address, pressure in ((Bmp280, 0x76, 100653.27), (Bmp390, 0x77, 100384.06), (Lps22, 0x5D, 100000.0)):
        height = Height(driver(), lambda address=address: open_bus(address))
        assert height.height(0.0) == pytest.approx(height_m(pressure), abs=0.1)
        assert height.height(0.1) is None  # twice a second is enough
        height.close()


def test_height_in_the_standard_atmosphere():
    assert height_m(101325.0) == pytest.approx(0.0, abs=0.01)
    assert height_m(89874.6) == pytest.approx(1000.0, abs=1.0)  # ISO 2533


@pytest.mark.parametrize("grade", [-8.0, 0.0, 5.0])
def test_slope_is_height_over_distance(grade):
    slope = Slope()
    slope.speed(3.0)
    for k in range(100):
        slope.height(0.5 * k, 200 + grade / 100 * 1.5 * k)
    assert slope.grade_pct() == pytest.approx(grade, abs=0.01)


def test_no_slope_without_speed_or_over_a_short_stretch():
    slope = Slope()
    slope.height(0.0, 1.0)
    assert slope.grade_pct() is None
    slope.speed(3.0)
    for k in range(10):
        slope.height(0.5 * k, k)
    assert slope.grade_pct() is None
    for k in range(10, 60):
        slope.height(0.5 * k, 0.0)
    assert slope.grade_pct() is not None
    slope.speed(None)
    assert slope.grade_pct() is None


def test_gpsd_tells_speed_and_its_end():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = Gpsd("127.0.0.1", server.getsockname()[1])
        assert client.speeds(0.0) == []
        connection, _ = server.accept()
        with connection:
            assert b"WATCH" in connection.recv(1000)
            report = {"class": "TPV", "mode": 3, "speed": 3.25}
            connection.sendall(b'{"class":"VERSION"}\n' + json.dumps(report).encode() + b"\n" + b'{"class":"TP')
            told, deadline = [], time.monotonic() + 20
            while not told and time.monotonic() < deadline:
                told = list(client.speeds(1.0))
            assert told == [3.25]
            assert client.speeds(4.0) == []
            assert client.speeds(7.0) == [None]  # nothing for five seconds: not known any more
            assert client.speeds(8.0) == []
        deadline = time.monotonic() + 20
        while client._socket is not None and time.monotonic() < deadline:
            client.speeds(9.0)
        assert client.speeds(25.0) == []  # hung up, and dialled again
        server.accept()[0].close()
        client.close()


def test_a_gpsd_that_is_not_there_is_no_fault():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = Gpsd("127.0.0.1", unused.getsockname()[1])
        assert client.speeds(0.0) == []
        assert client.speeds(1.0) == []


@settings(deadline=None, max_examples=100, derandomize=True)
@given(st.binary(max_size=100) | st.text(max_size=50).map(str.encode))
def test_nonsense_from_gpsd_is_no_speed(line):
    assert speed_of(line) is None


@pytest.mark.parametrize("speed", ['"fast"', "-1", "1e9", "true", "null", "NaN"])
def test_impossible_speeds_are_none(speed):
    assert speed_of(f'{{"class":"TPV","mode":3,"speed":{speed}}}'.encode()) is None
    assert speed_of(b'{"class":"TPV","mode":1,"speed":3}') is None


def test_speed_and_slope_become_context(wire):
    chip = lps22()
    open_bus = wire({0x5D: chip})

    class Steady:
        def speeds(self, now):
            return [4.0] if now % 1 == 0 else []

        def close(self):
            pass

    surroundings = Surroundings(Steady(), Height(Lps22(), lambda: open_bus(0x5D)))
    told = []
    for k in range(200):
        climbed = 0.04 * 4.0 * 0.5 * k
        chip.put(0x28, round((100000.0 - climbed * 11.9) * 40.96).to_bytes(3, "little"))
        told += surroundings.ask(0.5 * k)
    surroundings.close()
    assert {context.kind for context in told} == {"speed_m_s", "grade_pct"}
    grades = [context.value for context in told if context.kind == "grade_pct"]
    assert grades[-1] == pytest.approx(4.0, abs=0.15)


def test_what_is_written_wrong_or_not_there_is_told(wire):
    open_bus = wire({0x77: Registers({0xD0: 0x55})})
    assert open_surroundings("", "", open_bus) is None
    for gpsd, barometer, told in (
        (":12", "", "127.0.0.1:2947"),
        ("host:no", "", "127.0.0.1:2947"),
        ("", "bmp999", "bmp280@0x76"),
        ("", "bmp280@x", "bmp280@0x76"),
        ("", "bmp280", "barometer bmp280 at 0x76"),
        ("", "bmp280@0x77", "identity 0x55"),
    ):
        with pytest.raises(SourceError, match=told):
            open_surroundings(gpsd, barometer, open_bus)
