"""What three NATS nodes spend their work on: devices that are only there, `live`, `live` that is retained, coming.

`make bench ARGS="tests/benchmarks/bench_cluster_work.py"` prints the nodes' CPU time, which other work changes little.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from backbeat.fleet.fleet import Fleet
from backbeat.fleet.player import Count
from backbeat.mqtt.settings import MqttSettings
from benchmarks.bench_brokers import cpu_s, with_more
from rigs.nats_cluster import NatsCluster
from rigs.reader import wait_until
from rigs.scores import score

DEVICES = 200
SETTLED_S, MEASURED_S = 5.0, 20.0


def ms_a_second(nodes: NatsCluster) -> float:
    """CPU of all nodes, ms a second and device."""
    time.sleep(SETTLED_S)
    begin, before = time.monotonic(), cpu_s(nodes)
    time.sleep(MEASURED_S)
    return 1e3 * (cpu_s(nodes) - before) / (time.monotonic() - begin) / DEVICES


@contextmanager
def only_there(nodes: NatsCluster) -> Iterator[None]:
    """Clients that commands are kept for, and that say nothing."""
    heard = threading.Semaphore(0)
    clients = []
    for number in range(DEVICES):
        client = Client(CallbackAPIVersion.VERSION2, f"device-{number}", clean_session=False)
        client.on_connect = lambda client, *_, number=number: client.subscribe(f"device/{number}/cmd/+", 1)
        client.on_subscribe = lambda *_: heard.release()
        client.connect("127.0.0.1", nodes.ports[0])
        client.loop_start()
        clients.append(client)
    assert all(heard.acquire(timeout=60.0) for _ in clients)
    yield
    for client in clients:
        client.disconnect()
        client.loop_stop()


@contextmanager
def playing(nodes: NatsCluster, more: str) -> Iterator[float]:
    """The fleet; CPU of all nodes until all devices were there, ms a device."""
    counts, before = [Count()], cpu_s(nodes)
    settings = MqttSettings.from_url(with_more(nodes.url(), more))
    fleet = Fleet(settings, {"sam": score(seconds=600.0)}, runners=DEVICES, seconds=600.0, processes=2)
    thread = threading.Thread(target=lambda: fleet.play(counts.append))
    thread.start()
    try:
        wait_until(lambda: counts[-1].connected == DEVICES, "devices", 120.0)
        yield 1e3 * (cpu_s(nodes) - before) / DEVICES
    finally:
        fleet.stop()
        thread.join()


def bench_cluster_work(figure: Callable[[str], None], tmp_path: Path) -> None:
    with NatsCluster(tmp_path / "there") as nodes:
        idle = ms_a_second(nodes)
        with only_there(nodes):
            there = ms_a_second(nodes) - idle
    with NatsCluster(tmp_path / "passing") as nodes, playing(nodes, "live_retained=no") as coming:
        passing = ms_a_second(nodes) - idle - there
    with NatsCluster(tmp_path / "retained") as nodes, playing(nodes, ""):
        retained = ms_a_second(nodes) - idle - there
    figure(f"{DEVICES} devices at three NATS nodes, CPU of all nodes:")
    figure(f"  none there            {DEVICES * idle:6.1f} ms a second")
    figure(f"  a device comes        {coming:6.1f} ms, its `status` and `info` with it")
    figure(f"  a device is there     {there:6.2f} ms a second")
    figure(f"  a `live`              {passing:6.2f} ms")
    figure(f"  a `live`, retained    {retained:6.2f} ms")
