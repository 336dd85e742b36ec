"""A deleted session leaves the broker too."""

from __future__ import annotations

from pathlib import Path

import pytest

from backbeat.mqtt import MqttError, MqttSettings, Publisher
from backbeat.mqtt.forget import forget_session
from backbeat.mqtt.outbox import Outbox
from rigs.mosquitto import Mosquitto, free_port
from rigs.reader import Reader
from rigs.runs import INFO, alert, ended, readings, started, summary


def run(settings: MqttSettings, outbox: Path, session: str) -> None:
    publisher = Publisher(settings, INFO, outbox=outbox, report=print)
    publisher.wait_connected()
    publisher.take(readings(0, 1), [started(0.0, session), alert(90.0)])
    publisher.finish([ended(120.0, session), summary(120.0, session)])


def retained(broker: Mosquitto) -> set[str]:
    with Reader(broker.port, "backbeat/#") as reader:
        reader.wait_for("/status")
        reader.publish("backbeat/asked", "now")
        reader.wait_for("/asked")
        return {got.topic.removeprefix("backbeat/v1/home/runner/") for got in reader.got if got.retain}


def test_only_what_is_of_the_session_is_cleared(mosquitto: Mosquitto, tmp_path: Path) -> None:
    settings, outbox = MqttSettings.from_url(mosquitto.url), tmp_path / "outbox.db"
    run(settings, outbox, "one")
    run(settings, outbox, "two")
    others = {"status", "info", "live", "session/two/alerts", "session/two/summary"}
    assert retained(mosquitto) == others | {"session/last", "session/one/alerts", "session/one/summary"}
    forget_session(settings, "one", outbox)
    assert retained(mosquitto) == others | {"session/last"}
    left = Outbox(outbox, report=print)
    assert left.find("backbeat/v1/home/runner/alert", "one", 1, 9, 9) == []
    assert len(left.find("backbeat/v1/home/runner/alert", "two", 1, 9, 9)) == 1
    left.close()
    forget_session(settings, "two")
    assert retained(mosquitto) == {"status", "info", "live"}


def test_a_broker_that_is_not_there_is_told() -> None:
    with pytest.raises(MqttError, match="cannot be reached: Connection refused"):
        forget_session(MqttSettings.from_url(f"mqtt://127.0.0.1:{free_port()}"), "one")
