"""A deleted session leaves the broker too."""

from __future__ import annotations

from pathlib import Path

import pytest

from backbeat.cli import main
from backbeat.cli.run import outbox_file
from backbeat.event_json import as_json
from backbeat.history.place import runner_file
from backbeat.history.store import History
from backbeat.mqtt.forget import forget_session
from backbeat.mqtt.outbox import Outbox
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttError, MqttSettings
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


def test_deleting_from_the_history_clears_the_broker(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("BACKBEAT_DATA", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    settings = MqttSettings.from_url(mosquitto.url)
    run(settings, outbox_file(settings), "one")
    with History(runner_file()) as history:
        history.begin("one", 1_750_000_000.0, "sacrum", "simulated")
        history.finish("one", as_json(summary(120.0, "one")))
    with pytest.raises(SystemExit, match="0"):
        main(["history", "delete", "one", "--yes", "--mqtt", mosquitto.url])
    assert "no longer shows it" in capsys.readouterr().out
    assert retained(mosquitto) == {"status", "info", "live"}
