"""The whole analysis against what a user would pick instead, and against the floor; and its cost in a live run.

CPU seconds of one thread. The chain is everything from readings to steps, symmetry, alerts and summary.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from backbeat.event_json import as_json
from backbeat.events import Step
from backbeat.monitor import Monitor
from backbeat.samples import Samples
from benchmarks.measured import hour, in_own_process, simulated

RATES = [100, 208]


def chain(blocks: Iterable[Samples], rate: int) -> int:
    """Steps found by the whole analysis."""
    monitor = Monitor(simulated(rate).info)
    steps = 0
    for block in blocks:
        steps += sum(isinstance(event, Step) for event in monitor.feed(block))
    return steps + sum(isinstance(event, Step) for event in monitor.end())


def cut(samples: Samples, size: int) -> list[Samples]:
    return [samples[i : i + size] for i in range(0, len(samples), size)]


def cpu(call: Callable[[], object]) -> float:
    before = time.process_time()
    call()
    return time.process_time() - before


@pytest.mark.parametrize("rate", RATES)
def bench_an_hour_beside_the_floor_and_the_peers(benchmark, call_peer, figure, rate: int) -> None:
    from scipy.signal import butter, sosfilt

    blocks = cut(hour(rate), 4096)
    six = np.column_stack((hour(rate).acc, hour(rate).gyr))
    band = butter(4, [0.5, 20], "bandpass", output="sos", fs=rate)
    floor = sorted(cpu(lambda: sosfilt(band, six, axis=0)) for _ in range(5))[2]
    found: list[int] = []
    seconds: list[float] = []

    def call() -> None:
        seconds.append(cpu(lambda: found.append(chain(blocks, rate))))

    benchmark.pedantic(call, rounds=3, warmup_rounds=1)
    ours = sorted(seconds)[len(seconds) // 2]
    figure(f"{rate} Hz, one hour, {len(hour(rate))} readings; true contacts {len(list(simulated(rate).run.steps()))}")
    figure(f"  backbeat, whole chain             {ours:8.3f} s CPU  {found[-1]} contacts")
    figure(f"  floor (sosfilt, six axes)         {floor:8.3f} s      backbeat is {ours / floor:.1f} x the floor")
    for name, what in (("skdh", "lumbar gait"), ("mobgap", "IcdIonescu, contacts only")):
        peer = call_peer(name, rate)
        figure(
            f"  {name + ' ' + peer['version'] + ' ' + what:40s}{peer['seconds']:8.3f} s      "
            f"{peer['contacts']} contacts; {peer['seconds'] / ours:.1f} x backbeat"
        )
        benchmark.extra_info[name] = peer
    benchmark.extra_info["floor_s"] = floor


@pytest.mark.parametrize("rate", RATES)
def bench_live_in_blocks_of_20(benchmark, figure, rate: int) -> None:
    blocks = cut(simulated(rate, 600).run.samples(), 20)
    seconds: list[float] = []

    def live() -> None:
        monitor = Monitor(simulated(rate).info)

        def all_blocks() -> None:
            for block in blocks:
                for event in monitor.feed(block):
                    as_json(event)

        seconds.append(cpu(all_blocks))

    benchmark.pedantic(live, rounds=3, warmup_rounds=1)
    figure(f"{rate} Hz live, blocks of 20: {1e3 * sorted(seconds)[1] / 600:.2f} ms CPU for each second of signal")


@pytest.mark.parametrize("rate", RATES)
def bench_live_in_blocks_of_20_as_they_come(figure, rate: int) -> None:
    """The same work when the thread sleeps until the next block: others use the core and its caches meanwhile."""
    blocks = cut(simulated(rate, 90).run.samples(), 20)
    monitor = Monitor(simulated(rate).info)
    begun = len(blocks) // 3
    for block in blocks[:begun]:
        monitor.feed(block)
    used = 0.0
    for block in blocks[begun:]:
        time.sleep(20 / rate)
        before = time.thread_time()
        for event in monitor.feed(block):
            as_json(event)
        used += time.thread_time() - before
    figure(f"{rate} Hz live, blocks of 20, each at its time: {1e3 * used / 60:.2f} ms CPU for each second of signal")


def bench_cost_from_a_minute_to_ten_hours(figure) -> None:
    for minutes in (1, 10, 60, 600):
        measured = in_own_process(_LONG.format(seconds=60 * minutes))
        figure(
            f"{minutes:4d} min at 100 Hz: {1e6 * measured['cpu'] / measured['readings']:.2f} µs CPU a reading, "
            f"{measured['steps']} steps, memory grew by {measured['grew_mb']:.1f} MB after the first minute"
        )


_LONG = """
import json, time
from backbeat.events import Step
from backbeat.monitor import Monitor
from backbeat.simulator.source import open_simulator

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6

source = open_simulator("sim:?stand=0&seconds={seconds}&cadence=170&seed=1&rate=100")
monitor = Monitor(source.info)
cpu, readings, steps, first = 0.0, 0, 0, None
for block in source.run.blocks(4096):
    before = time.process_time()
    events = monitor.feed(block)
    cpu += time.process_time() - before
    readings += len(block)
    steps += sum(isinstance(event, Step) for event in events)
    if first is None and readings >= 6000 - 4096:
        first = resident()
monitor.end()
print(json.dumps(dict(cpu=cpu, readings=readings, steps=steps, grew_mb=resident() - first)))
"""
