"""A second MQTT client that writes down what it gets."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Got:
    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Any
    again: bool
    """The broker says that it may have sent this before (DUP)."""

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.payload)


def wait_until(
    condition: Callable[[], bool], what: str | Callable[[], str] = "", patience_s: float = PATIENCE_S
) -> None:
    """Wait for a condition; `what` is waited for, in words, or tells how things stand when the patience is over."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience_s:.0f} s in vain: {what if isinstance(what, str) else what()}")
        time.sleep(0.01)


class Reader:
    """Subscribes and collects, over losses of the connection too (a session that the broker keeps)."""

    def __init__(
        self,
        port: int,
        topic: str = "#",
        *,
        mqtt5: bool = False,
        lasting: bool = False,
        user: tuple[str, str] | None = None,
        ca_file: str | None = None,
        client_id: str = "",
    ) -> None:
        self.got: list[Got] = []
        self.denied: list[str] = []
        self._topic = topic
        self._ready = threading.Event()
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            client_id or ("reader" if lasting else ""),
            clean_session=None if mqtt5 else not lasting,
            protocol=MQTTProtocolVersion.MQTTv5 if mqtt5 else MQTTProtocolVersion.MQTTv311,
        )
        self.client.reconnect_delay_set(1, 1)
        if user:
            self.client.username_pw_set(*user)
        if ca_file:
            self.client.tls_set(ca_certs=ca_file)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message
        self.client.connect("localhost" if ca_file else "127.0.0.1", port, 20)
        self.client.loop_start()

    def _on_connect(self, client: Client, _u: object, _f: object, reason: Any, _p: object) -> None:
        if reason.is_failure:
            self.denied.append(str(reason))
        else:
            client.subscribe(self._topic, 1)

    def _on_subscribe(self, _c: Client, _u: object, _m: int, reasons: Any, _p: object) -> None:
        self.denied.extend(str(reason) for reason in reasons if reason.is_failure)
        self._ready.set()

    def _on_message(self, _c: Client, _u: object, message: MQTTMessage) -> None:
        self.got.append(
            Got(
                topic=message.topic,
                payload=bytes(message.payload),
                qos=message.qos,
                retain=message.retain,
                properties=getattr(message, "properties", None),
                again=message.dup,
            )
        )

    def on(self, end: str) -> list[Got]:
        """Messages on topics that end so."""
        return [got for got in list(self.got) if got.topic.endswith(end) and got.payload]

    def wait_for(self, end: str, count: int = 1, patience_s: float = PATIENCE_S) -> list[Got]:
        wait_until(
            lambda: len(self.on(end)) >= count,
            lambda: f"{count} messages on …{end}, {len(self.on(end))} came",
            patience_s,
        )
        return self.on(end)

    def publish(self, topic: str, payload: bytes | str, *, retain: bool = False, properties: Any = None) -> None:
        self.client.publish(topic, payload, 1, retain, properties).wait_for_publish(PATIENCE_S)

    def __enter__(self) -> Self:
        if not self._ready.wait(PATIENCE_S):
            raise AssertionError(f"the reader could not subscribe: {self.denied}")
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()
