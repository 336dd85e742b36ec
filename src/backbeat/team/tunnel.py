"""A stretch without a network: a relay between a runner and the broker that can be cut."""

from __future__ import annotations

import contextlib
import socket
import threading

from backbeat.closing import Closing

CHUNK = 65536


class Tunnel(Closing):
    """Passes connections on to a broker, until the runner is in the tunnel."""

    def __init__(self, broker: tuple[str, int]) -> None:
        """A relay on a free loopback port that passes connections on at once.

        Args:
            broker: host and port.
        """
        self._broker = broker
        self._inside = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        threading.Thread(target=self._serve, name="tunnel", daemon=True).start()

    def enter(self) -> None:
        """No network from here on: connections break, and new ones end at once."""
        self._inside.set()
        with self._lock:
            for each in self._open:
                _cut(each)

    def leave(self) -> None:
        """There is a network again."""
        self._inside.clear()

    def close(self) -> None:
        """Cut everything and stop listening."""
        self.enter()
        _cut(self._door)
        self._door.close()

    def _serve(self) -> None:
        while True:
            try:
                runner, _ = self._door.accept()
            except OSError:  # closed
                return
            if self._inside.is_set():
                runner.close()
                continue
            try:
                broker = socket.create_connection(self._broker, 5.0)
            except OSError:
                runner.close()
                continue
            with self._lock:
                self._open |= {runner, broker}
                if self._inside.is_set():
                    _cut(runner)
                    _cut(broker)
            for pair in ((runner, broker), (broker, runner)):
                threading.Thread(target=self._pass_on, args=pair, name="tunnel", daemon=True).start()

    def _pass_on(self, come: socket.socket, go: socket.socket) -> None:
        come.settimeout(None)
        with contextlib.suppress(OSError):
            while data := come.recv(CHUNK):
                go.sendall(data)
        _cut(go)
        with self._lock:
            self._open.discard(come)
        come.close()


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):  # not connected, or closed already
        connection.shutdown(socket.SHUT_RDWR)
