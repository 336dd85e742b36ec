"""The archive: rows a second of one worker's database, bytes a row, and a worker from broker to database.

Run: make bench ARGS=tests/benchmarks/bench_collect.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import func, select, text

from backbeat.collect.archive import Archive
from backbeat.collect.collector import BATCH
from backbeat.collect.messages import Row, read
from backbeat.collect.tables import ALERTS, METADATA
from rigs.mosquitto import Mosquitto
from rigs.postgres import Postgres
from rigs.reader import wait_until
from rigs.told import SESSION, alert_told, live_told, root, summary_told

START = datetime(2026, 5, 1, 7, tzinfo=UTC)
RUNNERS = [f"runner-{number:04d}" for number in range(100)]
ROWS = 20_000
MESSAGES = 5_000
FIGURES = {
    "contact_time_ms": 238.4,
    "flight_time_ms": 121.7,
    "impact_peak_g": 2.913,
    "impact_left_g": 2.88,
    "impact_right_g": 2.95,
    "peak_force_bw": 2.51,
    "vertical_oscillation_cm": 7.93,
    "impact_symmetry_pct": 2.4,
    "contact_time_symmetry_pct": -0.8,
    "step_time_symmetry_pct": 0.3,
    "signal_quality": 1.0,
    "battery_pct": 87.0,
    "speed_m_s": 3.1,
    "session_s": 1234.5,
}


def live(number: int) -> tuple[str, bytes]:
    """The message of a runner in a second: all run at the same time."""
    runner, second = RUNNERS[number % len(RUNNERS)], number // len(RUNNERS)
    moment = f"{START + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.000Z"
    return f"{root(runner)}/live", live_told(second + 1, utc=moment, steps=second * 3, **FIGURES)


def alert(number: int) -> tuple[str, bytes]:
    return f"{root(RUNNERS[number % len(RUNNERS)])}/alert", alert_told(number // len(RUNNERS) + 1)


def summary(number: int) -> tuple[str, bytes]:
    return f"{root(RUNNERS[number % len(RUNNERS)])}/session/{SESSION}-{number}/summary", summary_told(
        f"{SESSION}-{number}"
    )


@pytest.mark.parametrize(("make", "count"), [(live, ROWS), (alert, ROWS // 4), (summary, ROWS // 20)])
def bench_rows(
    database: str,
    postgres: Postgres,
    make: Callable[[int], tuple[str, bytes]],
    count: int,
    figure: Callable[[str], None],
) -> None:
    """From payloads to rows in batches as a worker does it, and what they take on the disk with their keys."""
    archive = Archive(database)
    archive.store([], [], START)
    before = size(archive)
    messages = [make(number) for number in range(count)]
    server, cpu, wall = postgres.cpu_s, time.process_time(), time.perf_counter()
    for first in range(0, count, BATCH):
        rows = [read(*message) for message in messages[first : first + BATCH]]
        archive.store([row for row in rows if isinstance(row, Row)], [], START)
    wall, cpu, server = time.perf_counter() - wall, time.process_time() - cpu, postgres.cpu_s - server
    payload = sum(len(body) for _, body in messages) / count
    figure(
        f"{archive.engine.dialect.name:10} {make.__name__:8} {count / wall:7.0f} rows a second, "
        f"{1e3 * cpu / count:.3f} ms CPU of the worker each, {1e3 * server / count:.3f} of PostgreSQL; "
        f"{(size(archive) - before) / count:5.0f} bytes a row with its keys (payload {payload:.0f})"
    )
    archive.close()


def size(archive: Archive) -> int:
    """Bytes of all tables and indexes."""
    with archive.transaction() as connection:
        if archive.engine.dialect.name == "sqlite":
            return int(
                connection.execute(
                    text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
                ).scalar_one()
            )
        return sum(
            connection.execute(select(func.pg_total_relation_size(table.name))).scalar_one()
            for table in METADATA.tables.values()
        )


def bench_from_broker_to_database(
    mosquitto: Mosquitto, database: str, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """One worker, QoS 1, as fast as it goes: what waits at the broker when it starts."""
    log = tmp_path / "worker.log"
    words = ["collect", "--mqtt", mosquitto.url, "--database", database]
    archive = Archive(database)

    def count() -> int:
        with archive.transaction() as connection:
            return int(connection.execute(select(func.count()).select_from(ALERTS)).scalar_one())

    def worker() -> subprocess.Popen[bytes]:
        with log.open("wb") as out:
            return subprocess.Popen([sys.executable, "-m", "backbeat", *words], stdout=out, stderr=out)

    first = worker()
    wait_until(lambda: "Listening" in log.read_text(), "it listens", 60)
    first.terminate()
    first.wait(60)
    publisher = Client(CallbackAPIVersion.VERSION2)
    publisher.max_inflight_messages_set(1000)
    publisher.connect("127.0.0.1", mosquitto.port)
    publisher.loop_start()
    for sent in [publisher.publish(*alert(number), 1) for number in range(MESSAGES)]:
        sent.wait_for_publish(60)
    publisher.disconnect()
    publisher.loop_stop()
    second = worker()
    wait_until(lambda: count() > 0, "the first", 60)
    before, start = count(), time.perf_counter()
    wait_until(lambda: count() == MESSAGES, f"{count()} of {MESSAGES}", 120)
    seconds = time.perf_counter() - start
    rss = resident_mb(second.pid)
    second.terminate()
    second.wait(60)
    figure(
        f"{archive.engine.dialect.name:10} broker to database, QoS 1, one worker: {(MESSAGES - before) / seconds:.0f} "
        f"messages a second, {rss:.0f} MB resident"
    )
    archive.close()


def resident_mb(process: int) -> float:
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
