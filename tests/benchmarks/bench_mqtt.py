"""From a step or an alert to a subscriber, beside bare paho, by a real Mosquitto on loopback.

Run: make bench ARGS=tests/benchmarks/bench_mqtt.py -s (or pytest with the same options as there).
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttSettings
from rigs.mosquitto import Mosquitto
from rigs.reader import wait_until
from rigs.runs import INFO, alert, readings, started, step

STEPS_A_SECOND, STEPS = 200, 3000
ALERTS_A_SECOND, ALERTS = 10, 200
FLOOD = 10_000


class Stopwatch:
    """A subscriber that notes when a message with a number in it came."""

    def __init__(self, port: int, topic: str, number: Callable[[dict[str, float]], float]) -> None:
        self.came: dict[int, float] = {}
        self.client = Client(CallbackAPIVersion.VERSION2)
        ready: list[int] = []
        self.client.on_subscribe = lambda *_: ready.append(1)
        self.client.on_message = lambda _c, _u, m: self.came.setdefault(
            round(number(json.loads(m.payload))), time.perf_counter()
        )
        self.client.connect("127.0.0.1", port)
        self.client.subscribe(topic, 1)
        self.client.loop_start()
        wait_until(lambda: bool(ready), "the subscription")

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def paced(count: int, per_second: float, send: Callable[[int], None]) -> dict[int, float]:
    """Send at a rate; when each was sent."""
    sent, start = {}, time.perf_counter()
    for number in range(count):
        while (left := start + number / per_second - time.perf_counter()) > 0:
            time.sleep(left)
        sent[number] = time.perf_counter()
        send(number)
    return sent


def told(name: str, sent: dict[int, float], came: dict[int, float], cpu_s: float) -> None:
    delays = sorted(1e3 * (came[number] - sent[number]) for number in sent if number in came)
    p50, p99 = statistics.median(delays), delays[int(0.99 * len(delays))]
    sys.stdout.write(
        f"{name:48} p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  max {delays[-1]:6.2f} ms  "
        f"{len(delays)} of {len(sent)}  {1e3 * cpu_s / len(sent):.3f} ms CPU each\n"
    )


def bare(port: int) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    client.connect("127.0.0.1", port)
    client.loop_start()
    wait_until(client.is_connected, "bare paho")
    return client


@pytest.mark.parametrize("who", ["bare paho", "backbeat"])
@pytest.mark.parametrize("what", ["step, QoS 0", "alert, QoS 1"])
def bench_latency(mosquitto: Mosquitto, tmp_path: Path, who: str, what: str) -> None:
    steps = what.startswith("step")
    count, rate = (STEPS, STEPS_A_SECOND) if steps else (ALERTS, ALERTS_A_SECOND)
    watch = Stopwatch(mosquitto.port, "backbeat/#" if who == "backbeat" else "bare", lambda body: body.get("value", -1))
    if who == "backbeat":
        watch.client.on_message = lambda _c, _u, m: _note(watch, m.topic, m.payload, steps)
        run = Publisher(
            MqttSettings.from_url(f"{mosquitto.url}?steps=yes"), INFO, outbox=tmp_path / "outbox.db", report=print
        )
        run.wait_connected()
        run.take(readings(0, 1), [started(0.0)])
        block = readings(1.0, 0.0)

        def send(number: int) -> None:
            event = step(float(number)) if steps else alert(90.0, value=float(number))
            run.take(block, [event])
    else:
        client = bare(mosquitto.port)
        payload = {"time": 0.0, "text": "x" * 600}

        def send(number: int) -> None:
            client.publish("bare", json.dumps({**payload, "value": number}), 0 if steps else 1)

    cpu = time.process_time()
    sent = paced(count, rate, send)
    wait_until(lambda: len(watch.came) >= count, f"{len(watch.came)} of {count}")
    told(f"{who}: {what}, {rate} a second", sent, watch.came, time.process_time() - cpu)
    if who == "backbeat":
        run.finish([])
    watch.close()


def _note(watch: Stopwatch, topic: str, payload: bytes, steps: bool) -> None:
    if topic.endswith("/step" if steps else "/alert"):
        now = time.perf_counter()
        body = json.loads(payload)
        watch.came.setdefault(round(body["time"] if steps else body["value"]), now)


@pytest.mark.parametrize("who", ["bare paho", "backbeat"])
def bench_throughput(mosquitto: Mosquitto, who: str) -> None:
    """QoS 1 as fast as it goes; backbeat's through its outbox in memory, as a replay's."""
    topic = "backbeat/v1/home/runner/alert" if who == "backbeat" else "bare"
    watch = Stopwatch(mosquitto.port, topic, lambda body: body["value"])
    if who == "backbeat":
        run = Publisher(MqttSettings.from_url(mosquitto.url), INFO, report=print, end_patience_s=60.0)
        run.wait_connected()
        start = time.perf_counter()
        for number in range(FLOOD):
            run.take(readings(1.0, 0.0), [alert(90.0, value=float(number))])
    else:
        client = bare(mosquitto.port)
        start = time.perf_counter()
        for number in range(FLOOD):
            client.publish("bare", json.dumps({"value": number, "text": "x" * 600}), 1)
    wait_until(lambda: len(watch.came) >= FLOOD, f"{len(watch.came)} of {FLOOD}", 120)
    sys.stdout.write(f"{who}: {FLOOD / (time.perf_counter() - start):.0f} messages a second with QoS 1, all arrived\n")
    if who == "backbeat":
        run.finish([])
    watch.close()
