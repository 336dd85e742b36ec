"""Refusals that pass and refusals that last, the last will, the kept sessions, and an end that is never late."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backbeat.mqtt import courier, delivery, link
from backbeat.mqtt.outbox import Limits
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttError, MqttSettings
from rigs.doomed_run import run_and_kill
from rigs.moody_broker import MoodyBroker
from rigs.mosquitto import Mosquitto, free_port
from rigs.reader import Reader, wait_until
from rigs.runs import INFO, alert, ended, readings, started, summary

QUOTA, UNSPECIFIED, DENIED = 0x97, 0x80, 0x87
ALERT = "backbeat/v1/home/runner/alert"


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "FIRST_PAUSE_S", 0.1)
    monkeypatch.setattr(delivery, "BUSY_PAUSE_S", 0.2)


def alerts_of(broker: MoodyBroker) -> list[int]:
    return [json.loads(payload)["seq"] for topic, payload in broker.came if topic == ALERT]


@pytest.mark.parametrize(("reason", "told"), [(QUOTA, "quota is used up"), (UNSPECIFIED, "reason 0x80")])
def test_what_is_refused_for_now_is_tried_again(reason: int, told: str, tmp_path: Path) -> None:
    reports: list[str] = []
    with MoodyBroker(lambda topic, count: reason if topic == ALERT and count in (2, 5) else 0) as broker:
        run = Publisher(MqttSettings.from_url(broker.url), INFO, outbox=tmp_path / "o.db", report=reports.append)
        run.wait_connected()
        run.take(readings(0, 1), [started(0.0), *(alert(90.0 + k) for k in range(4))])
        wait_until(lambda: set(alerts_of(broker)) == {1, 2, 3, 4}, "all four")
        run.finish([])
    assert sorted(alerts_of(broker)) == [1, 2, 3, 4]  # what was on the way with the refused one did not come again
    assert [text for text in reports if told in text and "tried again" in text] == reports  # one clear message


def test_a_subscription_that_is_refused_is_told_once_and_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "REFUSED_PAUSE_S", 0.1)
    reports: list[str] = []
    with MoodyBroker(lambda *_: 0, subscription=UNSPECIFIED) as broker:
        run = Publisher(MqttSettings.from_url(broker.url), INFO, outbox=tmp_path / "o.db", report=reports.append)
        assert run.wait_connected() is None
        run.take(readings(0, 1), [started(0.0), alert(90.0)])
        wait_until(lambda: alerts_of(broker) == [1], "what it tells is taken all the same")
        wait_until(lambda: broker.subscriptions > 3, "asked again")
        broker.subscription = 1
        wait_until(lambda: "lets us read" in reports[-1], "it is over")
        run.finish([])
    refused, over = reports
    assert "does not let us read backbeat/v1/home/runner/cmd/+ (" in refused
    assert "limit of subscriptions" in refused
    assert over.endswith("lets us read backbeat/v1/home/runner/cmd/+ now.")


def test_what_is_refused_again_and_again_holds_up_nothing(tmp_path: Path) -> None:
    """Each alert but the second is taken once, however often that one is refused."""
    refused = 0

    def mood(topic: str, count: int) -> int:
        nonlocal refused
        if topic != ALERT or json.loads(broker.present)["seq"] != 2:
            return 0
        refused += 1
        return UNSPECIFIED

    with MoodyBroker(mood) as broker:
        run = Publisher(MqttSettings.from_url(broker.url), INFO, outbox=tmp_path / "o.db", report=lambda _: None)
        run.wait_connected()
        run.take(readings(0, 1), [started(0.0), *(alert(90.0 + k) for k in range(60))])
        wait_until(lambda: len(alerts_of(broker)) >= 59 and refused >= 4, "all but one, and four attempts with it")
        run._end_patience_s = 0.2
        run.finish([])
    assert alerts_of(broker) == [1, *range(3, 61)]


def test_what_is_denied_is_told_once_and_holds_up_nothing(tmp_path: Path) -> None:
    reports: list[str] = []
    with MoodyBroker(lambda topic, count: DENIED if topic == ALERT and count == 1 else 0) as broker:
        run = Publisher(MqttSettings.from_url(broker.url), INFO, outbox=tmp_path / "o.db", report=reports.append)
        run.wait_connected()
        run.take(readings(0, 1), [started(0.0), alert(90.0), alert(91.0)])
        wait_until(lambda: alerts_of(broker) == [2], "the one that is allowed")
        run.finish([])
    assert len(reports) == 1
    assert "may not write there" in reports[0]


def test_the_last_will_waits_for_a_device_that_comes_back(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "WILL_DELAY_S", 4)
    settings = MqttSettings.from_url(f"{mosquitto.url}?version=5")
    with Reader(mosquitto.port, "#", mqtt5=True) as reader:
        run = Publisher(settings, INFO, outbox=tmp_path / "o.db", report=lambda _: None)
        run.wait_connected()
        reader.wait_for("/status")
        run._courier.worker.post(lambda: run._courier._link.abandon())
        reader.wait_for("home/runner/status", 2)  # it is back before the broker speaks for it
        run_and_kill(f"{mosquitto.url}?version=5&runner=other", tmp_path / "p.db", met=True)
        reader.publish("backbeat/marker", "lost")
        wait_until(lambda: "connection lost" in [got.json["reason"] for got in reader.on("other/status")], "the will")
        topics = [got.topic for got in reader.got]
        assert topics.index("backbeat/marker") < len(topics) - 1  # the will came later, not at once
        # the wills fall due in the order of the losses: that of the first would have come before
        assert [got.json["state"] for got in reader.on("runner/status")] == ["online", "online"]
        run.finish([])


def test_the_broker_keeps_the_last_fifty_sessions(mosquitto: Mosquitto, tmp_path: Path) -> None:
    run = Publisher(MqttSettings.from_url(mosquitto.url), INFO, outbox=tmp_path / "o.db", limits=Limits(), report=print)
    run.wait_connected()
    names = [f"s{number:02d}" for number in range(53)]
    for name in names:
        run.take(readings(0.0, 1.0), [started(0.0, name), alert(90.0)])
        run.take(readings(1.0, 1.0), [ended(100.0, name), summary(100.0, name)])
    run._end_patience_s = 30.0
    run.finish([])
    with Reader(mosquitto.port, "backbeat/#") as late:
        wait_until(lambda: len(late.on("/summary")) >= 50 and len(late.on("/session/last")) >= 1, "what is retained")
        late.publish("backbeat/marker", "end")
        late.wait_for("/marker")
        kept = {got.json["session"] for got in late.on("/summary")}
        lists = {got.json["session"] for got in late.on("/alerts")}
        assert late.on("/session/last")[-1].json["session"] == "s52"
    assert kept == lists == set(names[3:])


@pytest.mark.parametrize("query", ["", "?homie=yes"])
def test_a_broker_that_hangs_delays_the_end_by_its_patience_once(
    query: str, mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "STUCK_S", 20.0)  # of this machine
    reports: list[str] = []
    run = Publisher(
        MqttSettings.from_url(f"{mosquitto.url}{query}"),
        INFO,
        outbox=tmp_path / "o.db",
        end_patience_s=1.0,
        report=reports.append,
    )
    run.wait_connected()
    waits: list[float] = []
    for one in (run._courier, *([run._homie._courier] if run._homie else [])):
        begin = one.begin_end
        monkeypatch.setattr(one, "begin_end", lambda patience, begin=begin: (waits.append(patience), begin(patience)))
    mosquitto.freeze()
    run.take(readings(0, 1), [started(0.0), alert(90.0)])
    run.finish([])
    mosquitto.thaw()
    assert "did not take" in reports[-1]
    assert sum(waits) <= 2.5  # the two wait side by side


def test_a_broker_that_is_not_there_is_told_by_the_error_alone() -> None:
    reports: list[str] = []
    run = Publisher(MqttSettings.from_url(f"mqtt://127.0.0.1:{free_port()}"), INFO, report=reports.append)
    with pytest.raises(MqttError, match="cannot be reached"):
        run.wait_connected()
    assert reports == []
