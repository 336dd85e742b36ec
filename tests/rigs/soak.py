"""Minutes of an emulated sensor through its whole transport, with faults, in real time or faster."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass

import numpy as np

from backbeat.samples import Samples, joined
from firmware_host.ble import BleSource
from firmware_host.bus import Host
from firmware_host.emulators.air.air import Air
from firmware_host.emulators.air.link import AirFault, AirFaults, AirLink
from firmware_host.emulators.faults import Fault, Faults
from rigs.ble_bench import sensor_and_radio
from rigs.chip_bench import Numbered, account, emulated

LEARNING_S = 120.0


@dataclass(frozen=True)
class Soaked:
    """What came of it.

    Attributes:
        taken: readings that the sensor measured.
        delivered: of them.
        gaps: marked ones.
        unmarked: readings that vanished without a mark.
        doubled: readings that came twice or out of order.
        recovery_s: from each loss of the sensor to its return.
        error_ms: times of readings minus when they were measured, after the clock was learnt; empty where nobody knows.
        cpu_ms: of this process for each second of signal, the emulator included.
    """

    taken: int
    delivered: int
    gaps: int
    unmarked: int
    doubled: int
    recovery_s: list[float]
    error_ms: np.ndarray
    cpu_ms: float

    def __str__(self) -> str:
        times = f"time error SD {self.error_ms.std():.2f} ms, " if len(self.error_ms) else ""
        back = f"{np.median(self.recovery_s):.2f} s (at most {max(self.recovery_s):.2f} s)" if self.recovery_s else "–"
        return (
            f"{self.taken} measured, {self.delivered} delivered, {self.gaps} marked gaps, {self.unmarked} lost "
            f"unmarked, {self.doubled} doubled; {times}back {len(self.recovery_s)} times after {back}; "
            f"{self.cpu_ms:.2f} ms of CPU a second of signal, emulator included"
        )


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def through_smbus(seconds: float) -> Soaked:
    """An LSM6DSOX under smbus2 in real time: lost transfers, restarts, a stuck bus, an unplugged sensor."""

    class RealTime:
        host = Host()

    planned = tuple(
        Fault(kind, at, lasting)
        for kind, first, lasting in (("restart", 45.0, 0.0), ("stuck_bus", 75.0, 2.0), ("unplugged", 105.0, 3.0))
        for at in np.arange(first, seconds - 10, 120.0)
    )
    motion, began, used = Numbered(seconds), time.monotonic(), cpu_s()
    source = emulated("lsm6dsox", motion, Faults(nack=0.0005, clock=0.005, planned=planned, seed=1), RealTime())
    blocks, recovery, lost = [], [], None
    with source:
        for found in source:
            if isinstance(found, Samples):
                blocks.append(found)
            elif found.kind == "sensor" and found.value["state"] == "lost":
                lost = found.time
            elif found.kind == "sensor" and lost is not None:
                recovery.append(found.time - lost)
                lost = None

    readings = joined([block for block in blocks if len(block)])
    error, unmarked, _ = account(readings, motion, began)
    error = error - np.median(error)  # when the emulator's clock began is known to a millisecond only
    error = error[readings.time - readings.time[0] > min(LEARNING_S, seconds / 2)]
    taken = sum(len(part) for part in motion.taken)
    cpu = 1e3 * (cpu_s() - used) / seconds
    return Soaked(taken, len(readings), int(readings.gap_before.sum()), unmarked, 0, recovery, 1e3 * error, cpu)


def outages(every: int, until: int) -> tuple[AirFault, ...]:
    kinds = ["drop", "restart", "drop", "daemon"]
    spans = [2.0, 0.5, 15.0, 4.0]
    return tuple(AirFault(kinds[k % 4], at, spans[k % 4]) for k, at in enumerate(range(every, until, every)))


def through_bleak(seconds: float, speed: float = 1.0) -> Soaked:
    """A HipNode through D-Bus, bleak, link and source: an outage a minute, packets lost and doubled."""
    began = time.monotonic()

    def now() -> float:
        return began + speed * (time.monotonic() - began)

    faults = AirFaults(lost=0.005, doubled=0.005, busy=0.05, clock=0.005, planned=outages(60, int(seconds)))
    motion, sensor, radio = sensor_and_radio("hipnode", faults.clock)
    numbers: list[int] = []
    gaps: list[bool] = []
    states: list[tuple[float, str]] = []
    used = cpu_s()
    with Air([AirLink(sensor, faults)], now=now), BleSource(sensor.address, radio, now=now) as source:
        for found in source:
            if isinstance(found, Samples):
                numbers += motion.numbers(found.acc).tolist() if len(found) else []
                gaps += found.gap_before.tolist()
            elif found.kind == "sensor":
                states.append((found.time, found.value["state"]))
            if now() - began > seconds:
                break
    cpu = 1e3 * (cpu_s() - used) / seconds
    lost = [at for at, state in states if state == "lost"]
    back = [at for at, state in states if state == "found"]
    steps = np.diff(numbers)
    unmarked = sum(int(steps[place]) - 1 for place in np.flatnonzero(steps > 1) if not gaps[place + 1])
    recovery = [end - start for start, end in zip(lost, back, strict=False)]
    doubled = int((steps <= 0).sum())
    return Soaked(len(motion.times), len(numbers), sum(gaps), unmarked, doubled, recovery, np.empty(0), cpu)
