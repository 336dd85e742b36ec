"""The tunnel cuts and lets through."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from backbeat.team.tunnel import Tunnel


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """A server that sends back what it gets."""
    door = socket.create_server(("127.0.0.1", 0))

    def answer(connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(100):
                connection.sendall(data)

    def serve() -> None:
        while True:
            try:
                connection, _ = door.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield door.getsockname()[:2]
    door.shutdown(socket.SHUT_RDWR)
    door.close()


def test_a_tunnel_breaks_what_is_open_refuses_what_is_new_and_ends(echo: tuple[str, int]) -> None:
    with Tunnel(echo) as tunnel:
        here = ("127.0.0.1", tunnel.port)
        with socket.create_connection(here, 20.0) as before:
            before.sendall(b"before")
            assert before.recv(100) == b"before"
            tunnel.enter()
            assert before.recv(100) == b""
        with socket.create_connection(here, 20.0) as within:
            assert within.recv(100) == b""
        tunnel.leave()
        with socket.create_connection(here, 20.0) as after:
            after.sendall(b"after")
            assert after.recv(100) == b"after"


def test_a_tunnel_to_nobody_hangs_up(echo: tuple[str, int]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, and not listening
        with Tunnel(nobody.getsockname()[:2]) as tunnel, socket.create_connection(("127.0.0.1", tunnel.port)) as me:
            me.settimeout(20.0)
            assert me.recv(100) == b""
