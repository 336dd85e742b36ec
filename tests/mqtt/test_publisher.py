"""A run arrives at a second client, by a real Mosquitto."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace

import pytest

from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttError, MqttSettings
from backbeat.samples import Context
from rigs.mosquitto import Mosquitto, free_port
from rigs.reader import Reader, wait_until
from rigs.runs import INFO, a_run, ended, readings, summary

SESSION = "20250615-151000"


def publish_a_run(url: str, reports: list[str], alerts: int = 1) -> None:
    in_force = {"gait": {"up": "+z", "forward": None}}
    publisher = Publisher(MqttSettings.from_url(url), INFO, in_force=in_force, report=reports.append)
    publisher.wait_connected()
    for second, events in enumerate(a_run(alerts=alerts)):
        publisher.take(readings(second, 1.0), events)
    publisher.take(Context(119.0, "pain", {"value": 3, "when": "during"}), [])
    publisher.finish([ended(120.0), summary(120.0)])


@pytest.mark.parametrize("version", ["auto", "3.1.1"])
def test_a_run_arrives_whole_at_a_second_client(mosquitto: Mosquitto, version: str) -> None:
    reports: list[str] = []
    with Reader(mosquitto.port, "backbeat/#") as reader:
        publish_a_run(f"{mosquitto.url}?version={version}&team=red&runner=anna", reports)
        reader.wait_for("/session/last")
        wait_until(lambda: reader.on("/status")[-1].json["state"] == "offline", "the farewell")
    assert reports == []
    assert {got.topic.removeprefix("backbeat/v1/red/anna/") for got in reader.got} == {
        "status", "info", "live", "alert", "session/last",
        f"session/{SESSION}/alerts", f"session/{SESSION}/notes", f"session/{SESSION}/summary",
    }  # fmt: skip
    assert reader.on("/info")[-1].json["settings"] == {"gait": {"up": "+z", "forward": None}}
    assert len(reader.on("/live")) == 121
    live = reader.on("/live")[100].json
    assert (live["v"], live["origin"], live["session"], live["kind"]) == (1, "simulated", SESSION, "live")
    assert live["utc"] == "2025-06-15T15:08:20.000Z"
    assert (live["state"], live["cadence_spm"], live["alerts"]) == ("running", 170.0, "impact_high:right")
    (alert,) = [got.json for got in reader.on("/alert")]
    assert (alert["session"], alert["seq"], alert["value"], alert["unit"]) == (SESSION, 1, 3.9, "g")
    assert reader.on("/alerts")[-1].json["alerts"] == [alert]
    (note,) = reader.on("/notes")[-1].json["notes"]
    assert (note["about"], note["value"]) == ("pain", {"value": 3, "when": "during"})
    last = reader.on("/last")[-1].json
    assert (last["kind"], last["running_s"], last["session"]) == ("summary", 120.0, SESSION)


@pytest.mark.parametrize(("more", "kept"), [("", 1), ("&live_retained=no", 0)])
def test_who_comes_later_gets_the_last_second_where_it_is_retained(mosquitto: Mosquitto, more: str, kept: int) -> None:
    publish_a_run(f"{mosquitto.url}?team=red&runner=anna&version=3.1.1{more}", [])  # MQTT 5 lets it expire
    with Reader(mosquitto.port, "backbeat/#") as late:
        late.wait_for("/session/last")
        late.publish("backbeat/last-word", b"{}")
        late.wait_for("/last-word")  # all that was retained came before
    assert len(late.on("/live")) == kept


def test_times_of_day_are_right_once_the_network_has_set_the_clock(mosquitto: Mosquitto) -> None:
    """A Pi that starts without a network has the time of its last shutdown."""
    now = {"wall": INFO.utc_offset_s, "clock": 0.0}
    run = Publisher(
        MqttSettings.from_url(mosquitto.url),
        replace(INFO, origin="live"),
        report=print,
        wall=lambda: now["wall"],
        clock=lambda: now["clock"],
    )
    with Reader(mosquitto.port, "backbeat/#") as reader:
        run.wait_connected()
        for second in range(4):
            if second == 2:
                now["wall"] += 86_400.0
            run.take(readings(second, 1.0), [])
            reader.wait_for("/live", second + 1)
            now = {name: value + 1.0 for name, value in now.items()}
        told = [got.json["utc"] for got in reader.on("/live")[:4]]
        run.finish([])
    assert [utc[:19] for utc in told] == [
        "2025-06-15T15:06:40", "2025-06-15T15:06:41", "2025-06-16T15:06:42", "2025-06-16T15:06:43",
    ]  # fmt: skip


def test_who_comes_late_sees_what_is_retained(mosquitto: Mosquitto) -> None:
    publish_a_run(mosquitto.url, [])
    with Reader(mosquitto.port, "backbeat/#") as late:
        late.wait_for("/summary")
        wait_until(lambda: len(late.got) >= 7, "all retained messages")
    assert all(got.retain for got in late.got)
    assert late.on("/status")[0].json["reason"] == "ended"
    assert late.on("/alert") == []


def test_with_mqtt_5_a_message_says_what_it_is_and_live_expires(mosquitto: Mosquitto) -> None:
    with Reader(mosquitto.port, "backbeat/#", mqtt5=True) as reader:
        publish_a_run(mosquitto.url, [])
        reader.wait_for("/summary")
    alert, live = reader.on("/alert")[0].properties, reader.on("/live")[0].properties
    assert alert.ContentType == "application/json"
    assert alert.UserProperty == [("schema", "backbeat/alert/1")]
    assert not hasattr(alert, "MessageExpiryInterval")
    assert live.MessageExpiryInterval == 10


def test_the_last_will_tells_of_a_killed_process(mosquitto: Mosquitto) -> None:
    program = f"""
        import time
        from backbeat.mqtt.publisher import Publisher
        from backbeat.mqtt.settings import MqttSettings
        from rigs.runs import INFO
        publisher = Publisher(MqttSettings.from_url({mosquitto.url!r}), INFO, report=print)
        publisher.wait_connected()
        print("connected", flush=True)
        time.sleep(600)
    """
    with Reader(mosquitto.port, "backbeat/#") as reader:
        child = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": "tests"},
        )
        assert child.stdout
        with child.stdout:
            assert child.stdout.readline() == b"connected\n"
            reader.wait_for("/status")
            child.send_signal(signal.SIGKILL)
            child.wait()
        wait_until(lambda: reader.on("/status")[-1].json["state"] == "offline", "the last will")
    will = reader.on("/status")[-1].json
    assert (will["reason"], will["session"], will["seq"]) == ("connection lost", None, None)


def test_a_broker_that_is_not_there_is_told_in_one_sentence() -> None:
    port = free_port()
    publisher = Publisher(MqttSettings.from_url(f"mqtt://127.0.0.1:{port}"), INFO, report=lambda _: None)
    with pytest.raises(
        MqttError, match=rf"The broker 127\.0\.0\.1:{port} cannot be reached: Connection refused; start it"
    ):
        publisher.wait_connected()
