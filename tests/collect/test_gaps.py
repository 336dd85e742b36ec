"""Alerts that never came are asked for, and what the broker retains is read once."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from backbeat.collect import collector, gaps, subscription
from backbeat.collect.archive import Archive
from backbeat.collect.collector import Collector
from backbeat.collect.gaps import Hole, answered, claim, holes
from backbeat.collect.messages import Rejected, Row, read
from backbeat.collect.search import Search
from backbeat.collect.subscription import Arrived, Subscription
from backbeat.collect.tables import ALERTS, ASKED, SUMMARIES
from backbeat.collect.wanted import wanted
from backbeat.mqtt.embedded import EmbeddedBroker
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttSettings
from rigs.mosquitto import Mosquitto
from rigs.reader import Reader, wait_until
from rigs.runs import INFO, alert, ended, readings, started, summary
from rigs.told import SESSION, alert_told, root

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
TOPIC = f"{root()}/alert"
PREFIX = "backbeat/v1/home/+"


def keep(archive: Archive, *numbers: int, session: str = SESSION) -> None:
    rows = [read(TOPIC, alert_told(number, session)) for number in numbers]
    archive.store([row for row in rows if isinstance(row, Row)], [], NOW)


def found(archive: Archive, now: datetime = LATER) -> list[Hole]:
    with archive.transaction() as connection:
        return holes(connection, TOPIC, now)


def test_holes_are_what_is_missing_between_what_is_there(archive: Archive) -> None:
    keep(archive, 3, 4, 7, 10, 11)
    assert found(archive) == [Hole(TOPIC, SESSION, 5, 6), Hole(TOPIC, SESSION, 8, 9)]


def test_between_two_sessions_a_missing_alert_may_belong_to_either(archive: Archive) -> None:
    keep(archive, 1, session="one")
    keep(archive, 3, session="two")
    assert found(archive) == [Hole(TOPIC, "one", 2, 2), Hole(TOPIC, "two", 2, 2)]


def test_what_came_just_now_is_waited_for(archive: Archive) -> None:
    keep(archive, 1, 3)
    assert found(archive, NOW + timedelta(seconds=1)) == []


def test_a_damaged_number_does_not_ask_for_millions(archive: Archive) -> None:
    keep(archive, 1, 2**52)
    asked = found(archive)
    assert sum(hole.last - hole.first + 1 for hole in asked) <= gaps.FARTHEST_BACK
    assert all(hole.last - hole.first < 200 for hole in asked)


def test_more_holes_than_a_statement_has_places_for_are_all_asked_for(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps, "_AT_ONCE", 3)
    keep(archive, *range(1, 20, 2))
    missing = found(archive)
    with archive.transaction() as connection:
        asked = claim(archive, connection, missing, LATER)
    assert sorted(question.body["first"] for question in asked) == [*range(2, 19, 2)]


def test_of_two_workers_one_asks_and_asks_again_later_and_later(archive: Archive) -> None:
    keep(archive, 1, 3)
    missing = found(archive)

    def asked(now: datetime) -> int:
        with archive.transaction() as connection:
            return len(claim(archive, connection, missing, now))

    assert [asked(LATER), asked(LATER)] == [1, 0]
    assert [asked(LATER + timedelta(minutes=minutes)) for minutes in (1, 2, 3, 6, 7)] == [0, 1, 0, 1, 0]


def test_what_the_device_no_longer_has_is_not_asked_for_again(archive: Archive) -> None:
    keep(archive, 1, 3)
    missing = found(archive)
    with archive.transaction() as connection:
        (question,) = claim(archive, connection, missing, LATER)
        identity = gaps.IDENTITY.fullmatch(str(question.body["id"]))
        assert identity is not None
        answered(connection, identity[1], [2], "")
        assert claim(archive, connection, missing, LATER + timedelta(days=3)) == []
        assert "no longer has 1" in connection.execute(select(ASKED.c.answer)).scalar_one()


def test_a_large_archive_is_searched_a_little_at_a_time_and_then_only_where_something_is_new(archive: Archive) -> None:
    topics = [f"{root(f'runner-{number:03}')}/alert" for number in range(120)]
    told = [read(topic, alert_told(seq)) for topic in topics for seq in ((1, 3) if "-1" in topic else (1, 2))]
    archive.store([each for each in told if isinstance(each, Row)], [], NOW)
    seconds, asked = [0.0], []
    search = Search(archive, lambda: seconds[0], lambda: LATER + timedelta(seconds=seconds[0]))

    def look(slowness_s: float) -> int:
        before = len(asked)
        for question in search.questions():
            asked.append(question.answered_on)
            seconds[0] += slowness_s
        return len(asked) - before

    assert look(0.4) == 3
    seconds[0] += 10
    assert look(0.0) == 17
    assert sorted(asked) == [topic for topic in topics if "-1" in topic]
    assert look(0.0) == 0
    search.new_alerts([topics[0]])
    archive.store([each for each in [read(topics[0], alert_told(4))] if isinstance(each, Row)], [], LATER)
    assert look(0.0) == 0, "what came just now was not waited for"
    seconds[0] += 12
    assert look(0.0) == 1
    assert asked[-1] == topics[0]
    seconds[0] += 120
    assert look(0.0) == 21


def test_live_messages_that_wait_for_the_database_are_few_and_not_long(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "PASSING_KEPT_BYTES", 3000)
    reports: list[str] = []
    settings = MqttSettings.from_url("mqtt://127.0.0.1:1")
    worker = Collector(settings, wanted(PREFIX, "backbeat", "1"), archive, report=reports.append)
    for number in range(10):
        worker._take(Arrived(f"{root()}/live", b"x" * 1000 + b"%d" % number, None))
    assert [payload[-1:] for _, payload in worker._passing] == [b"8", b"9"]
    assert len(reports) == 1
    assert "the oldest are dropped" in reports[0]


def test_long_messages_share_a_transaction_with_few_others(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[int] = []
    store = archive.store

    def counted(rows: Sequence[Row], rejected: Sequence[Rejected], received: datetime) -> Counter[str]:
        stored.append(len(rejected))
        return store(rows, rejected, received)

    monkeypatch.setattr(archive, "store", counted)
    monkeypatch.setattr(collector, "BATCH_BYTES", 2500)
    settings = MqttSettings.from_url("mqtt://127.0.0.1:1")
    worker = Collector(settings, wanted(PREFIX, "backbeat", "1"), archive, report=lambda _: None)
    for number in range(5):
        worker._take(Arrived(TOPIC, b"x" * 1000 + b"%d" % number, number + 1))
    worker._take(Arrived(TOPIC, b"y" * 9000, 6))
    worker._keep()
    assert stored == [2, 2, 1, 1]
    assert worker.counts["rejected"] == 6


@contextmanager
def collecting(url: str, archive: Archive, reports: list[str] | None = None) -> Iterator[Collector]:
    """A worker on a thread of its own."""
    report: Callable[[str], None] = (reports if reports is not None else []).append
    worker = Collector(MqttSettings.from_url(url), wanted(PREFIX, "backbeat", "1"), archive, report=report)
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield worker
    finally:
        worker.stop()
        thread.join(30)
        assert not thread.is_alive()


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps, "SETTLED", timedelta(seconds=0.5))
    monkeypatch.setattr(collector, "LOOK_EVERY_S", 0.2)
    monkeypatch.setattr(subscription, "ALONE_S", 1.0)


@pytest.fixture
def device(mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Publisher]:
    """A real publisher with an outbox on disk, in a session."""
    made = Publisher(MqttSettings.from_url(mosquitto.url), INFO, outbox=tmp_path / "outbox.db", report=lambda _: None)
    made.wait_connected()
    made.take(readings(0, 1), [started(0.0)])
    yield made
    made.finish([])


def numbers(archive: Archive) -> list[int]:
    with archive.transaction() as connection:
        return list(connection.execute(select(ALERTS.c.seq).order_by(ALERTS.c.seq)).scalars())


@pytest.mark.usefixtures("_at_once")
def test_what_a_lost_worker_never_kept_is_asked_of_the_device(
    mosquitto: Mosquitto, archive: Archive, device: Publisher
) -> None:
    with Reader(mosquitto.port) as reader, collecting(mosquitto.url, archive) as worker:
        wait_until(lambda: mosquitto.log.count("as backbeat-collect-backbeat-1") == 1, "the worker is there")
        lost: list[Arrived] = []
        other = Subscription(
            MqttSettings.from_url(mosquitto.url),
            wanted(PREFIX, "backbeat", "2"),
            take=lost.append,
            lost=lambda: None,
            report=lambda _: None,
            clock=lambda: 0.0,
        )  # takes its share and keeps nothing of it
        while not other.connected:
            other.step(0.1)
        wait_until(lambda: not worker._subscription._alone, "the worker has read what is retained")
        for _ in range(10):
            other.step(0.05)
        for second in range(90, 102):
            device.take(readings(second, 1), [alert(second + 0.5)])
        reader.wait_for("/alert", 12)
        for _ in range(100):
            other.step(0.02)
        taken = [message for message in lost if message.topic == f"{root('runner')}/alert"]
        assert taken, "it got no share"
        device.take(readings(110, 1), [alert(110.5), alert(110.6), alert(110.7)])  # an end to the last hole
        reader.wait_for("/reply/resend")
        wait_until(lambda: numbers(archive)[:12] == list(range(1, 13)), "all of them")


def test_what_the_broker_retains_from_before_the_first_start_is_kept(
    mosquitto: Mosquitto, archive: Archive, device: Publisher
) -> None:
    for second in range(90, 95):
        device.take(readings(second, 1), [alert(second + 0.5)])
    device.take(readings(100, 1), [ended(100.0), summary(100.0)])
    with Reader(mosquitto.port) as reader:
        reader.wait_for("/session/last")
    with collecting(mosquitto.url, archive) as worker:
        wait_until(lambda: worker.counts["summary"] == 1, "the summary")
        wait_until(lambda: numbers(archive) == [1, 2, 3, 4, 5], "the alerts of the list")
    with archive.transaction() as connection:
        assert connection.execute(select(SUMMARIES.c.session)).scalar_one() == SESSION


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_broker_that_cannot_share_is_said_and_used(archive: Archive, tmp_path: Path) -> None:
    with EmbeddedBroker(folder=tmp_path) as broker:
        reports: list[str] = []
        with (
            collecting(f"mqtt://127.0.0.1:{broker.port}", archive, reports) as worker,
            Reader(broker.port) as reader,
        ):
            wait_until(lambda: any("Listening" in told for told in reports), f"it listens: {reports}")
            for number in range(1, 21):
                reader.publish(TOPIC, alert_told(number))
            wait_until(lambda: numbers(archive) == list(range(1, 21)), "all alerts")
            assert worker.counts["alert"] == 20
    assert any("cannot share a subscription" in told for told in reports)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_answers_to_nobody_s_question_do_no_harm(mosquitto: Mosquitto, archive: Archive) -> None:
    answers = [b"", b"[]", b'{"id": 3}', b'{"id": "x-1", "ok": true, "result": {}}', json.dumps({"id": "\0"}).encode()]
    reports: list[str] = []
    with collecting(mosquitto.url, archive, reports), Reader(mosquitto.port) as reader:
        wait_until(lambda: any("Listening" in told for told in reports), f"it listens: {reports}")
        for answer in answers:
            reader.publish(f"{root()}/reply/resend", answer)
        reader.publish(TOPIC, alert_told(1))
        wait_until(lambda: numbers(archive) == [1], "the alert after them")
    assert len(reports) == 1
