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


BMP390_TRIM = struct.pack("<HHbhhbbHHbbhbb", 27702, 19210, -7, 137, -3312, 35, 0, 24971, 30442, -13, -6, 16312, 26, -60)
"""Plausible for a part: near 1000 hPa and room temperature with the readings below."""


def bmp390(raw_pressure=6900000, raw_temperature=8400000):
    chip = Registers({0x00: 0x60, 0x03: 0x70})  # status: command and both measurements are ready
    chip.put(0x31, BMP390_TRIM)
    chip.put(0x04, raw_pressure.to_bytes(3, "little") + raw_temperature.to_bytes(3, "little"))
    return chip
