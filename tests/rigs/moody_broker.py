"""A broker of MQTT 5 that takes or refuses each publish as it is told: what no real one can be brought to on demand."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from typing import Self

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 14


class MoodyBroker:
    """Listens on a port of its own; `mood(topic, how often it came)` is the reason code of the acknowledgement.

    Attributes:
        came: topic and payload of what was taken.
        present: payload that the mood is asked about.
        subscription: reason code of every subscription.
        subscriptions: how many were asked for.
    """

    def __init__(self, mood: Callable[[str, int], int], *, subscription: int = 1) -> None:
        self.came: list[tuple[str, bytes]] = []
        self.present = b""
        self._mood, self.subscription, self.subscriptions = mood, subscription, 0
        self._counts: dict[str, int] = {}
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in (self._listening, *self._open):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while first := stream.read(1):
                    length = shift = 0
                    while True:
                        (byte,) = stream.read(1)
                        length |= (byte & 0x7F) << shift
                        shift += 7
                        if byte < 0x80:
                            break
                    connection.sendall(self._answer(first[0] >> 4, first[0] & 15, stream.read(length)))
        except (OSError, ValueError):
            return

    def _answer(self, kind: int, flags: int, body: bytes) -> bytes:
        if kind == CONNECT:
            return bytes((CONNACK << 4, 3, 0, 0, 0))
        if kind == SUBSCRIBE:
            self.subscriptions += 1
            return bytes((SUBACK << 4, 4)) + body[:2] + bytes((0, self.subscription))
        if kind == PINGREQ:
            return bytes((13 << 4, 0))
        if kind != PUBLISH:
            return b""
        (size,) = struct.unpack_from(">H", body)
        topic = body[2 : 2 + size].decode()
        self._counts[topic] = self._counts.get(topic, 0) + 1
        rest = body[2 + size :]
        if flags >> 1 & 3 == 0:
            return b""
        identifier, rest = rest[:2], rest[2:]
        properties = rest[0]  # shorter than 128 bytes
        self.present = rest[1 + properties :]
        reason = self._mood(topic, self._counts[topic])
        if reason < 0x80:
            self.came.append((topic, self.present))
        return bytes((PUBACK << 4, 4)) + identifier + bytes((reason, 0))
