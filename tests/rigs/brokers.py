"""The brokers that Backbeat has run against, all with the same face: one Mosquitto, and clusters of three nodes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import pytest

from rigs.mosquitto import Mosquitto
from rigs.nats_cluster import NatsCluster
from rigs.rabbitmq import PROGRAMS, RabbitCluster


class OneMosquitto:
    """One Mosquitto as a cluster of one node, with persistence as `backbeat broker init` sets it up."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if program is None:
            pytest.skip("mosquitto is not installed (Debian package mosquitto)")
        self._broker = Mosquitto(program, folder)
        self.ports = [self._broker.port]

    def url(self, node: int = 0) -> str:
        return self._broker.url

    def pids(self, node: int) -> list[int]:
        return [self._broker.pid]

    def start_node(self, node: int) -> None:
        self._broker.start()

    def kill_node(self, node: int) -> None:
        self._broker.kill()

    def __enter__(self) -> Self:
        self._broker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._broker.kill()


def rabbitmq(folder: Path) -> RabbitCluster:
    """Three nodes, where Debian's programs are installed."""
    if not PROGRAMS.is_dir():
        pytest.skip("RabbitMQ is not installed (Debian package rabbitmq-server)")
    return RabbitCluster(folder)


BROKERS: dict[str, Callable[[Path], Any]] = {
    "Mosquitto": OneMosquitto,
    "NATS, 3 nodes": NatsCluster,
    "RabbitMQ, 3 nodes": rabbitmq,
}
