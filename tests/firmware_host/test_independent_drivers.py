"""The emulators against drivers that nobody here wrote: Adafruit's, from PyPI, read what ours read."""

import struct

import numpy as np
import pytest
import smbus2

from backbeat.samples import STANDARD_GRAVITY
from firmware_host.bus import Bus
from firmware_host.chips.barometers import Bmp280, Bmp390, Lps22, bmp280_pressure
from firmware_host.emulators.adapter import Adapter, Installed
from firmware_host.emulators.faults import Faults
from firmware_host.emulators.i2c import emulated_chip
from firmware_host.surroundings import Height, height_m
from rigs.barometer import BMP280_TRIM, bmp280, bmp390, lps22
from rigs.chip_bench import HandClock, Numbered, account, emulated, run

STILL = (np.array([1.25, -4.5, 8.75]), np.array([0.5, -1.25, 2.0]))


class Held:
    """A motion that stays: each driver reads it when it likes."""

    ended_at = None

    def at(self, times):
        return np.tile(STILL[0], (len(times), 1)), np.tile(STILL[1], (len(times), 1))


class CircuitPythonBus:
    """What Adafruit's bus devices want, done with smbus2."""

    def __init__(self, path):
        self.path, self._bus = path, smbus2.SMBus(path)

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

    def wire(name, address, beside=None, **options):
        def now():
            clock[0] += 0.0005
            return clock[0]

        chip = emulated_chip(name, Held(), now, Faults(**options))
        installed = Installed(Adapter({address: chip} | (beside or {})))
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
    return np.array(tuple(acceleration)), np.array(tuple(gyro))


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


class Magnetometer:
    """The other half of an LSM9DS1, which Adafruit's driver starts as well."""

    def __init__(self):
        self._at = 0

    def write(self, data):
        self._at = data[0] & 0x7F

    def read(self, size):
        return bytes([0x3D if self._at == 0x0F else 0]) * size


def test_lsm9ds1(wired):
    adafruit = pytest.importorskip("adafruit_lsm9ds1")
    sensor = adafruit.LSM9DS1_I2C(wired("lsm9ds1", 0x6A, beside={0x1C: Magnetometer()}), 0x1C, 0x6A)
    for acc_range, gyro_range in (
        (adafruit.ACCELRANGE_2G, adafruit.GYROSCALE_245DPS),
        (adafruit.ACCELRANGE_4G, adafruit.GYROSCALE_500DPS),
        (adafruit.ACCELRANGE_8G, adafruit.GYROSCALE_2000DPS),
        (adafruit.ACCELRANGE_16G, adafruit.GYROSCALE_2000DPS),
    ):
        sensor.accel_range, sensor.gyro_scale = acc_range, gyro_range
        acceleration, gyro = settle(sensor)
        assert acceleration == pytest.approx(STILL[0], abs=0.01)
        assert gyro == pytest.approx(STILL[1], abs=0.004)


def test_bmi270(wired, monkeypatch, capsys):
    """This driver brings Bosch's configuration file, which our own must load as well."""
    package = pytest.importorskip("bmi270.BMI270")
    bus = wired("bmi270", 0x68)
    monkeypatch.setattr(package, "SMBus", lambda _: smbus2.SMBus(bus.path))
    monkeypatch.setattr(package, "sleep", lambda _: None)
    sensor = package.BMI270(0x68)
    sensor.load_config_file()
    sensor.set_mode("performance")
    for acc_range in (package.ACC_RANGE_2G, package.ACC_RANGE_4G, package.ACC_RANGE_8G, package.ACC_RANGE_16G):
        sensor.set_acc_range(acc_range)
        for gyro_range in (package.GYR_RANGE_250, package.GYR_RANGE_2000):
            sensor.set_gyr_range(gyro_range)
            for _ in range(30):
                acceleration, gyro = sensor.get_acc_data(), sensor.get_gyr_data()
            assert acceleration == pytest.approx(STILL[0] * package.GRAVITY / STANDARD_GRAVITY, abs=0.01)
            assert gyro == pytest.approx(STILL[1], abs=0.004)
    assert sensor.get_temp_data() == pytest.approx(25.0, abs=0.1)
    sensor.bus.close()


def test_our_bmi270_with_bosch_s_configuration(tmp_path):
    definitions = pytest.importorskip("bmi270.config_file")
    file = tmp_path / "bmi270.bin"
    file.write_bytes(bytes(definitions.bmi270_config_file))
    clock, motion = HandClock(), Numbered(5.0)
    source = emulated("bmi270", motion, clock=clock, query=f"firmware={file}")
    _, unmarked, needless = account(run(source).readings, motion, 1000.0)
    assert (unmarked, needless) == (0, 0)
    assert bytes(source.chip._firmware[k] for k in range(len(source.chip._firmware))) == file.read_bytes()


@pytest.mark.parametrize(
    ("chip", "ours", "theirs", "module"),
    [
        (bmp280(), Bmp280(), "Adafruit_BMP280_I2C", "adafruit_bmp280"),
        (bmp280(380000, 500000), Bmp280(), "Adafruit_BMP280_I2C", "adafruit_bmp280"),
        (lps22(), Lps22(), "LPS22", "adafruit_lps2x"),
        (lps22(3600000), Lps22(), "LPS22", "adafruit_lps2x"),
    ],
)
def test_barometers(chip, ours, theirs, module, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda _: None)
    package = pytest.importorskip(module)
    installed = Installed(Adapter({0x5D: chip}))
    bus = CircuitPythonBus(installed.path)
    height = Height(ours, lambda: Bus(installed.path, 0x5D, HandClock().host)).height(0.0)
    assert height == pytest.approx(height_m(getattr(package, theirs)(bus, address=0x5D).pressure * 100), abs=0.01)
    bus.deinit()
    installed.close()


def test_the_worked_example_of_bosch_s_datasheet():
    """BST-BMP280-DS001, chapter 3.12."""
    pressure = bmp280_pressure(415148, 519888, struct.unpack("<HhhHhhhhhhhh", BMP280_TRIM))
    assert pressure == pytest.approx(100653.27, abs=0.05)


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
