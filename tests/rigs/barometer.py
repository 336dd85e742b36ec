"""Barometers that are nothing but their registers."""

import struct


class Registers:
    """A chip that is nothing but its registers."""

    def __init__(self, held):
        self.held, self._at = dict(held), 0

    def write(self, data):
        self._at = data[0]
        for k, value in enumerate(data[1:]):
            self.held[self._at + k] = value

    def read(self, size):
        return bytes(self.held.get(self._at + k, 0) for k in range(size))

    def put(self, register, data):
        self.held.update({register + k: value for k, value in enumerate(data)})


BMP280_TRIM = struct.pack("<HhhHhhhhhhhh", 27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000)
"""That of the worked example in Bosch's datasheet."""


def bmp280(raw_pressure=415148, raw_temperature=519888):
    chip = Registers({0xD0: 0x58})
    chip.put(0x88, BMP280_TRIM)
    chip.put(0xF7, (raw_pressure << 4).to_bytes(3, "big") + (raw_temperature << 4).to_bytes(3, "big"))
    return chip


class Lps22(Registers):
    """Its reset is over at once; the highest bit of a register's number means nothing."""

    def write(self, data):
        super().write(bytes([data[0] & 0x7F]) + data[1:])
        self.held[0x11] = self.held.get(0x11, 0) & ~0x04


def lps22(raw_pressure=4150000):
    chip = Lps22({0x0F: 0xB1})
    chip.put(0x28, raw_pressure.to_bytes(3, "little", signed=True))
    return chip


BMP390_TRIM = struct.pack("<HHbhhbbHHbbhbb", 27702, 19210, -7, 137, -3312, 35, 0, 24971, 30442, -13, -6, 16312, 26, -60)
"""Plausible for a part: near 1000 hPa and room temperature with the readings below."""


def bmp390(raw_pressure=6900000, raw_temperature=8400000):
    chip = Registers({0x00: 0x60, 0x03: 0x70})  # status: command and both measurements are ready
    chip.put(0x31, BMP390_TRIM)
    chip.put(0x04, raw_pressure.to_bytes(3, "little") + raw_temperature.to_bytes(3, "little"))
    return chip
