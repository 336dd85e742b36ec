"""A reader that writes down every alert and summary by its key, over losses of the broker, as an archive would."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from rigs.reader import PATIENCE_S, wait_until

FILTERS = ("backbeat/v1/+/+/alert", "backbeat/v1/+/+/session/+/summary")

Key = tuple[str, str, int]


class Archive:
    """Subscribes with QoS 1 and a session that the broker keeps; `ports` are tried in turn when a node is gone."""

    def __init__(self, *ports: int, name: str = "archive", more: Callable[[MQTTMessage], None] | None = None) -> None:
        self.keys: Counter[Key] = Counter()
        self.connections = 0
        self._ports, self._more = ports, more
        self._ready = threading.Event()
        self._ended = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2, name, clean_session=False, protocol=MQTTProtocolVersion.MQTTv311
        )
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._thread = threading.Thread(target=self._stay, daemon=True)

    def _stay(self) -> None:
        turn = 0
        while not self._ended.is_set():
            try:
                self._client.connect("127.0.0.1", self._ports[turn % len(self._ports)], 10)
                while not self._ended.is_set() and self._client.loop(0.2) == 0:
                    pass
            except OSError:
                pass
            turn += 1
            self._ended.wait(0.2)

    def _on_connect(self, client: Client, _u: object, _f: object, reason: Any, _p: object) -> None:
        if not reason.is_failure:
            self.connections += 1
            client.subscribe([(each, 1) for each in FILTERS])

    def _on_subscribe(self, _c: Client, _u: object, _n: int, reasons: list[ReasonCode], _p: object) -> None:
        if not any(reason.is_failure for reason in reasons):  # a broker at its limit connects us and then refuses this
            self._ready.set()

    def _on_message(self, _c: Client, _u: object, message: MQTTMessage) -> None:
        if self._more is not None:
            self._more(message)
        if message.payload and message.topic.rpartition("/")[2] in ("alert", "summary"):
            body = json.loads(message.payload)
            self.keys[body["session"], message.topic, body["seq"]] += 1

    def wait_for(self, keys: list[Key], patience_s: float = 3 * PATIENCE_S) -> None:
        """Until every key came; says which did not."""
        wanted = set(keys)
        wait_until(lambda: wanted <= self.keys.keys(), f"{len(wanted - self.keys.keys())} of {len(wanted)}", patience_s)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(PATIENCE_S), "the archive could not subscribe"
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(PATIENCE_S)
        self._client.disconnect()
