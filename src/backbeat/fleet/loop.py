"""Many couriers and their connections on one thread: asyncio instead of two threads a device."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from paho.mqtt.client import Client

from backbeat.mqtt.worker import Job, Runtime, Worker

LOOK_AFTER_S = 3.0
"""How often a connection is asked whether it has been silent for too long; less than half the shortest keepalive."""


class LoopWorker(Worker):
    """A worker whose thread is an asyncio loop's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, **arguments: Any) -> None:
        """See `Worker`."""
        super().__init__(name, **arguments)
        self._loop = loop
        self._waiting: deque[Job] = deque()
        self._called = self._over = False

    def start(self) -> None:
        """Do what comes first."""
        self.post(self._begin)

    def post(self, job: Job) -> None:
        """Have a job done."""
        self._waiting.append(job)
        if not self._called:
            self._called = True
            self._loop.call_soon_threadsafe(self._do_waiting)

    def offer(self, job: Job) -> None:
        """The same: a loop that cannot keep up shows in the figures."""
        self.post(job)

    def after(self, seconds: float, job: Job) -> None:
        """Do a job later."""
        self._loop.call_later(seconds, self.post, job)

    def _do_waiting(self) -> None:
        self._called = False
        if self._over:
            return
        for _ in range(len(self._waiting)):
            self._guarded(self._waiting.popleft())
        self._guarded(self._after_jobs)
        if self.ended.is_set():
            self._over = True
            self._guarded(self._end)


def on_loop(loop: asyncio.AbstractEventLoop) -> Runtime:
    """A runtime for couriers that share the thread of a loop."""
    return Runtime(
        worker=partial(LoopWorker, loop), drive=lambda client: loop.call_soon_threadsafe(_attach, loop, client)
    )


def _attach(loop: asyncio.AbstractEventLoop, client: Client) -> None:
    """Read and write a connection on the loop (paho's "external event loop")."""
    connection = client.socket()
    if connection is None:  # lost before we came to it, and told as such
        return
    attended = _Attended(loop, client, connection)
    client.on_socket_close = lambda *_: attended.leave()
    client.on_socket_register_write = lambda *_: attended.watch_writing(loop.add_writer)
    client.on_socket_unregister_write = lambda *_: attended.watch_writing(None)
    loop.add_reader(connection, attended.read)
    if client.want_write():
        loop.add_writer(connection, client.loop_write)
    attended.look_after()


class _Attended:
    """A connection that the loop attends to until it closes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: Client, connection: Any) -> None:
        self._loop, self._client = loop, client
        self._socket: socket.socket | None = connection

    def read(self) -> None:
        """Read what has come; with TLS some of it may wait where no selector sees it."""
        self._client.loop_read()
        while isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
            self._client.loop_read()

    def look_after(self) -> None:
        """Now and then: is a ping due, does nobody answer?"""
        if self._socket is not None:
            self._client.loop_misc()
            self._loop.call_later(LOOK_AFTER_S, self.look_after)

    def watch_writing(self, add: Callable[..., None] | None) -> None:
        """Write as soon as the socket takes something, or no longer."""
        if self._socket is None:
            return
        if add is not None:
            add(self._socket, self._client.loop_write)
        else:
            self._loop.remove_writer(self._socket)

    def leave(self) -> None:
        """The socket is about to be closed."""
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.suppress(ValueError, OSError):
                self._loop.remove_reader(connection)
                self._loop.remove_writer(connection)
