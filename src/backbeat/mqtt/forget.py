"""Take a deleted session back from the broker: its retained messages are cleared, and those that still wait too."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from backbeat.errors import why
from backbeat.mqtt import topics
from backbeat.mqtt.outbox import Outbox
from backbeat.mqtt.settings import MqttError, MqttSettings
from backbeat.mqtt.topics import checked_id

OF_A_SESSION = (topics.SESSION_ALERTS, topics.SESSION_NOTES, topics.SESSION_SUMMARY)

PATIENCE_S = 10.0


def forget_session(settings: MqttSettings, session: str, outbox: Path | None = None) -> None:
    """Clear a session's retained messages, and `session/last` if it shows this session.

    Args:
        settings: the broker.
        session: the session's id.
        outbox: the file of a live run that is not running now; what waits there of the session is dropped too.

    Raises:
        MqttError: the broker cannot be reached or does not answer.
    """
    checked_id(session, "session")
    if outbox is not None and outbox.exists():
        _drop(outbox, session)
    eraser = _Eraser(settings)
    try:
        eraser.connect()
        names = settings.topics
        clear = [names.of(channel, session=session) for channel in OF_A_SESSION]
        if _is_of(eraser.shown(names.of(topics.SESSION_LAST)), session):
            clear.append(names.of(topics.SESSION_LAST))
        for topic in clear:
            eraser.clear(topic)
    finally:
        eraser.close()


class _Eraser:
    """A connection that reads and clears retained messages."""

    def __init__(self, settings: MqttSettings) -> None:
        self._settings = settings
        self._up = threading.Event()
        self._answered = threading.Event()
        self._shown: dict[str, bytes] = {}
        self._question = settings.topics.of(topics.REPLY, command="forget")
        client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311, reconnect_on_failure=False)
        if settings.user is not None:
            client.username_pw_set(settings.user, settings.password())
        context = settings.tls_context()
        if context is not None:
            client.tls_set_context(context)
        client.on_connect, client.on_message = self._on_connect, self._on_message
        self._client = client

    def connect(self) -> None:
        try:
            self._client.connect(*self._settings.address)
        except OSError as error:
            raise MqttError(
                f"The broker {self._settings.name} cannot be reached: {why(error)}; the session is still shown there."
            ) from None
        self._client.loop_start()
        if not self._up.wait(PATIENCE_S):
            raise MqttError(f"The broker {self._settings.name} does not let us in; the session is still shown there.")

    def shown(self, topic: str) -> bytes:
        """The retained message; nothing where there is none."""
        self._client.subscribe([(topic, 1), (self._question, 1)])
        self._client.publish(self._question, b"{}", 1)  # it comes back behind what is retained
        self._answered.wait(PATIENCE_S)
        return self._shown.get(topic, b"")

    def clear(self, topic: str) -> None:
        sent = self._client.publish(topic, b"", 1, retain=True)
        sent.wait_for_publish(PATIENCE_S)
        if not sent.is_published():
            raise MqttError(f"The broker {self._settings.name} does not answer; the session may still be shown there.")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, _c: Client, _u: object, _f: object, reason: ReasonCode, _p: object) -> None:
        if not reason.is_failure:
            self._up.set()

    def _on_message(self, _c: Client, _u: object, message: MQTTMessage) -> None:
        if message.topic == self._question:
            self._answered.set()
        else:
            self._shown[message.topic] = bytes(message.payload)


def _drop(path: Path, session: str) -> None:
    troubles: list[str] = []
    outbox = Outbox(path, report=troubles.append)
    if not troubles:  # else a run has it, and is not over
        outbox.drop(session)
    outbox.close()


def _is_of(payload: bytes, session: str) -> bool:
    try:
        body = json.loads(payload)
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("session") == session
