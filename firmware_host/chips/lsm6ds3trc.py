"""ST LSM6DS3TR-C and LSM6DSL: a FIFO of bare 16-bit words, the chip's time as a data set of its own.

Registers: ST datasheet DS11923 (LSM6DS3TR-C), FIFO patterns and timestamp data set: application note AN5130, chapters
6 and 8. A set is nine words: gyroscope, accelerometer, timestamp. Which word of a set comes next is told in a
register, so that an overflow is followed by a new alignment and not by nonsense.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from backbeat.samples import STANDARD_GRAVITY
from firmware_host.chips.stamps import Stamps
from firmware_host.chips.talk import (
    Batch,
    ChipFault,
    Facts,
    Options,
    Read,
    Setting,
    Talk,
    Wait,
    Write,
    ask_identity,
    configure,
    nearest_rate,
    nothing,
    wait_for,
)

FIFO_CTRL2, FIFO_CTRL3, FIFO_CTRL4, FIFO_CTRL5 = 0x07, 0x08, 0x09, 0x0A
WHO_AM_I, CTRL1_XL, CTRL2_G, CTRL3_C, CTRL10_C = 0x0F, 0x10, 0x11, 0x12, 0x19
OUT_TEMP, FIFO_STATUS1, FIFO_DATA_OUT, TIMESTAMP2, WAKE_UP_DUR = 0x20, 0x3A, 0x3E, 0x42, 0x5C

RATES = {104.0: 4, 208.0: 5, 416.0: 6}
SET, MOST_WORDS = 9, 2047
TICK_S = 25e-6

Sets = NDArray[np.uint8]


class Lsm6ds3trc:
    """One chip."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._rate = nearest_rate(options.rate_hz, list(RATES), "An LSM6DS3TR-C")
        self._fifo = Fifo(self._rate)

    @property
    def facts(self) -> Facts:
        """What is fixed about it."""
        return Facts(
            name="LSM6DS3TR-C",
            rate_hz=self._rate,
            acc_scale=0.488e-3 * STANDARD_GRAVITY,  # ±16 g
            gyr_scale=math.radians(0.070),  # ±2000 °/s
            acc_range_g=16.0,
            gyr_range_dps=2000.0,
            clock_error=0.05,  # its oscillator is not trimmed as finely as its successors'
            depth_s=MOST_WORDS / SET / self._rate,
        )

    def identify(self) -> Talk[None]:
        """Ask who is there; the older LSM6DS3 (0x69) counts its time in another way."""
        names = {0x6A: "LSM6DS3TR-C"}
        yield from ask_identity(WHO_AM_I, names, "LSM6DS3TR-C", force=self._options.force)

    def start(self) -> Talk[None]:
        """Reset, configure, and start the FIFO empty with the chip's clock at zero."""
        yield Write(CTRL3_C, b"\x01")  # SW_RESET
        yield Wait(0.01)
        yield from wait_for(CTRL3_C, 0x01, 0, tries=20, pause_s=0.005, what="reset")
        code = RATES[self._rate]
        settings: list[Setting] = [
            (CTRL3_C, 0x44, "IF_INC: bursts; BDU: the two bytes of a value belong together"),
            (CTRL1_XL, code << 4 | 1 << 2, "accelerometer: rate, ±16 g"),
            (CTRL2_G, code << 4 | 3 << 2, "gyroscope: rate, ±2000 °/s"),
            (WAKE_UP_DUR, 0x10, "count time in 25 µs, not in 6.4 ms"),
            (CTRL10_C, 0x20, "count time"),
            (FIFO_CTRL2, 0x80, "time and steps as the fourth data set"),
            (FIFO_CTRL3, 1 << 3 | 1, "gyroscope and accelerometer at the full rate"),
            (FIFO_CTRL4, 1 << 3, "fourth data set at the full rate, no third"),
        ]
        yield from configure(settings)
        yield Wait(0.1)  # the gyroscope's turn-on takes up to 80 ms
        yield Write(TIMESTAMP2, b"\xaa")  # clock to zero; the register reads as time, so it is not read back
        yield from configure([(FIFO_CTRL5, code << 3 | 6, "FIFO on at the same rate, newest kept when full")])
        self._fifo = Fifo(self._rate)

    def drain(self) -> Talk[Batch]:
        """All whole sets that are in the FIFO."""
        status = yield Read(FIFO_STATUS1, 4)
        words = status[0] | (status[1] & 0x07) << 8
        pattern = status[2] | (status[3] & 0x03) << 8
        if pattern >= SET:
            raise ChipFault(f"its FIFO is at word {pattern} of a set of {SET}")
        surplus = -pattern % SET  # the rest of a set whose beginning was overwritten, or that was read in part
        if surplus:
            self._fifo.cut()
            yield Read(FIFO_DATA_OUT, 2 * min(surplus, words), once=True)
        whole = (words - surplus) // SET
        if whole <= 0:
            return nothing()
        batch = self._fifo.decode((yield Read(FIFO_DATA_OUT, 2 * SET * whole, once=True)))
        temperature = yield Read(OUT_TEMP, 2)
        return replace(batch, temperature_c=int.from_bytes(temperature, "little", signed=True) / 256 + 25)


class Fifo:
    """Sets to readings, from one start of the chip to the next."""

    def __init__(self, rate_hz: float) -> None:
        self._stamps = Stamps(24, TICK_S, rate_hz)
        self._held: Sets = np.empty((0, 2 * SET), dtype=np.uint8)
        self._given = False

    def cut(self) -> None:
        """Sets are missing: what waits does not belong to what comes."""
        self._held = self._held[:0]

    def decode(self, data: bytes) -> Batch:
        """Readings of all sets with a plausible time; a newest one with a doubtful time waits for the next call."""
        fresh = np.frombuffer(data, dtype=np.uint8, count=len(data) // (2 * SET) * 2 * SET).reshape(-1, 2 * SET)
        sets = np.concatenate((self._held, fresh))
        self._held = sets[:0]
        if not len(sets):
            return nothing()
        # AN5130: the time's bytes stand in the order 15:8, 23:16, (unused), 7:0; two bytes of steps follow
        stamp = sets[:, 12:16].astype(np.int64)
        raw = stamp[:, 1] << 16 | stamp[:, 0] << 8 | stamp[:, 3]
        good = self._stamps.plausible(raw)
        if not good[-1]:
            self._held = sets[-1:].copy()
        faults = int((~good).sum()) - int(not good[-1])
        values = sets[good, :12].copy().view("<i2")
        if not len(values):
            return nothing(faults=faults)
        device, gaps = self._stamps.take(raw[good])
        restarted, self._given = not self._given, True
        return Batch(device, values[:, 3:], values[:, :3], gaps, restarted, None, faults)


def lsm6ds3trc(options: Options) -> Lsm6ds3trc:
    """LSM6DS3TR-C and LSM6DSL."""
    return Lsm6ds3trc(options)
