"""Three real RabbitMQ nodes with MQTT and quorum queues as one cluster on loopback, in folders of their own.

Debian's programs, not its service: own Erlang cookie, port mapper and ports, so that nothing else on the machine is
touched and two clusters can run at once.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from backbeat.children import die_with_parent
from rigs.mosquitto import free_port

PROGRAMS = Path("/usr/lib/rabbitmq/bin")
NODES = 3
START_PATIENCE_S = 150.0

CONFIGURATION = """
listeners.tcp.1 = 127.0.0.1:{amqp}
mqtt.listeners.tcp.1 = 127.0.0.1:{mqtt}
mqtt.allow_anonymous = true
mqtt.durable_queue_type = quorum
mqtt.tcp_listen_options.nodelay = true
cluster_formation.peer_discovery_backend = classic_config
log.console = false
"""


class RabbitCluster:
    """`ports` are the nodes' MQTT ports."""

    name = "RabbitMQ, three nodes, quorum queues"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._places = [{kind: free_port() for kind in ("amqp", "mqtt", "dist")} for _ in range(NODES)]
        self.ports: Sequence[int] = [place["mqtt"] for place in self._places]
        self._mapper_port = free_port()
        self._mapper: subprocess.Popen[bytes] | None = None
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        cookie = folder / ".erlang.cookie"
        cookie.write_text(secrets.token_hex(16), encoding="utf-8")
        cookie.chmod(0o600)
        (folder / "plugins").write_text("[rabbitmq_mqtt].\n", encoding="utf-8")
        members = "".join(f"cluster_formation.classic_config.nodes.{n + 1} = r{n}@localhost\n" for n in range(NODES))
        for node, place in enumerate(self._places):
            text = CONFIGURATION.format(**place) + members
            (folder / f"r{node}.conf").write_text(text, encoding="utf-8")

    def url(self, node: int = 0) -> str:
        return f"mqtt://guest@127.0.0.1:{self.ports[node]}?password_file={self._folder}/password"

    def pids(self, node: int) -> list[int]:
        """Of the Erlang machine and its helpers."""
        group = self._processes[node].pid
        return [int(path.name) for path in Path("/proc").glob("[0-9]*") if _group(path) == group]

    def start_node(self, node: int) -> None:
        with (self._folder / f"r{node}.out").open("ab") as out:
            self._processes[node] = subprocess.Popen(
                [PROGRAMS / "rabbitmq-server"],
                env=self._environment(node),
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )

    def kill_node(self, node: int) -> None:
        """As a power cut does."""
        os.killpg(self._processes[node].pid, signal.SIGKILL)
        self._processes[node].wait()

    def wait_healthy(self) -> None:
        """Until each node says that it runs, all know each other, and MQTT answers."""
        deadline = time.monotonic() + START_PATIENCE_S
        while not (all(_listens(port) for port in self.ports) and self._together()):
            if time.monotonic() > deadline:
                outs = [(self._folder / f"r{node}.out").read_text()[-800:] for node in range(NODES)]
                raise RuntimeError(f"the cluster does not come up: {outs}")
            time.sleep(1.0)

    def __enter__(self) -> Self:
        (self._folder / "password").write_text("guest\n", encoding="utf-8")
        (self._folder / "password").chmod(0o600)
        try:
            self._mapper = subprocess.Popen(
                ["epmd"], env=self._environment(0), preexec_fn=die_with_parent(signal.SIGKILL)
            )
            for node in range(NODES):
                self.start_node(node)
            self.wait_healthy()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for node, process in self._processes.items():
            if process.poll() is None:
                self.kill_node(node)
        if self._mapper is not None:
            self._mapper.kill()
            self._mapper.wait()

    def _together(self) -> bool:
        asked = subprocess.run(
            [PROGRAMS / "rabbitmqctl", "--silent", "eval", "length(rabbit_mnesia:cluster_nodes(running))."],
            env=self._environment(0),
            capture_output=True,
            text=True,
        )
        return asked.stdout.strip() == str(NODES)

    def _environment(self, node: int) -> dict[str, str]:
        folder, place = self._folder, self._places[node]
        return {
            **os.environ,
            "HOME": str(folder),
            "RUNNING_UNDER_SYSTEMD": "1",  # no shell stays between us and Erlang, so that it hears of our end
            "RABBITMQ_NODENAME": f"r{node}@localhost",
            "RABBITMQ_CONFIG_FILE": str(folder / f"r{node}.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "none"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
            "RABBITMQ_MNESIA_BASE": str(folder / f"r{node}"),
            "RABBITMQ_LOG_BASE": str(folder / f"r{node}-log"),
            "RABBITMQ_PID_FILE": str(folder / f"r{node}.pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_DIST_PORT": str(place["dist"]),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
            "ERL_EPMD_PORT": str(self._mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1.0).close()
    except OSError:
        return False
    return True


def _group(process: Path) -> int:
    try:
        return os.getpgid(int(process.name))
    except ProcessLookupError:
        return 0
