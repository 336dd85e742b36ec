"""Three real NATS servers with JetStream and MQTT as one cluster on loopback; nodes can be killed and come back."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from backbeat.children import die_with_parent
from rigs.mosquitto import free_port

NODES = 3
START_PATIENCE_S = 60.0

CONSUMERS = 100_000
"""Filters of all clients together that messages are kept for, each device's commands one of them. NATS 2.15 takes a
thousand unless told, and refuses the next one's subscription while it takes the connection."""

CONFIGURATION = """
server_name: n{node}
listen: 127.0.0.1:{client}
http: 127.0.0.1:{http}
jetstream {{
  store_dir: "{folder}/store{node}", max_file_store: 1GB, max_memory_store: 256MB
  limits {{ default_max_consumers: {consumers} }}
}}
mqtt {{ listen: "127.0.0.1:{mqtt}", stream_replicas: 3, ack_wait: "5s", max_ack_pending: 1000 }}
cluster {{ name: backbeat, listen: 127.0.0.1:{cluster}, routes: [{routes}] }}
"""


class NatsCluster:
    """`ports` are the nodes' MQTT ports."""

    name = "NATS JetStream, three nodes"

    def __init__(self, folder: Path, *, consumers: int = CONSUMERS) -> None:
        self._program = shutil.which("nats-server", path=str(Path(sys.executable).parent)) or "nats-server"
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        kinds = ("client", "cluster", "mqtt", "http")
        self._places = [{kind: free_port() for kind in kinds} for _ in range(NODES)]
        self.ports: Sequence[int] = [place["mqtt"] for place in self._places]
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        for node, place in enumerate(self._places):
            routes = ", ".join(
                f"nats://127.0.0.1:{each['cluster']}" for n, each in enumerate(self._places) if n != node
            )
            text = CONFIGURATION.format(node=node, folder=folder, routes=routes, consumers=consumers, **place)
            self._configuration(node).write_text(text, encoding="utf-8")

    def url(self, node: int = 0) -> str:
        return f"mqtt://127.0.0.1:{self.ports[node]}"

    def pids(self, node: int) -> list[int]:
        return [self._processes[node].pid]

    def start_node(self, node: int) -> None:
        with (self._folder / f"n{node}.log").open("ab") as log:
            self._processes[node] = subprocess.Popen(
                [self._program, "-c", str(self._configuration(node))],
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    def kill_node(self, node: int) -> None:
        """As a power cut does."""
        self._processes[node].kill()
        self._processes[node].wait()

    def wait_healthy(self) -> None:
        deadline = time.monotonic() + START_PATIENCE_S
        while not all(self._healthy(node) for node in range(NODES)):
            if time.monotonic() > deadline:
                logs = [(self._folder / f"n{node}.log").read_text()[-500:] for node in range(NODES)]
                raise RuntimeError(f"the cluster does not come up: {logs}")
            time.sleep(0.05)

    def __enter__(self) -> Self:
        try:
            for node in range(NODES):
                self.start_node(node)
            self.wait_healthy()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _configuration(self, node: int) -> Path:
        return self._folder / f"n{node}.conf"

    def _healthy(self, node: int) -> bool:
        place = f"http://127.0.0.1:{self._places[node]['http']}/healthz"
        try:
            with urllib.request.urlopen(place, timeout=1.0) as answer:
                return bool(json.load(answer)["status"] == "ok")
        except (OSError, ValueError):
            return False
