"""A thousand alerts through fifty kills of either side: none lost, none doubled, order kept.

A NATS server that was killed sends what a reader had not acknowledged only after its `ack_wait`, behind newer messages
and marked as sent before (nats-server pull request 8360 says why): there the order is that of the messages without the
mark, and a reader who needs all of it has `seq`.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from backbeat.mqtt.embedded import EmbeddedBroker
from rigs.mosquitto import Mosquitto
from rigs.reader import Reader, wait_until

ALERTS, KILLS = 1000, 50
SESSION = "20250615-151000"
ROOT = "backbeat/v1/home/runner"


class Broker(Protocol):
    port: int

    def restart(self) -> None: ...


class Nats(EmbeddedBroker):
    """The built-in broker, killed and started on the same folder."""

    def restart(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.start()


@pytest.fixture(params=["mosquitto", "nats"])
def broker(request: pytest.FixtureRequest, mosquitto_program: str, tmp_path: Path) -> Iterator[Broker]:
    if request.param == "mosquitto":  # with its default persistence, which loses what it has acknowledged
        with Mosquitto(mosquitto_program, tmp_path / "broker") as mosquitto:
            yield mosquitto
    else:
        (tmp_path / "broker").mkdir()
        with Nats(folder=tmp_path / "broker") as nats:
            yield nats


class Run:
    """The run in a process of its own."""

    def __init__(self, broker: Broker, folder: Path) -> None:
        folder.mkdir()
        self._words = [f"mqtt://127.0.0.1:{broker.port}", str(folder), str(ALERTS), "0.025"]
        self._log = folder / "log"
        self.raised = folder / "raised"
        self.start()

    def start(self) -> None:
        with self._log.open("ab") as log:
            environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rigs.alerting", *self._words], stderr=log, env=environment
            )

    def count(self) -> int:
        return len(self.raised.read_text().splitlines()) if self.raised.exists() else 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        self.kill()
        self.start()


def by_number(reader: Reader) -> dict[int, bytes]:
    """Alerts by their number; the same number must always be the same message."""
    known: dict[int, bytes] = {}
    for got in reader.on("/alert"):
        assert known.setdefault(got.json["seq"], got.payload) == got.payload, "a number was used twice"
    return known


def ask_for_gaps(reader: Reader, last: int) -> None:
    """As a reader does that sees a gap in `seq`."""
    known = by_number(reader)
    missing = [number for number in range(1, last + 1) if number not in known]
    for first in missing[::50]:
        request = {"session": SESSION, "first": first, "last": min(first + 49, last)}
        reader.publish(f"{ROOT}/cmd/resend", json.dumps(request))


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_a_thousand_alerts_survive_fifty_kills_of_either_side(broker: Broker, tmp_path: Path) -> None:
    chance = random.Random(4)
    run = Run(broker, tmp_path / "run")
    try:
        with Reader(broker.port, f"{ROOT}/#", lasting=True) as reader:
            for kill in range(KILLS):
                time.sleep(chance.uniform(0.1, 1.2))
                (broker if kill % 2 else run).restart()
            wait_until(lambda: run.count() == ALERTS, "all alerts raised", 120)
            wait_until(
                lambda: any(a["value"] == ALERTS - 1 for got in reader.on("/alerts")[-1:] for a in got.json["alerts"]),
                "the last list",
                60,
            )
            last = reader.on("/alerts")[-1].json["alerts"][-1]["seq"]
            delivered = len(by_number(reader))
            late = isinstance(broker, Nats)
            in_order = list(dict.fromkeys(got.json["seq"] for got in reader.on("/alert") if not (late and got.again)))
            for _ in range(20):
                if len(by_number(reader)) == last:
                    break
                ask_for_gaps(reader, last)
                time.sleep(1.0)
            known = by_number(reader)
    finally:
        run.kill()
    lost = last - delivered
    sys.stdout.write(
        f"{last} alerts, {KILLS} kills; {lost} lost by the broker after it acknowledged them, then resent\n"
    )
    assert sorted(known) == list(range(1, last + 1)), "a number is missing"
    values = [json.loads(known[number])["value"] for number in sorted(known)]
    assert sorted(set(values)) == list(range(ALERTS)), "an alert is missing"
    assert values == sorted(values), "the order is lost"
    assert (
        len(values) - ALERTS <= KILLS / 2
    )  # a run killed between raising an alert and writing that down raises it anew
    assert in_order == sorted(in_order), "they came in another order"
    assert len(in_order) > ALERTS / 2
