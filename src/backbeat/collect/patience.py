"""A database server that is frozen keeps its connections open and says nothing: after a while we hang up."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Patience:
    """Waits for the answers on one connection at a time, and no longer than told.

    The system's own time-outs of a connection do not help: a frozen server's kernel acknowledges what it is sent.

    Attributes:
        seconds: of a whole transaction.
        at_end: the last transaction took longer and its connection was shut.
    """

    def __init__(self, seconds: float) -> None:
        """Patience with a connection that is not yet made."""
        self.seconds, self.at_end = seconds, False
        self._connection: Any = None
        self._present: threading.Event | None = None
        self._lock = threading.Lock()

    def connected(self, connection: Any, _record: object) -> None:
        """A connection was made (SQLAlchemy's event "connect"); has to have a `fileno`."""
        self._connection = connection

    def shorten(self, seconds: float) -> None:
        """From now on wait no longer than this, also for what is under way."""
        self.seconds = min(self.seconds, seconds)
        over = self._present
        if over is not None:
            self._start_timer(over)

    @contextmanager
    def limited(self) -> Iterator[None]:
        """What is done in here fails when it takes too long."""
        self.at_end = False
        self._present = over = threading.Event()
        timer = self._start_timer(over)
        try:
            yield
        finally:
            with self._lock:  # it hangs up before or not at all: the number of the socket may soon be another's
                over.set()
            timer.cancel()

    def _start_timer(self, over: threading.Event) -> threading.Timer:
        timer = threading.Timer(self.seconds, self._hang_up, [over])
        timer.daemon = True
        timer.start()
        return timer

    def _hang_up(self, over: threading.Event) -> None:
        with self._lock, suppress(Exception):  # the connection is gone already, or was never made
            if not over.is_set():
                with socket.socket(fileno=os.dup(self._connection.fileno())) as line:
                    self.at_end = True
                    line.shutdown(socket.SHUT_RDWR)
