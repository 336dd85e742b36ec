"""A real Mosquitto as a child process on a free loopback port, to be killed, restarted and frozen."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

START_PATIENCE_S = 20.0


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Mosquitto:
    """One broker with its own folder; `port` stays the same over restarts."""

    def __init__(
        self,
        program: str,
        folder: Path,
        *,
        lines: Sequence[str] = (),
        config: Path | None = None,
        port: int | None = None,
    ) -> None:
        """A broker that does not yet run.

        Args:
            program: path of the mosquitto program.
            folder: its own, for its database and log.
            lines: added to its configuration.
            config: a whole configuration to run instead, which listens on `port`.
            port: None takes a free one.
        """
        self.port = port or free_port()
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._config = config
        if config is None:
            self._config = folder / "mosquitto.conf"
            text = [
                "user root",
                f"listener {self.port} 127.0.0.1",
                *([] if any(line.startswith("allow_anonymous") for line in lines) else ["allow_anonymous true"]),
                "persistence true",
                f"persistence_location {folder}/",
                "max_queued_messages 100000",
                "set_tcp_nodelay true",
                *lines,
            ]
            self._config.write_text("\n".join(text) + "\n", encoding="utf-8")

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return (self.folder / "stderr.log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> Self:
        with (self.folder / "stderr.log").open("ab") as log:
            self._process = subprocess.Popen([self._program, "-c", str(self._config)], stdout=log, stderr=log)
        deadline = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"mosquitto ended at once:\n{self.log}")
            try:
                socket.create_connection(("127.0.0.1", self.port), 1.0).close()
            except OSError:
                time.sleep(0.01)
            else:
                return self
        raise RuntimeError(f"mosquitto does not listen on {self.port}:\n{self.log}")

    def kill(self) -> None:
        """As a power cut does."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """In order: it writes its database."""
        self._signal(signal.SIGTERM)
        if self._process is not None:
            self._process.wait()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def reload(self) -> None:
        """Read passwords and access list anew."""
        self._signal(signal.SIGHUP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        self.kill()
        self.start()

    def lose_state(self) -> None:
        """Its disk is gone; call it while the broker does not run."""
        (self.folder / "mosquitto.db").unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.thaw()
        self.kill()

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, number)
