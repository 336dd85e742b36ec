"""The emulators against drivers that nobody here wrote: Adafruit's, from PyPI, read what ours read."""

import numpy as np
import pytest
import smbus2

from firmware_host.bus import Bus
from firmware_host.chips.barometers import Bmp390
from firmware_host.emulators.adapter import Adapter, Installed
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.i2c import emulated_chip
from firmware_host.surroundings import Height, height_m
from rigs.barometer import bmp390
from rigs.chip_bench import HandClock

STILL = (np.array([1.25, -4.5, 8.75]), np.array([0.5, -1.25, 2.0]))


class Held:
    """A motion that stays: each driver reads it when it likes."""

    ended_at = None

    def at(self, times):
        return np.tile(STILL[0], (len(times), 1)), np.tile(STILL[1], (len(times), 1))


class CircuitPythonBus:
    """What Adafruit's bus devices want, done with smbus2."""

    def __init__(self, path):
        self._bus = smbus2.SMBus(path)

    def try_lock(self):
        return True

    def unlock(self):
        pass

    def deinit(self):
        self._bus.close()

    def writeto(self, address, buffer, *, start=0, end=None):
        self._bus.i2c_rdwr(smbus2.i2c_msg.write(address, bytes(buffer[start:end])))

    def readfrom_into(self, address, buffer, *, start=0, end=None):
        end = len(buffer) if end is None else end
        read = smbus2.i2c_msg.read(address, end - start)
        self._bus.i2c_rdwr(read)
        buffer[start:end] = bytes(read)

    def writeto_then_readfrom(
        self, address, out_buffer, in_buffer, *, out_start=0, out_end=None, in_start=0, in_end=None
    ):
        in_end = len(in_buffer) if in_end is None else in_end
        read = smbus2.i2c_msg.read(address, in_end - in_start)
        self._bus.i2c_rdwr(smbus2.i2c_msg.write(address, bytes(out_buffer[out_start:out_end])), read)
        in_buffer[in_start:in_end] = bytes(read)


@pytest.fixture
def wired(monkeypatch):
    """An emulated chip on a bus for a driver that sleeps for real; here time goes by when it does."""
    clock = [0.0]

    def sleep(seconds):
        clock[0] += seconds

    monkeypatch.setattr("time.sleep", sleep)
    opened = []

    def wire(name, address, **options):
        def now():
            clock[0] += 0.0005
            return clock[0]

        chip = emulated_chip(name, Held(), now, Faults(**options))
        installed = Installed(Adapter({address: chip}))
        bus = CircuitPythonBus(installed.path)
        opened.append((bus, installed))
        return bus

    yield wire
    for bus, installed in opened:
        bus.deinit()
        installed.close()


def settle(sensor, reads=40):
    """Read until the registers hold the motion at the ranges that were set."""
    for _ in range(reads):
        acceleration, gyro = sensor.acceleration, sensor.gyro
    return np.array(acceleration), np.array(gyro)


@pytest.mark.parametrize(
    ("name", "module", "driver"),
    [
        ("lsm6dsox", "lsm6dsox", "LSM6DSOX"),
        ("lsm6dso32", "lsm6dso32", "LSM6DSO32"),
        ("ism330dhcx", "ism330dhcx", "ISM330DHCX"),
        ("lsm6ds3trc", "lsm6ds3trc", "LSM6DS3TRC"),
    ],
)
def test_lsm6ds(wired, name, module, driver):
    package = pytest.importorskip(f"adafruit_lsm6ds.{module}")
    lsm6ds = pytest.importorskip("adafruit_lsm6ds")
    sensor = getattr(package, driver)(wired(name, 0x6A))
    sensor.accelerometer_data_rate = lsm6ds.Rate.RATE_208_HZ
    sensor.gyro_data_rate = lsm6ds.Rate.RATE_208_HZ
    for acc_range in (lsm6ds.AccelRange.RANGE_4G, lsm6ds.AccelRange.RANGE_8G, lsm6ds.AccelRange.RANGE_16G):
        sensor.accelerometer_range = acc_range
        for gyro_range in (lsm6ds.GyroRange.RANGE_250_DPS, lsm6ds.GyroRange.RANGE_2000_DPS):
            sensor.gyro_range = gyro_range
            acceleration, gyro = settle(sensor)
            assert acceleration == pytest.approx(STILL[0], abs=0.01)
            assert gyro == pytest.approx(STILL[1], abs=0.004)
    assert sensor.temperature == pytest.approx(25.0, abs=1.0)


@pytest.mark.parametrize("name", ["mpu6050"])
def test_mpu6050(wired, name):
    adafruit = pytest.importorskip("adafruit_mpu6050")
    sensor = adafruit.MPU6050(wired(name, 0x68))
    for acc_range in range(4):
        sensor.accelerometer_range = acc_range
        sensor.gyro_range = 3 - acc_range
        acceleration, gyro = settle(sensor)
        assert acceleration == pytest.approx(STILL[0], abs=0.01)
        assert gyro == pytest.approx(STILL[1], abs=0.004)
    assert sensor.temperature == pytest.approx(27.4, abs=1.0)


def test_icm20948(wired):
    adafruit = pytest.importorskip("adafruit_icm20x")

    class WithoutMagnetometer(adafruit.ICM20948):
        """Its second chip is not emulated."""

        def _magnetometer_init(self):
            return True

    sensor = WithoutMagnetometer(wired("icm20948", 0x69), address=0x69)
    acceleration, gyro = settle(sensor, reads=3)
    assert acceleration == pytest.approx(STILL[0], abs=0.01)
    assert gyro == pytest.approx(STILL[1], abs=0.004)


@pytest.mark.parametrize("raw", [(6900000, 8400000), (6300000, 8000000), (7600000, 9000000)])
def test_bmp390(raw):
    adafruit = pytest.importorskip("adafruit_bmp3xx")
    installed = Installed(Adapter({0x77: bmp390(*raw)}))
    bus = CircuitPythonBus(installed.path)
    ours = Height(Bmp390(), lambda: Bus(installed.path, 0x77, HandClock().host)).height(0.0)
    theirs = adafruit.BMP3XX_I2C(bus, address=0x77).pressure * 100
    assert ours == pytest.approx(height_m(theirs), abs=0.01)
    bus.deinit()
    installed.close()


def test_an_adafruit_driver_refuses_what_ours_refuses(wired):
    lsm6dsox = pytest.importorskip("adafruit_lsm6ds.lsm6dsox")
    with pytest.raises(RuntimeError, match="Failed to find"):
        lsm6dsox.LSM6DSOX(wired("lsm6dsox", 0x6A, identity=0x70))
