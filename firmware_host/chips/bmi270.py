"""Bosch BMI270: it must be given its configuration at every start, and has a FIFO of frames with headers.

Registers and frames: Bosch BST-BMI270-DS000, chapters 4.4 (initialisation), 4.7 (FIFO) and 5. The configuration file is
Bosch's own (in its sensor API on GitHub, or as `bmi270-init-data.fw` for the Linux kernel) and is not part of this
program: name yours with `firmware=PATH` in the source URI. The short "maximum FIFO" one will do.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from backbeat.errors import SourceError
from backbeat.samples import STANDARD_GRAVITY
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
)

CHIP_ID, INTERNAL_STATUS, TEMPERATURE, FIFO_LENGTH, FIFO_DATA = 0x00, 0x21, 0x22, 0x24, 0x26
ACC_CONF, ACC_RANGE, GYR_CONF, GYR_RANGE = 0x40, 0x41, 0x42, 0x43
FIFO_CONFIG_0, FIFO_CONFIG_1, INIT_CTRL, INIT_ADDR, INIT_DATA = 0x48, 0x49, 0x59, 0x5B, 0x5E
PWR_CONF, PWR_CTRL, CMD = 0x7C, 0x7D, 0x7E

RATES = {100.0: 8, 200.0: 9, 400.0: 10}
CAPACITY = 2048
"""Bytes; with the "maximum FIFO" configuration three times as much, which is not counted on."""
CHUNK = 256
LONGEST_FIRMWARE = 8192
"""Bytes: the chip's memory for its configuration; Bosch's full file fills it."""

BOTH, BOTH_SIZE = 0x8C, 13
SKIPPED, OVER_READ = 0x40, 0x80
MANY = 0xFF  # lost frames that are no longer counted
OTHER_SIZES = {0x84: 7, 0x88: 7, 0x44: 4, 0x48: 5}
"""Frames that carry nothing for us (one sensor alone, time, a change of settings): header to size."""


class Bmi270:
    """One chip."""

    def __init__(self, options: Options) -> None:
        if not options.firmware:
            raise SourceError(
                "a BMI270 needs Bosch's configuration file at every start; add firmware=PATH to the source URI."
            )
        if len(options.firmware) % 2 or len(options.firmware) > LONGEST_FIRMWARE:
            raise SourceError(
                f"the file that firmware= names has {len(options.firmware)} bytes; Bosch's for a BMI270 has an even "
                f"number of them, {LONGEST_FIRMWARE} at most."
            )
        self._options, self._firmware = options, options.firmware
        self._rate = nearest_rate(options.rate_hz, list(RATES), "A BMI270")
        self._fifo = Frames(self._rate)

    @property
    def facts(self) -> Facts:
        """What is fixed about it."""
        return Facts(
            name="BMI270",
            rate_hz=self._rate,
            acc_scale=STANDARD_GRAVITY / 2048,  # ±16 g
            gyr_scale=math.radians(2000 / 32768),
            acc_range_g=16.0,
            gyr_range_dps=2000.0,
            clock_error=0.05,
            depth_s=CAPACITY / BOTH_SIZE / self._rate,
            counted=True,
        )

    def identify(self) -> Talk[None]:
        """Ask who is there."""
        yield from ask_identity(CHIP_ID, {0x24: "BMI270"}, "BMI270", force=self._options.force)

    def start(self) -> Talk[None]:
        """Reset, load the configuration, configure, and start the FIFO empty."""
        yield Write(CMD, b"\xb6")  # soft reset
        yield Wait(0.005)  # 2 ms by the datasheet
        yield Write(PWR_CONF, b"\x00")  # no advanced power save: the configuration cannot be written in it
        yield Wait(0.001)  # 450 µs by the datasheet
        yield Write(INIT_CTRL, b"\x00")
        for at in range(0, len(self._firmware), CHUNK):
            word = at // 2
            yield Write(INIT_ADDR, bytes([word & 0x0F, word >> 4]))
            yield Write(INIT_DATA, self._firmware[at : at + CHUNK])
        yield Write(INIT_CTRL, b"\x01")
        yield Wait(0.02)
        yield from _loaded()
        code = RATES[self._rate]
        settings: list[Setting] = [
            (ACC_CONF, 1 << 7 | 2 << 4 | code, "accelerometer: performance filter, normal bandwidth, rate"),
            (ACC_RANGE, 3, "±16 g"),
            (GYR_CONF, 3 << 6 | 2 << 4 | code, "gyroscope: performance filter and noise, normal bandwidth, rate"),
            (GYR_RANGE, 0, "±2000 °/s"),
            (FIFO_CONFIG_0, 0x00, "newest kept when full; no time frames"),
            (PWR_CTRL, 0x0E, "temperature, accelerometer and gyroscope on"),
        ]
        yield from configure(settings)
        yield Wait(0.1)  # the gyroscope's start-up takes 45 ms
        yield from configure([(FIFO_CONFIG_1, 0xD0, "gyroscope and accelerometer frames with headers")])
        yield Write(CMD, b"\xb0")  # FIFO flush
        self._fifo = Frames(self._rate)

    def drain(self) -> Talk[Batch]:
        """All whole frames that are in the FIFO; one that is cut off is sent again by the chip."""
        length = int.from_bytes((yield Read(FIFO_LENGTH, 2)), "little") & 0x3FFF
        if not length:
            return nothing()
        try:
            data = yield Read(FIFO_DATA, length, once=True)
        except OSError:
            yield Write(CMD, b"\xb0")
            self._fifo.lost()
            return nothing(faults=1)
        batch = self._fifo.decode(data)
        if batch.faults:
            yield Write(CMD, b"\xb0")  # where the next frame begins is not known
            self._fifo.lost()
        raw = int.from_bytes((yield Read(TEMPERATURE, 2)), "little", signed=True)
        return replace(batch, temperature_c=None if raw == -32768 else raw / 512 + 23)


def _loaded() -> Talk[None]:
    (status,) = yield Read(INTERNAL_STATUS)
    if status & 0x0F != 1:
        raise ChipFault(
            f"it did not take the configuration file (its status is {status & 0x0F}): "
            "firmware= must name Bosch's unchanged file for the BMI270"
        )


class Frames:
    """Frames to readings; a reading's number over the nominal rate is its time, and lost frames are counted."""

    def __init__(self, rate_hz: float) -> None:
        self._rate = rate_hz
        self._index = 0
        self._restarted = True

    def lost(self) -> None:
        """Frames went unseen and uncounted."""
        self._restarted = True

    def decode(self, data: bytes) -> Batch:
        """Whole frames to readings; what follows a header that makes no sense is left out."""
        places, skips, faults = self._walk(data)
        n = len(places)
        if not n:
            return nothing(faults=faults)
        frames = np.frombuffer(data, dtype=np.uint8)[np.asarray(places)[:, None] + np.arange(1, BOTH_SIZE)]
        values = np.ascontiguousarray(frames).view("<i2")
        lost = np.asarray(skips)
        index = self._index + np.cumsum(lost + 1)
        self._index = int(index[-1])
        restarted, self._restarted = self._restarted, False
        return Batch(index / self._rate, values[:, 3:], values[:, :3], lost > 0, restarted, None, faults)

    def _walk(self, data: bytes) -> tuple[list[int], list[int], int]:
        """Where frames with both sensors begin, how many were lost before each, and faults."""
        places: list[int] = []
        skips: list[int] = []
        lost = at = 0
        while at < len(data):
            header = data[at] & 0xFC  # the two lowest bits are tags of the interrupt pins
            if header == BOTH:
                if at + BOTH_SIZE > len(data):
                    break
                places.append(at)
                skips.append(lost)
                lost = 0
                at += BOTH_SIZE
            elif header == SKIPPED:
                count = data[at + 1] if at + 1 < len(data) else MANY
                self._restarted |= count == MANY
                lost += count
                at += 2
            elif header == OVER_READ:
                break
            elif header in OTHER_SIZES:
                at += OTHER_SIZES[header]
            else:
                return places, skips, 1
        self._index += lost
        return places, skips, 0


def bmi270(options: Options) -> Bmi270:
    """BMI270."""
    return Bmi270(options)
