"""The LSM6DS3TR-C of a XIAO nRF52840 Sense: acceleration and angular rate through its FIFO.

Registers: ST datasheet DS11923; FIFO patterns: application note AN5130, chapter 8. The FIFO holds bare 16-bit words,
here sets of six: gyroscope x y z, accelerometer x y z. `bus` is CircuitPython's busio.I2C, locked.
"""

ADDRESS = 0x6A
FIFO_CTRL3, FIFO_CTRL4, FIFO_CTRL5 = 0x08, 0x09, 0x0A
WHO_AM_I, CTRL1_XL, CTRL2_G, CTRL3_C, CTRL5_C = 0x0F, 0x10, 0x11, 0x12, 0x14
OUT_G, OUT_XL = 0x22, 0x28
OUT_TEMP, FIFO_STATUS, FIFO_DATA = 0x20, 0x3A, 0x3E

RATES = {26: 2, 52: 3, 104: 4, 208: 5, 416: 6}
ACC_CODES = {2: 0, 16: 1, 4: 2, 8: 3}
GYR_CODES = {250: 0, 500: 1, 1000: 2, 2000: 3}
WORDS = 6
SETTLING = 16  # readings thrown away after a start: the gyroscope takes some 70 ms


class Imu:
    """The chip on its bus.

    Args:
        bus: `writeto(address, buffer)` and `writeto_then_readfrom(address, out, in)`.
        sleep: lets seconds go by.

    Raises:
        OSError: nothing or something else answers.
    """

    def __init__(self, bus, sleep):
        self._bus = bus
        self._sleep = sleep
        self._settling = 0
        if self._read(WHO_AM_I, 1)[0] != 0x6A:
            raise OSError("no LSM6DS3TR-C at 0x6A")

    def _write(self, register, value):
        self._bus.writeto(ADDRESS, bytes((register, value)))

    def _read(self, register, size):
        answer = bytearray(size)
        self._bus.writeto_then_readfrom(ADDRESS, bytes((register,)), answer)
        return answer

    def start(self, rate, acc_g, gyr_dps):
        """Reset and measure anew; whether the chip can do that."""
        if rate not in RATES:
            return False
        code = RATES[rate]
        self._write(CTRL3_C, 0x01)  # SW_RESET
        self._sleep(0.05)
        self._write(CTRL3_C, 0x44)  # IF_INC: bursts; BDU: the two bytes of a value belong together
        self._write(CTRL1_XL, code << 4 | ACC_CODES[acc_g] << 2)
        self._write(CTRL2_G, code << 4 | GYR_CODES[gyr_dps] << 2)
        self._write(FIFO_CTRL3, 0x09)  # every reading of both
        self._write(FIFO_CTRL4, 0x00)  # nothing else
        self._fifo = code << 3 | 6  # continuous
        self._empty()
        return True

    def _empty(self):
        self._write(FIFO_CTRL5, 0x00)  # bypass: throws away what it holds
        self._write(FIFO_CTRL5, self._fifo)
        self._settling = SETTLING

    def read(self, buffer):
        """Whole readings from the FIFO into a buffer, acceleration first.

        Their number, how many more wait, and whether some were lost before them.
        """
        status = self._read(FIFO_STATUS, 4)
        words = status[0] | (status[1] & 0x07) << 8
        word = status[2] | (status[3] & 0x03) << 8  # which word of a set comes next
        if status[1] & 0x40 or word % WORDS:  # overrun, or no longer at the beginning of a set
            self._empty()
            self._lost = True
            return 0, 0, False
        count = min(words // WORDS, len(buffer) // 12)
        if not count:
            return 0, 0, False
        raw = self._read(FIFO_DATA, count * 12)
        if self._settling:
            self._settling = max(0, self._settling - count)
            return 0, 0, False
        for k in range(0, count * 12, 12):
            buffer[k : k + 6] = raw[k + 6 : k + 12]
            buffer[k + 6 : k + 12] = raw[k : k + 6]
        lost, self._lost = self._lost, False
        return count, words // WORDS - count, lost

    _lost = False

    def self_test(self):
        """Whether both sensors answer as they should when the chip pushes them (DS11923, self-test output change).

        Takes a second, in which it must lie still; nothing is measured afterwards.
        """
        self._write(CTRL3_C, 0x01)
        self._sleep(0.05)
        self._write(CTRL3_C, 0x44)
        acc = self._pushed(CTRL1_XL, RATES[52] << 4 | ACC_CODES[4] << 2, 0x01, OUT_XL)
        gyr = self._pushed(CTRL2_G, RATES[208] << 4 | GYR_CODES[2000] << 2, 0x04, OUT_G)
        return all(90 <= 0.122 * c <= 1700 for c in acc) and all(150 <= 0.07 * c <= 700 for c in gyr)  # mg and dps

    def _pushed(self, control, setting, push, output):
        """By how many counts each axis moves."""
        self._write(control, setting)
        rest = self._average(output)
        self._write(CTRL5_C, push)
        moved = self._average(output)
        self._write(CTRL5_C, 0)
        self._write(control, 0)
        return [abs(moved[axis] - rest[axis]) for axis in range(3)]

    def _average(self, output):
        """Of five readings, once they have settled."""
        self._sleep(0.15)
        total = [0, 0, 0]
        for _ in range(5):
            self._sleep(0.02)
            raw = self._read(output, 6)
            for axis in range(3):
                value = raw[2 * axis] | raw[2 * axis + 1] << 8
                total[axis] += value - 65536 if value > 32767 else value
        return [value / 5 for value in total]

    def temperature_c(self):
        """The chip's temperature in whole °C."""
        low, high = self._read(OUT_TEMP, 2)
        raw = low | high << 8
        return 25 + ((raw - 65536 if raw > 32767 else raw) >> 8)
