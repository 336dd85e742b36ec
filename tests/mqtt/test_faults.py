"""Brokers that are killed, restarted, frozen, refuse or forget: nothing that counts is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backbeat.mqtt import courier, delivery
from backbeat.mqtt.outbox import Outbox
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttError, MqttSettings
from rigs.doomed_run import run_and_kill
from rigs.mosquitto import Mosquitto
from rigs.reader import Reader, wait_until
from rigs.runs import INFO, alert, ended, readings, started, summary

ROOT = "backbeat/v1/home/runner"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "FIRST_PAUSE_S", 0.1)
    monkeypatch.setattr(courier, "LONGEST_PAUSE_S", 0.5)


@pytest.fixture
def reports() -> list[str]:
    return []


@pytest.fixture
def run(mosquitto: Mosquitto, tmp_path: Path, reports: list[str]) -> Iterator[Publisher]:
    """A run in a session, with an outbox on disk, and a broker that has seen it."""
    settings = MqttSettings.from_url(mosquitto.url)
    made = Publisher(settings, INFO, outbox=tmp_path / "outbox.db", report=reports.append)
    made.wait_connected()
    made.take(readings(0, 1), [started(0.0)])
    yield made
    made.finish([])


def numbers(reader: Reader) -> list[int]:
    """Of the alerts, each once, in the order in which they came first."""
    return list(dict.fromkeys(got.json["seq"] for got in reader.on("/alert")))


@pytest.mark.parametrize("kept", [True, False], ids=["its disk kept", "its disk lost"])
def test_a_broker_killed_and_restarted_gets_everything_in_order(
    mosquitto: Mosquitto, run: Publisher, reports: list[str], kept: bool
) -> None:
    run.take(readings(90, 1), [alert(90.5)])
    with Reader(mosquitto.port, lasting=True) as reader:
        reader.wait_for("/alerts")
    mosquitto.kill()
    if not kept:
        mosquitto.lose_state()
    wait_until(lambda: bool(reports), "the report of the loss")
    for second in range(100, 120):
        run.take(readings(second, 1), [alert(second + 0.5)])
    mosquitto.start()
    with Reader(mosquitto.port) as late:
        wait_until(lambda: bool(late.on("/alerts")) and late.on("/alerts")[-1].json["alerts"][-1]["seq"] == 21, "all")
        assert [a["seq"] for a in late.on("/alerts")[-1].json["alerts"]] == list(range(1, 22))
        late.wait_for("/status")
        late.wait_for("/info")
    assert reports == [
        f"The broker 127.0.0.1:{mosquitto.port} cannot be reached: the connection broke.",
        *([reports[1]] if "refused" in reports[1] else []),
        f"The broker 127.0.0.1:{mosquitto.port} can be reached again.",
    ]


def test_an_outage_costs_nothing_but_live(mosquitto: Mosquitto, run: Publisher, reports: list[str]) -> None:
    with Reader(mosquitto.port, client_id="before") as reader:
        reader.wait_for("/status")
    mosquitto.stop()
    wait_until(lambda: bool(reports), "the report of the loss")
    for second in range(100, 3700):  # an hour of simulated time
        run.take(readings(second, 1, rate=1.0), [alert(second + 0.5)] if second % 60 == 0 else [])
    run.take(readings(3700, 1), [ended(3700.0), summary(3700.0)])
    mosquitto.start()
    with Reader(mosquitto.port) as reader:
        reader.wait_for("/session/last")
        wait_until(lambda: bool(reader.on("/alerts")), "the list")
        run.take(readings(3702, 1, rate=1.0), [])
        wait_until(lambda: [g.json["time"] for g in reader.on("/live")][-1:] == [3702.0], "the present state")
        assert len(reader.on("/alerts")[-1].json["alerts"]) == 59 + 1
        assert not [got for got in reader.on("/live") if 101 < got.json["time"] < 3700]


def test_a_frozen_broker_is_given_up_and_gets_everything_when_it_thaws(
    mosquitto: Mosquitto, run: Publisher, reports: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "ACKNOWLEDGE_PATIENCE_S", 1.0)
    monkeypatch.setattr(courier, "CONNECT_PATIENCE_S", 1.0)
    with Reader(mosquitto.port) as reader:
        run.take(readings(90, 1), [alert(90.5)])
        reader.wait_for("/alert")
        mosquitto.freeze()
        for second in range(100, 110):
            run.take(readings(second, 1), [alert(second + 0.5)])
        wait_until(lambda: any("acknowledges nothing" in text for text in reports), "the report")
        mosquitto.thaw()
        wait_until(lambda: numbers(reader) == list(range(1, 12)), f"all alerts, {numbers(reader)} came")


def test_a_run_never_waits_for_a_broker_that_is_frozen_or_gone(
    mosquitto: Mosquitto, run: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(run._courier.worker, "settle", waits.append)
    mosquitto.freeze()
    for second in range(100, 200):
        run.take(readings(second, 1), [alert(second + 0.5)])
    mosquitto.thaw()
    assert len(waits) == 100
    assert max(waits) <= 0.5


def test_a_killed_run_s_alerts_are_sent_by_the_next(mosquitto: Mosquitto, tmp_path: Path) -> None:
    mosquitto.kill()
    settings, path = MqttSettings.from_url(mosquitto.url), tmp_path / "outbox.db"
    run_and_kill(mosquitto.url, path, met=False)
    mosquitto.start()
    with Reader(mosquitto.port) as reader:
        following = Publisher(settings, INFO, outbox=path, report=lambda _: None)
        following.take(readings(0, 1), [started(0.0), alert(200.0)])
        reader.wait_for("/session/last")
        wait_until(lambda: numbers(reader) == [1, 2, 3], "all alerts in order")
        following.finish([])


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_a_wrong_password_is_one_clear_message_and_not_tried_blindly(
    mosquitto_program: str, tmp_path: Path, version: str
) -> None:
    users = tmp_path / "users"
    users.write_text("anna:$7$101$AAAAAAAAAAAAAAAA$AAAA\n")
    users.chmod(0o600)
    secret = tmp_path / "secret"
    secret.write_text("wrong\n")
    secret.chmod(0o600)
    lines = ["allow_anonymous false", f"password_file {users}"]
    reports: list[str] = []
    with Mosquitto(mosquitto_program, tmp_path / "mosquitto", lines=lines) as broker:
        url = f"mqtt://anna@127.0.0.1:{broker.port}?password_file={secret}&version={version}"
        run = Publisher(MqttSettings.from_url(url), INFO, report=reports.append)
        with pytest.raises(MqttError, match=r"lets only authorised users in; check user, password"):
            run.wait_connected()
        wait_until(lambda: "not authorised" in broker.log, "the refusal")
        assert broker.log.count("not authorised") == 1
    assert reports == []  # the error is the one message


def test_a_denied_alert_is_one_clear_message_and_the_rest_goes_on(mosquitto_program: str, tmp_path: Path) -> None:
    access = tmp_path / "access"
    access.write_text(f"topic readwrite {ROOT}/live\ntopic readwrite {ROOT}/status\ntopic read #\n")
    reports: list[str] = []
    with (
        Mosquitto(mosquitto_program, tmp_path / "mosquitto", lines=[f"acl_file {access}"]) as broker,
        Reader(broker.port) as reader,
    ):
        path = tmp_path / "outbox.db"
        run = Publisher(MqttSettings.from_url(broker.url), INFO, outbox=path, report=reports.append)
        run.wait_connected()
        run.take(readings(0, 1), [alert(0.5), alert(0.6)])
        wait_until(lambda: bool(reports), "the report")
        run.take(readings(1, 1), [])
        wait_until(lambda: reader.on("/live")[-1:] != [] and reader.on("/live")[-1].json["time"] == 1.0, "live")
        run.finish([])
    assert reports == [
        f"The broker 127.0.0.1:{broker.port} refused {ROOT}/alert: this user may not write there; "
        "give it the right in the broker's access list."
    ]
    outbox = Outbox(path, report=print)
    assert [message.seq for message in outbox.waiting(0, 10)] == [1, 2]  # kept for the next start
    outbox.close()


def test_a_message_too_large_for_the_broker_is_one_clear_message(mosquitto_program: str, tmp_path: Path) -> None:
    reports: list[str] = []
    with (
        Mosquitto(mosquitto_program, tmp_path / "mosquitto", lines=["max_packet_size 3000"]) as broker,
        Reader(broker.port, f"{ROOT}/alert") as reader,
    ):
        run = Publisher(MqttSettings.from_url(broker.url), INFO, report=reports.append)
        run.wait_connected()
        run.take(readings(0, 1), [alert(0.5, evidence="e" * 5000), alert(0.6)])
        assert reader.wait_for("/alert")[0].json["seq"] == 2
        run.finish([])
    assert reports == [
        f"The broker 127.0.0.1:{broker.port} refused {ROOT}/alert: it is larger than the broker takes; "
        "raise the broker's limit."
    ]


def test_two_devices_with_the_same_name_are_told(
    mosquitto: Mosquitto, run: Publisher, reports: list[str], tmp_path: Path
) -> None:
    other = Publisher(MqttSettings.from_url(mosquitto.url), INFO, outbox=tmp_path / "other.db", report=lambda _: None)
    other.wait_connected()
    wait_until(lambda: any("another device has the same team and runner" in text for text in reports), "the report")
    other.finish([])
