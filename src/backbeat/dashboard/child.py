"""The dashboard as a child process, for the demo, tests and pictures: it goes when its parent goes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from typing import Self

from backbeat.children import die_with_parent, end
from backbeat.errors import UserError

START_PATIENCE_S = 60.0
STOP_PATIENCE_S = 10.0


class DashboardProcess:
    """Serves on this machine while it is entered; `address` is what to type into a browser."""

    def __init__(self, mqtt: str, *, port: int = 0, options: Sequence[str] = ()) -> None:
        """A dashboard that does not yet run.

        Args:
            mqtt: URL of the broker.
            port: to serve on; 0 takes a free one.
            options: more of `backbeat dashboard`.
        """
        self.port = port or _free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._command = [
            sys.executable,
            "-m",
            "backbeat",
            "dashboard",
            "--mqtt",
            mqtt,
            "--settings",
            os.devnull,  # what this machine serves otherwise is not ours
            "--port",
            str(self.port),
            *options,
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The server, for who wants to measure it."""
        return self._process

    def start(self) -> None:
        """Start it and wait until it answers.

        Raises:
            UserError: it does not; the sentence is its own.
        """
        self.launch()
        self.wait_served()

    def launch(self) -> None:
        """Start it, without waiting."""
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  (closed by stop)
        self._process = subprocess.Popen(  # noqa: S603  (our own command)
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._said,
            start_new_session=True,  # Ctrl-C is for the parent, which ends us in order
            preexec_fn=die_with_parent(),
        )

    def wait_served(self) -> None:
        """Wait until it answers; another thread may end it meanwhile by `terminate`.

        Raises:
            UserError: it does not; the sentence is its own.
        """
        deadline = time.monotonic() + START_PATIENCE_S
        while time.monotonic() < deadline and self._process is not None and self._process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.address}/login", timeout=5.0).close()  # noqa: S310  (our own address)
            except OSError:
                time.sleep(0.1)
            else:
                return
        self._said.seek(0)
        said = self._said.read().decode("utf-8", "replace").strip().splitlines()
        self.stop()
        raise UserError(said[-1].removeprefix("backbeat: ") if said else "The dashboard does not answer.")

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """End it and wait until it has."""
        if self._process is None:
            return
        end(self._process, STOP_PATIENCE_S)
        self._process = None
        self._said.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
