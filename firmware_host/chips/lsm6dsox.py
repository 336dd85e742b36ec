"""ST LSM6DSOX, LSM6DSO, ISM330DHCX, LSM6DSO32: tagged FIFO with the chip's own time beside each reading.

Registers and FIFO words: ST datasheets DS12814 (LSM6DSOX), DS12140 (LSM6DSO), DS13012 (ISM330DHCX), DS13209
(LSM6DSO32), and application note AN5272, chapter 9 (FIFO). The FIFO holds 512 words of 7 bytes: a tag and six
bytes of data. Three words make a reading here (gyroscope, accelerometer, timestamp), in any order; a two-bit counter
in the tag says which belong together.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

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

WHO_AM_I = 0x0F
FIFO_CTRL3, FIFO_CTRL4 = 0x09, 0x0A
CTRL1_XL, CTRL2_G, CTRL3_C, CTRL8_XL, CTRL9_XL, CTRL10_C = 0x10, 0x11, 0x12, 0x17, 0x18, 0x19
OUT_TEMP = 0x20
FIFO_STATUS1 = 0x3A
TIMESTAMP2 = 0x42
INTERNAL_FREQ_FINE = 0x63
FIFO_DATA_OUT_TAG = 0x78

RATES = {104.0: 4, 208.0: 5, 416.0: 6}
"""Readings a second to the code in CTRL1_XL[7:4], CTRL2_G[7:4] and FIFO_CTRL3."""

WORDS, WORD_SIZE, WORDS_A_READING = 512, 7, 3
TICK_S = 25e-6
GYRO, ACCELEROMETER, TIMESTAMP = 1, 2, 4
INVALID = 0x7FFD
"""Counts from here on are start-up garbage (as the Linux driver st_lsm6dsx takes them)."""
TURN_ON_S = 0.1
"""The gyroscope takes up to 70 ms from power-down (datasheet, table of mechanical characteristics)."""

TEMPERATURE_VISITS = 60
"""It changes slowly, and asking costs as much of the bus as the FIFO's status."""

_COLUMN = np.full(32, -1)
_COLUMN[[GYRO, ACCELEROMETER, TIMESTAMP]] = 0, 1, 2

Words = NDArray[np.uint8]


class Lsm6dsox:
    """One chip of the family; `wide` for the LSM6DSO32, which nothing but its label tells from an LSM6DSO."""

    def __init__(self, options: Options, name: str = "LSM6DSOX", *, wide: bool = False) -> None:
        self._options = options
        rate = nearest_rate(options.rate_hz, list(RATES), name)
        self._facts = Facts(
            name=name,
            rate_hz=rate,
            # ±16 g at 0.488 mg a count, ±32 g at 0.976 mg; ±2000 °/s at 70 m°/s (mechanical characteristics)
            acc_scale=(0.976e-3 if wide else 0.488e-3) * STANDARD_GRAVITY,
            gyr_scale=math.radians(0.070),
            acc_range_g=32.0 if wide else 16.0,
            gyr_range_dps=2000.0,
            clock_error=0.01,
            depth_s=WORDS / WORDS_A_READING / rate,
        )
        self._fifo = Fifo(rate, TICK_S)
        self._visits = 0

    @property
    def facts(self) -> Facts:
        """What is fixed about it."""
        return self._facts

    def identify(self) -> Talk[None]:
        """Ask who is there; 0x6c is all of LSM6DSO, DSOX and DSO32, 0x6b the ISM330DHCX."""
        names = {0x6C: self._facts.name, 0x6B: "ISM330DHCX"}
        yield from ask_identity(WHO_AM_I, names, self._facts.name, force=self._options.force)

    def start(self) -> Talk[None]:
        """Reset, configure, and start the FIFO empty with the chip's clock at zero."""
        yield Write(CTRL3_C, b"\x01")  # SW_RESET: a crash may have left anything
        yield Wait(0.01)
        yield from wait_for(CTRL3_C, 0x01, 0, tries=20, pause_s=0.005, what="reset")
        code = RATES[self._facts.rate_hz]
        settings: list[Setting] = [
            (CTRL3_C, 0x44, "IF_INC: bursts; BDU: the two bytes of a value belong together"),
            (CTRL9_XL, 0xE2, "I3C off, so that bus noise is not taken for its commands; the rest as after reset"),
            (CTRL8_XL, 0x00, "range code 1 means the widest range only with XL_FS_MODE at 0"),
            (CTRL1_XL, code << 4 | 1 << 2, "accelerometer: rate, widest range"),
            (CTRL2_G, code << 4 | 3 << 2, "gyroscope: rate, ±2000 °/s"),
            (CTRL10_C, 0x20, "count time"),
            (FIFO_CTRL3, code << 4 | code, "both into the FIFO at the full rate"),
        ]
        yield from configure(settings)
        trim = (yield Read(INTERNAL_FREQ_FINE))[0]
        # AN5272, 6.4: the factory measured this chip's oscillator, 0.15 % a count
        tick_s = TICK_S / (1 + 0.0015 * (trim - 256 if trim > 127 else trim))
        yield Wait(TURN_ON_S)
        yield Write(TIMESTAMP2, b"\xaa")  # clock to zero; the register reads as time, so it is not read back
        yield from configure(
            [(FIFO_CTRL4, 1 << 6 | 6, "FIFO on: newest kept when full, a timestamp with each reading")]
        )
        self._fifo = Fifo(self._facts.rate_hz, tick_s)

    def drain(self) -> Talk[Batch]:
        """All words that are in the FIFO, as readings."""
        status = yield Read(FIFO_STATUS1, 2)
        words = status[0] | (status[1] & 0x03) << 8
        if words > WORDS:
            raise ChipFault(f"its FIFO claims {words} words and has room for {WORDS}")
        if status[1] & 0x40 or words >= WORDS - WORDS_A_READING:
            self._fifo.overrun()
        if not words:
            return nothing()
        batch = self._fifo.decode((yield Read(FIFO_DATA_OUT_TAG, words * WORD_SIZE)))
        self._visits += bool(len(batch))
        if self._visits % TEMPERATURE_VISITS != 1:
            return batch
        temperature = yield Read(OUT_TEMP, 2)
        return replace(batch, temperature_c=int.from_bytes(temperature, "little", signed=True) / 256 + 25)


class Fifo:
    """FIFO words to readings, from one start of the chip to the next."""

    def __init__(self, rate_hz: float, tick_s: float) -> None:
        self._stamps = Stamps(32, tick_s, rate_hz)
        self._tail: Words = np.empty((0, WORD_SIZE), dtype=np.uint8)
        self._given = False  # whether any reading was given out

    def overrun(self) -> None:
        """Words were lost: a reading that waits for the rest of its words will not get them."""
        self._tail = self._tail[:0]

    def decode(self, data: bytes) -> Batch:
        """Whole readings; the words of one that is not complete wait for the next call."""
        fresh = np.frombuffer(data, dtype=np.uint8, count=len(data) // WORD_SIZE * WORD_SIZE)
        words = fresh.reshape(-1, WORD_SIZE)
        if len(self._tail):
            words = np.concatenate((self._tail, words))
        if self._given:
            batch = self._steady(words)
            if batch is not None:
                return batch
        where, faults = self._readings(words)
        if not len(where):
            return nothing(faults=faults)
        raw = words[where[:, 2], 1:5].copy().view("<u4")[:, 0].astype(np.int64)
        good = self._stamps.plausible(raw)
        held = not good[-1]
        if held:  # the newest may be wrong: the next one will tell
            first = int(where[-1].min())
            self._tail = np.concatenate((words[first : first + WORDS_A_READING], self._tail))
        faults += int((~good).sum()) - held
        where, raw = where[good], raw[good]
        if not len(where):
            return nothing(faults=faults)
        device, gaps = self._stamps.take(raw)
        values = words[:, 1:7].copy().view("<i2")
        gyr, acc = values[where[:, 0]], values[where[:, 1]]
        if self._given:
            return Batch(device, acc, gyr, gaps, faults=faults)
        usable = ((acc < INVALID) & (gyr < INVALID)).all(axis=1)
        self._given = bool(usable.any())
        return Batch(device[usable], acc[usable], gyr[usable], gaps[usable], restarted=True, faults=faults)

    def _steady(self, words: Words) -> Batch | None:
        """The common case at a tenth of the cost: every word where it should be, nothing missing; else None."""
        whole = len(words) // WORDS_A_READING
        tags = (words[:, 0] & 0xFE).tobytes()
        expected = _tags_from(tags[:WORDS_A_READING])
        if not whole or expected[: len(tags)] != tags:
            return None
        order = _COLUMN[np.frombuffer(tags, dtype=np.uint8, count=WORDS_A_READING) >> 3].tolist()
        readings = words[: whole * WORDS_A_READING].reshape(whole, WORDS_A_READING, WORD_SIZE)
        raw = readings[:, order.index(2), 1:5].copy().view("<u4")[:, 0].astype(np.int64)
        device = self._stamps.steady(raw)
        if device is None:
            return None
        self._tail = words[whole * WORDS_A_READING :].copy()
        gyr, acc = (readings[:, order.index(column), 1:7].copy().view("<i2") for column in (0, 1))
        return Batch(device, acc, gyr, np.zeros(whole, dtype=np.bool_))

    def _readings(self, words: Words) -> tuple[NDArray[np.intp], int]:
        """Where gyroscope, accelerometer and time of each reading are, (n, 3); how many words belong to none."""
        if not len(words):
            return np.empty((0, WORDS_A_READING), dtype=np.intp), 0
        column = _COLUMN[words[:, 0] >> 3]
        count = words[:, 0] >> 1 & 3
        slot = np.concatenate(([0], np.cumsum(count[1:] != count[:-1])))
        sizes = np.bincount(slot)
        where = np.full((len(sizes), WORDS_A_READING), -1)
        known = column >= 0
        where[slot[known], column[known]] = np.flatnonzero(known)
        whole = (where >= 0).all(axis=1) & (sizes == WORDS_A_READING)
        waiting = int(sizes[-1]) if sizes[-1] < WORDS_A_READING else 0
        self._tail = words[len(words) - waiting :].copy()
        return where[whole], len(words) - waiting - WORDS_A_READING * int(whole.sum())


@cache
def _tags_from(first: bytes) -> bytes:
    """The tags (parity left out) of a full FIFO without a fault, from those of its first reading; empty for others."""
    kinds, counts = {tag >> 3 for tag in first}, {tag >> 1 & 3 for tag in first}
    if kinds != {GYRO, ACCELEROMETER, TIMESTAMP} or len(counts) != 1:
        return b""
    (start,) = counts
    readings = (bytes(tag & 0xF8 | (start + k) % 4 << 1 for tag in first) for k in range(WORDS // WORDS_A_READING + 2))
    return b"".join(readings)


def lsm6dsox(options: Options) -> Lsm6dsox:
    """The common one, and the LSM6DSO."""
    return Lsm6dsox(options)


def lsm6dso32(options: Options) -> Lsm6dsox:
    """The one with ±32 g."""
    return Lsm6dsox(options, "LSM6DSO32", wide=True)


def ism330dhcx(options: Options) -> Lsm6dsox:
    """The industrial one."""
    return Lsm6dsox(options, "ISM330DHCX")
