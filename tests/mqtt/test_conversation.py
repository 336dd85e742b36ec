"""Commands, acknowledgements, phones and Home Assistant, by a real Mosquitto."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from backbeat.asked import say_who, write_report
from backbeat.events import Alert
from backbeat.inbox import Inbox, WithInbox
from backbeat.mqtt.commands import Identify, Report
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttSettings
from backbeat.samples import Context, Samples
from rigs.kept import keep
from rigs.mosquitto import Mosquitto
from rigs.reader import Reader, wait_until
from rigs.runs import INFO, a_run, alert, readings, started
from rigs.steps import Runner

SESSION = "20250615-151000"


def publisher(broker: Mosquitto, query: str = "", **more: Any) -> Publisher:
    made = Publisher(MqttSettings.from_url(f"{broker.url}?{query}"), INFO, report=print, **more)
    made.wait_connected()
    return made


@pytest.fixture
def reader(mosquitto: Mosquitto) -> Iterator[Reader]:
    with Reader(mosquitto.port, "#", mqtt5=True) as subscribed:
        yield subscribed


def test_a_reader_that_saw_a_gap_gets_the_same_alerts_again(mosquitto: Mosquitto, reader: Reader) -> None:
    run = publisher(mosquitto)
    run.take(readings(0, 1), [started(0.0), *(alert(90.0 + i) for i in range(5))])
    first = [got.payload for got in reader.wait_for("/alert", 5)]
    correlation = Properties(PacketTypes.PUBLISH)
    correlation.CorrelationData = b"\x00\x01"
    request = {"id": "q1", "session": SESSION, "first": 2, "last": 9}
    reader.publish("backbeat/v1/home/runner/cmd/resend", json.dumps(request), properties=correlation)
    (reply,) = reader.wait_for("/reply/resend")
    assert reply.properties.CorrelationData == b"\x00\x01"
    assert (reply.json["ok"], reply.json["id"]) == (True, "q1")
    assert reply.json["result"] == {"resent": [2, 3, 4, 5], "missing": [6, 7, 8, 9]}
    again = [got.payload for got in reader.wait_for("/alert", 9)[5:]]
    assert again == first[1:]
    run.finish([])


def test_a_coach_s_acknowledgement_stands_in_the_session_s_list(mosquitto: Mosquitto, reader: Reader) -> None:
    run = publisher(mosquitto)
    run.take(readings(0, 1), [started(0.0), alert(90.0), alert(91.0, "contact_time_long")])
    reader.wait_for("/alert", 2)
    reader.publish("backbeat/v1/home/runner/cmd/ack", json.dumps({"session": SESSION, "seq": 1, "by": "Jo"}))
    assert reader.wait_for("/reply/ack")[0].json["ok"] is True
    wait_until(lambda: "acknowledged_by" in reader.on("/alerts")[-1].json["alerts"][0], "the list")
    one, other = reader.on("/alerts")[-1].json["alerts"]
    assert (one["acknowledged_by"], one["acknowledged_utc"][:2]) == ("Jo", "20")
    assert "acknowledged_by" not in other
    run.finish([])


class TwoSeconds:
    """A source that gives readings for as long as it is let, to be spoken to in between."""

    info = INFO

    def __init__(self, between: Any) -> None:
        self._between = between

    def __iter__(self) -> Iterator[Samples | Context]:
        yield readings(0, 1)
        self._between()
        yield readings(1, 1)

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def test_what_is_commanded_reaches_the_run_at_its_present_time(mosquitto: Mosquitto, reader: Reader) -> None:
    inbox = Inbox()
    run = publisher(mosquitto, "commands=note,speed&owntracks=owntracks/sam/phone", tell=inbox.put)

    reader.wait_for("/status")  # it comes after the subscriptions

    def speak() -> None:
        reader.publish("backbeat/v1/home/runner/cmd/note", json.dumps({"about": "pain", "value": 3, "when": "during"}))
        reader.publish("backbeat/v1/home/runner/cmd/shoe", json.dumps({"shoe": "blue"}))
        phone = {"_type": "location", "tst": 1_750_000_000, "lat": 48.0, "lon": 11.0, "vel": 9}
        reader.publish("owntracks/sam/phone", json.dumps(phone))
        wait_until(lambda: len(inbox._waiting.queue) == 2, "note and speed")

    contexts = [block for block in WithInbox(TwoSeconds(speak), inbox) if isinstance(block, Context)]
    assert contexts == [
        Context(1.99, "pain", {"value": 3, "when": "during", "text": ""}),
        Context(1.99, "speed_m_s", 2.5),
    ]
    assert reader.wait_for("/reply/shoe")[0].json["error"].startswith("This command is off")
    assert reader.on("/info")[0].json["commands"] == ["ack", "note", "resend", "speed"]
    run.finish([])


def test_home_assistant_finds_the_runner_and_loses_it_again(
    mosquitto: Mosquitto, reader: Reader, tmp_path: Any
) -> None:
    topic = "homeassistant/device/backbeat-home-runner/config"
    outbox = tmp_path / "outbox.db"
    run = publisher(mosquitto, "homeassistant=yes&runner_name=Sam", outbox=outbox)
    for second, events in enumerate(a_run()):
        run.take(readings(second, 1.0), events)
    config = reader.wait_for("/config")[0]
    assert (config.topic, config.qos) == (topic, 1)
    body = config.json
    assert body["dev"]["name"] == "Backbeat Sam"
    live, event = reader.wait_for("/live")[0].json, reader.wait_for("/alert")[0].json
    for name, entity in body["cmps"].items():
        assert {"p", "unique_id", "state_topic", "value_template"} <= entity.keys()
        told = event if entity["state_topic"].endswith("/alert") else live
        for field in entity["value_template"].split("value_json.")[1:]:
            field = field.split()[0].split("[")[0].strip(",)}")
            assert field in told, (name, field)
    assert {f"backbeat/v1/home/runner/{t}" for t in ("live", "alert")} == {
        entity["state_topic"] for entity in body["cmps"].values()
    }
    reader.publish("homeassistant/status", "online")
    assert reader.wait_for("/config", 2)[1].payload == config.payload
    run.finish([])
    publisher(mosquitto, "", outbox=outbox).finish([])  # turned off: it is taken away
    wait_until(lambda: any(got.topic == topic and not got.payload for got in list(reader.got)), "the removal")


def test_the_list_of_alerts_is_bounded(mosquitto: Mosquitto, reader: Reader) -> None:
    run = publisher(mosquitto)
    long = [alert(90.0 + i, evidence="e" * 1000) for i in range(100)]
    run.take(readings(0, 1), [started(0.0)])
    for each in long:
        assert isinstance(each, Alert)
        run.take(readings(each.known_at, 0.1), [each])
    reader.wait_for("/alert", 100)
    wait_until(lambda: reader.on("/alerts")[-1].json["alerts"][-1]["seq"] == 100, "the last list")
    last = reader.on("/alerts")[-1]
    assert len(last.payload) < 66_000
    assert last.json["dropped"] + len(last.json["alerts"]) == 100
    run.finish([])


def test_a_page_and_a_sign_of_life_are_asked_for_by_mqtt(mosquitto: Mosquitto, reader: Reader, tmp_path: Path) -> None:
    history, said = tmp_path / "sam.sqlite", list[str]()
    keep(history, "20251009-085320", Runner(seconds=120), 0.0)
    asked = {Report: write_report(history, tmp_path / "pages"), Identify: say_who("sam", said.append)}
    run = publisher(mosquitto, "commands=report,identify", handlers=asked)
    run.take(readings(0, 1), [started(0.0)])
    reader.wait_for("/status")  # it comes after the subscriptions; what is asked before is lost
    reader.publish("backbeat/v1/home/runner/cmd/report", json.dumps({"id": "r1"}))
    reader.publish("backbeat/v1/home/runner/cmd/identify", json.dumps({"id": "i1"}))
    page, shown = reader.wait_for("/reply/report")[0].json, reader.wait_for("/reply/identify")[0].json
    assert (page["ok"], page["id"], page["result"]["session"]) == (True, "r1", "20251009-085320")
    assert (tmp_path / "pages" / "20251009-085320.html").stat().st_size > 10_000
    assert page["result"]["file"] == str(tmp_path / "pages" / "20251009-085320.html")
    assert page["result"]["summary"]["kind"] == "summary"
    assert (shown["ok"], shown["id"], len(said)) == (True, "i1", 1)
    run.finish([])
