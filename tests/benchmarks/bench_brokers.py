"""A fleet at each broker: messages a second, delay to a reader, memory, and the storm when a node is killed.

`make bench ARGS="tests/benchmarks/bench_brokers.py -s"` prints the rows of docs/scale.md. Devices are at node 0, the
readers at node 1 where there is one; node 0 is killed and started again at once.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from backbeat.fleet.fleet import Fleet, Played
from backbeat.fleet.player import Count
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttSettings
from rigs.archive import Archive
from rigs.brokers import BROKERS
from rigs.reader import wait_until
from rigs.runs import INFO, alert, readings, started, step
from rigs.scores import score

AT_MOST_S = 600.0
"""A fleet is stopped when everything is measured. A session takes so long and has four alerts: ten times as many as
in life."""
STEADY_S = 20.0
"""For so long work is counted before anything else is asked of the brokers."""

ASKED, A_SECOND = 300, 20
PAGE_KB = 4


class Watch:
    """When the probe's steps and alerts came, by their number."""

    def __init__(self, port: int) -> None:
        self.came: dict[tuple[str, int], float] = {}
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("backbeat/v1/probe/#", 1)
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(120.0), "the reader could not subscribe"

    def _on_subscribe(self, _c: Client, _u: object, _n: int, reasons: list[ReasonCode], _p: object) -> None:
        if not any(reason.is_failure for reason in reasons):  # a broker at its limit connects us and then refuses this
            self._ready.set()

    def _on_message(self, _c: Client, _u: object, message: Any) -> None:
        now, what = time.perf_counter(), message.topic.rpartition("/")[2]
        if what in ("step", "alert"):
            body = json.loads(message.payload)
            self.came.setdefault((what, round(body["time"] if what == "step" else body["value"])), now)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def delays(nodes: Any) -> dict[str, str]:
    """p50 and p99 in ms from `take` of the real publisher to a reader, while the fleet plays."""
    watch = Watch(nodes.ports[min(1, len(nodes.ports) - 1)])
    settings = MqttSettings.from_url(with_more(nodes.url(), "team=probe&steps=yes"))
    run = Publisher(settings, INFO, report=lambda _: None)
    run.wait_connected(30.0)
    run.take(readings(0, 1), [started(0.0)])
    sent: dict[tuple[str, int], float] = {}
    begin = time.perf_counter()
    for number in range(ASKED):
        what = "alert" if number % 2 else "step"
        time.sleep(max(0.0, begin + number / A_SECOND - time.perf_counter()))
        sent[what, number] = time.perf_counter()
        run.take(readings(1.0, 0.0), [alert(90.0, value=float(number)) if number % 2 else step(float(number))])
    wait_until(lambda: sum(what == "alert" for what, _ in watch.came) >= ASKED // 2, "alerts", 150.0)
    run.finish([])
    watch.close()
    told = {}
    for what in ("step", "alert"):
        took = sorted(1e3 * (watch.came[key] - sent[key]) for key in sent if key[0] == what and key in watch.came)
        told[what] = f"{statistics.median(took):.1f} / {took[int(0.99 * len(took))]:.0f}"
    return told


def with_more(url: str, more: str) -> str:
    """The address with more settings."""
    return f"{url}{'&' if '?' in url else '?'}{more}" if more else url


def memory_mb(pids: list[int]) -> int:
    """Resident, of a node's processes together."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KB // 1024 for pid in pids)


def cpu_s(nodes: Any) -> float:
    """Of all nodes since their begin."""
    ticks = 0
    for node in range(len(nodes.ports)):
        for pid in nodes.pids(node):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])  # utime and stime, proc(5)
    return ticks / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize(
    ("broker", "runners", "more"),
    [
        ("Mosquitto", 1000, ""),
        ("NATS, 3 nodes", 200, ""),
        ("NATS, 3 nodes", 200, "live_retained=no"),
        ("NATS, 3 nodes", 1000, ""),
        ("NATS, 3 nodes", 1000, "live_retained=no"),
        ("RabbitMQ, 3 nodes", 50, ""),
        ("RabbitMQ, 3 nodes", 200, ""),
        ("RabbitMQ, 3 nodes", 200, "live_retained=no"),
    ],
)
def bench_fleet(broker: str, runners: int, more: str, tmp_path: Path) -> None:
    counts: list[Count] = [Count()]
    played: list[Played] = []
    with BROKERS[broker](tmp_path) as nodes:
        before = memory_mb(nodes.pids(0))
        fleet = Fleet(
            MqttSettings.from_url(with_more(nodes.url(), more)),
            {"sam": score(seconds=AT_MOST_S)},
            runners=runners,
            seconds=AT_MOST_S,
            processes=2,
            end_patience_s=120.0,
        )
        with Archive(*reversed(nodes.ports)) as archive:
            playing = threading.Thread(target=lambda: played.append(fleet.play(counts.append)))
            playing.start()
            try:
                wait_until(lambda: counts[-1].connected == runners, "devices", 300.0)
                begin, calm, busy = time.monotonic(), counts[-1], cpu_s(nodes)
                time.sleep(STEADY_S)
                elapsed, sent = time.monotonic() - begin, counts[-1].messages - calm.messages
                busy = cpu_s(nodes) - busy
                told = delays(nodes)
                while_steady = counts[-1]
                held = memory_mb(nodes.pids(0))
                nodes.kill_node(0)
                storm = time.monotonic()
                nodes.start_node(0)
                wait_until(
                    lambda: counts[-1].reconnects - while_steady.reconnects >= runners, "reconnects", AT_MOST_S - 100.0
                )
                storm = time.monotonic() - storm
            finally:
                fleet.stop()
                playing.join()
            archive.wait_for(played[0].keys)
        twice = sum(archive.keys.values()) - len(archive.keys)
    sys.stdout.write(
        f"| {broker} | {runners} | {more} | {sent / elapsed:.0f} | {1e3 * busy / sent:.2f} ms "
        f"| {told['step']} | {told['alert']} "
        f"| {before} → {held} | {storm:.0f} s | {len(played[0].keys)} of {len(played[0].keys)}, {twice} twice "
        f"| {os.getloadavg()[0]:.0f} |\n"
    )
    sys.stdout.flush()
