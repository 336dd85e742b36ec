"""CPU of a sensor's way from bytes to readings for each second of signal, without emulator, kernel and D-Bus.

What a bus or a radio would bring is recorded first and then read again and again; the fastest of many passes counts,
since other work on the machine only makes passes slower.

Run: make bench ARGS="tests/benchmarks/bench_transports.py -s".
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from firmware_host.bus import Bus, Span
from firmware_host.chips import open_chip
from firmware_host.chips.talk import Operation, Options
from firmware_host.radios.radio import Packet
from firmware_host.readings import Readings
from firmware_host.stream import Stream
from rigs.chip_bench import HandClock, Wave, emulated
from rigs.radio_streams import KINDS, Kind

SECONDS, PASSES, PACKETS = 20.0, 60, 400


@dataclass
class Recorded:
    """What a chip answered, and where in it each visit begins."""

    answers: list[bytes] = field(default_factory=list)
    visits: list[tuple[int, float]] = field(default_factory=list)


def recorded(name: str, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """Twenty seconds of an emulated chip."""
    tape, carried = Recorded(), Bus._do

    def note(bus: Bus, operation: Operation) -> bytes:
        answer = carried(bus, operation)
        tape.answers.append(answer)
        return answer

    clock = HandClock()
    source = emulated(name, Wave(SECONDS), clock=clock, query="rate=208")
    tape.answers.clear()
    with monkeypatch.context() as patch, source:
        patch.setattr(Bus, "_do", note)
        source._start()  # once more, so that the start is on the tape
        visit = source._visit

        def marked() -> Iterator[Any]:
            tape.visits.append((len(tape.answers), clock.now()))
            yield from visit()

        patch.setattr(source, "_visit", marked)
        for _ in source:
            pass
    return tape


class Player(Bus):
    """A bus that plays a tape."""

    def __init__(self, answers: list[bytes]) -> None:
        self._answers, self._at, self._host, self.errors = answers, 0, HandClock().host, 0

    def _do(self, operation: Operation) -> bytes:
        self._at += 1
        return self._answers[self._at - 1]


def played(name: str, tape: Recorded) -> list[float]:
    """Seconds that each visit took."""
    chip, bus = open_chip(name, Options(rate_hz=208)), Player(tape.answers)
    bus.carry_out(chip.identify())
    bus.carry_out(chip.start())
    readings, took = Readings(chip.facts), []
    for _, now in tape.visits[:-6]:  # the last ones find nothing
        began = time.perf_counter()
        batch, _ = bus.carry_out(chip.drain())
        readings.take(batch, Span(now, now))
        took.append(time.perf_counter() - began)
    return took


@pytest.mark.parametrize("name", ["lsm6dsox", "lsm6ds3trc", "mpu6050", "icm42688", "lsm9ds1"])
def bench_chip(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """FIFO bytes to readings on the host's clock; smbus2 and the kernel come on top."""
    tape = recorded(name, monkeypatch)
    best = np.array([played(name, tape) for _ in range(PASSES)]).min(axis=0)
    sys.stdout.write(
        f"{name}: {1e6 * np.median(best):.0f} µs a visit, {len(best) / SECONDS:.1f} visits a second: "
        f"{1e3 * best.sum() / SECONDS:.2f} ms of CPU a second of signal\n"
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def bench_radio(kind: Kind) -> None:
    """Notifications to readings on the host's clock; D-Bus and bleak come on top."""
    per = 1 if kind.name.startswith("witmotion") else kind.per_packet  # it sends each reading by itself
    packets = [kind.frames(k * per, per) for k in range(PACKETS)]
    best = np.full(PACKETS, np.inf)
    for _ in range(PASSES):
        radio = kind.radio()
        stream = Stream(lambda radio=radio: radio.setting.rate_hz)
        for k, frames in enumerate(packets):
            began = time.perf_counter()
            for frame in frames:
                for found in radio.feed(kind.characteristic, frame):
                    if isinstance(found, Packet):
                        stream.take(found, 100.0 + k * per / radio.setting.rate_hz)
            best[k] = min(best[k], time.perf_counter() - began)
    rate = kind.radio().setting.rate_hz
    sys.stdout.write(
        f"{kind.name}: {1e6 * np.median(best):.0f} µs a packet, {rate / per:.1f} packets a second: "
        f"{1e3 * best.mean() * rate / per:.2f} ms of CPU a second of signal\n"
    )
