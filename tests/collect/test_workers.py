"""Workers that are killed, a database that restarts, a broker that restarts: nothing lost, nothing double."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import select

from backbeat.collect.archive import Archive
from backbeat.collect.tables import ALERTS, LIVE, REJECTED, SUMMARIES
from rigs.brokers import BROKERS
from rigs.mosquitto import Mosquitto
from rigs.postgres import Postgres
from rigs.reader import wait_until
from rigs.told import SESSION, alert_told, live_told, root, summary_told

RUNNERS = [f"runner-{number}" for number in range(6)]


class Worker:
    """`backbeat collect` in a process of its own."""

    def __init__(self, name: str, broker: str, database: str, folder: Path) -> None:
        self._words = ["--mqtt", broker, "--database", database, "--worker", name]
        self._log = folder / f"worker-{name}.log"
        self.start()

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def start(self) -> None:
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "backbeat", "collect", *self._words], stdout=log, stderr=log
            )

    def wait_word(self, word: str) -> None:
        wait_until(lambda: word in self.log, lambda: f"'{word}' of the worker: {self.log}", 180)

    def wait_listening(self) -> None:
        self.wait_word("Listening")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return self.log


class Devices:
    """Publishes as devices do and remembers what it published."""

    def __init__(self, port: int) -> None:
        self.alerts: set[tuple[str, int]] = set()
        self.live: set[tuple[str, int]] = set()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.max_inflight_messages_set(1000)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def tell(self, first: int, last: int) -> None:
        """Alerts and live messages of these numbers, by every runner."""
        sent = []
        for number in range(first, last + 1):
            for runner in RUNNERS:
                sent.append(self._client.publish(f"{root(runner)}/alert", alert_told(number), 1))
                self._client.publish(f"{root(runner)}/live", live_told(number), 0)
                self.alerts.add((runner, number))
                self.live.add((runner, number))
        for each in sent:
            each.wait_for_publish(60)

    def sum_up(self) -> None:
        for runner in RUNNERS:
            topic = f"{root(runner)}/session/{SESSION}/summary"
            self._client.publish(topic, summary_told(), 1, retain=True).wait_for_publish(60)

    def say(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, 1).wait_for_publish(60)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def devices(mosquitto: Mosquitto) -> Iterator[Devices]:
    made = Devices(mosquitto.port)
    yield made
    made.close()


@pytest.fixture
def workers(mosquitto: Mosquitto, database: str, tmp_path: Path) -> Iterator[list[Worker]]:
    """Two of them that listen."""
    made = [Worker(name, mosquitto.url, database, tmp_path) for name in ("1", "2")]
    for worker in made:
        worker.wait_listening()
    yield made
    for worker in made:
        worker.kill()


def kept(archive: Archive, table: object = ALERTS) -> list[tuple[str, int]]:
    with archive.transaction() as connection:
        return [tuple(row) for row in connection.execute(select(table.c.runner, table.c.seq)).all()]  # type: ignore[attr-defined]


def test_two_workers_one_killed_and_the_database_away_in_between(
    request: pytest.FixtureRequest,
    database: str,
    archive: Archive,
    devices: Devices,
    workers: list[Worker],
) -> None:
    devices.tell(1, 30)
    wait_until(lambda: len(kept(archive)) > 20, "the first alerts", 60)
    workers[1].kill()
    devices.tell(31, 60)
    if archive.engine.dialect.name == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        server.stop(signal.SIGQUIT)  # as a crash does: it recovers from its log
        devices.tell(61, 90)
        workers[0].wait_word("Waiting for it")
        server.start()
    else:
        with sqlite3.connect(database, isolation_level=None, timeout=60) as other:
            other.execute("BEGIN EXCLUSIVE")
            devices.tell(61, 90)
            other.execute("ROLLBACK")
        other.close()
    workers[1].start()  # as systemd does
    workers[1].wait_listening()
    devices.tell(91, 120)
    devices.sum_up()
    wait_until(lambda: len(kept(archive, SUMMARIES)) == len(RUNNERS), "the summaries", 60)
    wait_until(lambda: len(set(kept(archive))) == len(devices.alerts), "all alerts", 60)
    logs = [worker.stop() for worker in workers]
    assert all("Traceback" not in log for log in logs), logs
    assert all("Collected: " in log for log in logs), logs
    there = kept(archive)
    assert len(there) == len(set(there)), "something is double"
    assert set(there) == devices.alerts
    live = kept(archive, LIVE)
    assert len(live) == len(set(live)), "something is double"
    assert set(live) <= devices.live
    assert not kept_strays(archive)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_that_is_frozen_is_waited_for_and_a_worker_ends_all_the_same(
    postgres: Postgres, archive: Archive, devices: Devices, workers: list[Worker]
) -> None:
    devices.tell(1, 10)
    wait_until(lambda: set(kept(archive)) == devices.alerts, "the first alerts", 60)
    postgres.freeze()
    try:
        devices.tell(11, 40)
        for worker in workers:
            worker.wait_word("cannot be used: no answer")
        assert "Waiting for it" in workers[1].stop()
        devices.tell(41, 50)
    finally:
        postgres.thaw()
    workers[0].wait_word("can be used again")
    workers[1].start()
    devices.sum_up()
    wait_until(lambda: set(kept(archive)) == devices.alerts, "all alerts", 120)
    wait_until(lambda: len(kept(archive, SUMMARIES)) == len(RUNNERS), "the summaries", 60)
    assert len(kept(archive)) == len(devices.alerts), "something is double"
    assert "Traceback" not in "".join(worker.stop() for worker in workers)


def kept_strays(archive: Archive) -> list[str]:
    with archive.transaction() as connection:
        return list(connection.execute(select(REJECTED.c.reason)).scalars())


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_two_workers_share_the_messages_and_bad_ones_stop_nobody(
    archive: Archive, devices: Devices, workers: list[Worker]
) -> None:
    devices.say(f"{root()}/alert", b"\x00 rubbish")
    devices.say(f"{root()}/session/x/summary", b"{}")
    devices.tell(1, 20)
    wait_until(lambda: set(kept(archive)) == devices.alerts, "all alerts", 60)
    wait_until(lambda: set(kept(archive, LIVE)) == devices.live, "all live rows", 60)
    shares = [int(worker.stop().partition("Collected: ")[2].split()[0]) for worker in workers]
    assert min(shares) > 0, "one worker got nothing"
    assert sum(shares) == len(devices.alerts)
    assert len(kept_strays(archive)) == 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_broker_that_restarts_and_a_worker_that_was_away_cost_nothing(
    mosquitto: Mosquitto, archive: Archive, devices: Devices, database: str, tmp_path: Path
) -> None:
    worker = Worker("1", mosquitto.url, database, tmp_path)
    worker.wait_listening()
    worker.kill()
    devices.tell(1, 20)  # it waits at the broker
    devices.close()
    mosquitto.stop()
    mosquitto.start()
    worker.start()
    wait_until(lambda: set(kept(archive)) == devices.alerts, "all alerts", 60)
    assert "Traceback" not in worker.stop()


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("broker", ["NATS, 3 nodes", "RabbitMQ, 3 nodes"])
def test_at_a_cluster_that_shares_nothing_each_worker_gets_everything_and_it_is_kept_once(
    broker: str, tmp_path: Path
) -> None:
    """Devices at node 0, a worker each at nodes 1 and 2; the one worker is killed, and so is the other's node."""
    database = str(tmp_path / "archive.db")
    archive = Archive(database)
    with BROKERS[broker](tmp_path / "brokers") as nodes, ExitStack() as at_the_end:
        workers = [Worker(str(node), nodes.url(node), database, tmp_path) for node in (1, 2)]
        for worker in workers:
            at_the_end.callback(worker.kill)
            worker.wait_listening()
            assert "cannot share a subscription among workers" in worker.log
        devices = Devices(nodes.ports[0])
        devices.tell(1, 10)
        wait_until(lambda: set(kept(archive)) == devices.alerts, "the first alerts", 120)
        workers[0].kill()
        devices.tell(11, 20)
        wait_until(lambda: set(kept(archive)) == devices.alerts, "alerts by the other worker", 120)
        workers[0].start()
        workers[0].wait_listening()
        nodes.kill_node(2)
        devices.tell(21, 30)
        devices.sum_up()
        wait_until(lambda: set(kept(archive)) == devices.alerts, "all alerts", 120)
        wait_until(lambda: len(kept(archive, SUMMARIES)) == len(RUNNERS), "the summaries", 60)
        devices.close()
        assert "Traceback" not in "".join(worker.stop() for worker in workers)
    assert len(kept(archive)) == len(devices.alerts), "something is double"
    assert not kept_strays(archive)
    archive.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_two_workers_of_one_name_are_told_and_nothing_is_lost(
    mosquitto: Mosquitto, archive: Archive, devices: Devices, database: str, tmp_path: Path
) -> None:
    folders = tmp_path / "one", tmp_path / "two"
    for folder in folders:
        folder.mkdir()
    twins = [Worker("1", mosquitto.url, database, folder) for folder in folders]
    told = "another worker has our name; give each its own --worker"
    wait_until(lambda: any(told in twin.log for twin in twins), "the word about it", 60)
    devices.tell(1, 10)
    wait_until(lambda: set(kept(archive)) == devices.alerts, "all alerts", 60)
    assert all("Traceback" not in twin.stop() for twin in twins)


def test_a_database_that_is_not_there_ends_a_worker_before_it_has_taken_anything(
    mosquitto: Mosquitto, postgres: Postgres, tmp_path: Path
) -> None:
    absent = postgres.new_database() + "_not"
    worker = Worker("1", mosquitto.url, absent, tmp_path)
    assert worker.process.wait(60) == 2
    assert worker.log.count("\n") == 2, worker.log
    assert "does not exist; create it (createdb), or name another" in worker.log
    assert "as backbeat-collect" not in mosquitto.log


def test_without_the_packages_and_with_a_bad_topic_it_is_one_sentence(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "backbeat", "collect", "--mqtt", "mqtt://127.0.0.1:1"]
    bad = subprocess.run([*words, "--below", "#"], capture_output=True, text=True, timeout=60)
    assert (bad.returncode, bad.stderr.count("\n")) == (2, 1)
    (tmp_path / "sqlalchemy.py").write_text("raise ModuleNotFoundError('no', name='sqlalchemy')\n")
    without = subprocess.run(
        words, capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": str(tmp_path)}
    )
    assert without.returncode == 2
    assert "pip install 'backbeat[collect]'" in without.stderr
