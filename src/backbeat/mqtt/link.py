"""One connection to a broker, from its attempt to its loss; a new one is made for every attempt.

paho queues in memory what it could not send, which would double what the outbox keeps: the queue dies with the link.
What happens is told to a listener, on the listener's own thread (`post`).
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from backbeat.mqtt.settings import MqttSettings
from backbeat.mqtt.topics import CHANNELS

Mqtt = Literal["5", "3.1.1"]

SESSION_EXPIRY_S = 24 * 3600
"""For so long an MQTT 5 broker keeps commands for a device that is away."""

WILL_DELAY_S = 5
"""An MQTT 5 broker tells of a lost device only after this, so that a short loss does not flap."""

SCHEMAS = frozenset(channel.name for channel in CHANNELS)
"""Messages of our own contract say so; those of other conventions have none of it."""

BROKE = "the connection broke"
"""The reason of a link that went down without a word from the broker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What is published.

    Attributes:
        topic: full.
        payload: as sent; empty clears a retained message.
        channel: the name of its channel and schema.
        qos: 0, 1 or 2.
        retain: the broker keeps it.
        expiry_s: an MQTT 5 broker forgets it after this.
        correlation: of the command that it answers.
    """

    topic: str
    payload: bytes
    channel: str
    qos: int
    retain: bool = False
    expiry_s: int | None = None
    correlation: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What was received.

    Attributes:
        topic: full.
        payload: as it came, unchecked.
        retained: it is old: the broker had kept it.
        correlation: to be sent back with the answer.
    """

    topic: str
    payload: bytes
    retained: bool
    correlation: bytes | None = None


class Listener(Protocol):
    """Who hears what happens on a link."""

    def link_up(self, link: Link, known: bool, largest: int | None) -> None:
        """Connected; `known`: the broker remembers us; `largest`: bytes of a packet that it takes."""
        ...

    def link_down(self, link: Link, reason: str, code: int | None) -> None:
        """Not connected or no longer; `code` is the broker's own (MQTT 5 numbers), None if it gave none."""
        ...

    def link_done(self, link: Link, number: int, code: int) -> None:
        """A message with QoS 0 is sent, one with QoS 1 is acknowledged; a code from 0x80 is a refusal."""
        ...

    def link_message(self, link: Link, message: Incoming) -> None:
        """A message came for us."""
        ...


class Packed(Properties):
    """Properties as they go over the wire, which do not change any more."""

    def __init__(self, made: Properties) -> None:
        object.__setattr__(self, "packed", made.pack())  # type: ignore[no-untyped-call]  # paho's own is closed

    def pack(self) -> bytes:
        """The bytes."""
        packed: bytes = self.__dict__["packed"]
        return packed


class Link:
    """One connection; its methods do not block."""

    def __init__(
        self,
        settings: MqttSettings,
        *,
        mqtt: Mqtt,
        client_id: str,
        will: Outgoing | None,
        keep_session: bool,
        listener: Listener,
        post: Callable[[Callable[[], None]], None],
        drive: Callable[[Client], object] = Client.loop_start,
    ) -> None:
        """A link that is not yet open.

        Args:
            settings: the broker.
            mqtt: version of the protocol.
            client_id: unique at the broker.
            will: sent by the broker when this device is lost; None for who only reads.
            keep_session: the broker keeps commands while this device is away.
            listener: hears what happens.
            post: runs a function on the listener's thread.
            drive: called on any thread with a client whose socket is open, reads and writes it from then on; a thread
                of its own unless told.
        """
        self.mqtt = mqtt
        self._settings, self._listener, self._post, self._keep_session = settings, listener, post, keep_session
        self._drive = drive
        self._closed = threading.Event()
        self._subscribing: tuple[Sequence[str], Callable[[Mapping[str, str]], None]] = (), lambda _: None
        self._packed: dict[tuple[str, bool, int | None], Packed] = {}
        client = new_client(settings, mqtt, client_id, keep_session=keep_session)
        if will is not None:
            will_properties = self._properties(PacketTypes.WILLMESSAGE, will)
            if will_properties is not None and keep_session:
                will_properties.WillDelayInterval = WILL_DELAY_S
            client.will_set(will.topic, will.payload, will.qos, will.retain, will_properties)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish, client.on_message = self._on_publish, self._on_message
        client.on_subscribe = self._on_subscribe
        self._client = client

    def open(self) -> None:
        """Begin to connect; the listener hears what becomes of it."""
        threading.Thread(target=self._connect, name="mqtt-connect", daemon=True).start()

    def publish(self, message: Outgoing) -> int:
        """Send a message; the number that `link_done` will tell."""
        properties = self._publish_properties(message)
        return self._client.publish(message.topic, message.payload, message.qos, message.retain, properties).mid

    def subscribe(self, filters: Sequence[str], answered: Callable[[Mapping[str, str]], None]) -> None:
        """Ask for messages, with QoS 1.

        Args:
            filters: of topics; none asks for nothing.
            answered: told those that the broker refuses, each with its reason.
        """
        if filters:
            self._subscribing = filters, answered  # before the answer can come
            self._client.subscribe([(each, 1) for each in filters])

    def close(self) -> None:
        """Take leave of the broker: no last will."""
        self._closed.set()
        self._client.disconnect()

    def abandon(self) -> None:
        """Drop a connection that does not answer: the last will is due."""
        self._closed.set()
        with contextlib.suppress(OSError, AttributeError):  # gone already
            self._client.socket().shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]

    def _connect(self) -> None:
        properties: Properties | None = None
        if self.mqtt == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_EXPIRY_S if self._keep_session else 0
        host, port = self._settings.address
        clean: Any = {"clean_start": not self._keep_session, "properties": properties} if self.mqtt == "5" else {}
        try:
            self._client.connect(host, port, self._settings.keepalive_s, **clean)
        except (OSError, ValueError) as error:  # a TLS error is an OSError; a host name that is none a ValueError
            self._tell_down(getattr(error, "strerror", None) or str(error) or "no answer", None)
            return
        if self._closed.is_set():
            self.abandon()
        self._drive(self._client)

    def _tell_down(self, reason: str, code: int | None) -> None:
        self._post(partial(self._listener.link_down, self, reason, code))

    def _on_connect(
        self, _c: Client, _u: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._tell_down(str(reason), reason.value)
            return
        largest = getattr(properties, "MaximumPacketSize", None)
        self._post(partial(self._listener.link_up, self, bool(flags.session_present), largest))

    def _on_disconnect(
        self, _c: Client, _u: object, flags: DisconnectFlags, reason: ReasonCode, _p: Properties | None
    ) -> None:
        from_broker = flags.is_disconnect_packet_from_server
        self._tell_down(str(reason) if from_broker else BROKE, reason.value if from_broker else None)

    def _on_publish(self, _c: Client, _u: object, number: int, reason: ReasonCode, _p: Properties | None) -> None:
        self._post(partial(self._listener.link_done, self, number, reason.value))

    def _on_subscribe(
        self, _c: Client, _u: object, _number: int, reasons: list[ReasonCode], _p: Properties | None
    ) -> None:
        filters, answered = self._subscribing
        refused = {each: str(reason) for each, reason in zip(filters, reasons, strict=False) if reason.is_failure}
        self._post(partial(answered, refused))

    def _on_message(self, _c: Client, _u: object, message: MQTTMessage) -> None:
        incoming = Incoming(
            topic=message.topic,
            payload=bytes(message.payload),
            retained=message.retain,
            correlation=getattr(message.properties, "CorrelationData", None),
        )
        self._post(partial(self._listener.link_message, self, incoming))

    def _publish_properties(self, message: Outgoing) -> Properties | None:
        """Made once for all messages that are alike: paho spends more on them than on all the rest of a message."""
        alike = (message.channel, bool(message.payload), message.expiry_s)
        found = None if message.correlation is not None else self._packed.get(alike)
        if found is not None:
            return found
        made = self._properties(PacketTypes.PUBLISH, message)
        if made is None or message.correlation is not None:
            return made
        return self._packed.setdefault(alike, Packed(made))

    def _properties(self, packet: int, message: Outgoing) -> Properties | None:
        if self.mqtt != "5":
            return None
        properties = Properties(packet)  # type: ignore[no-untyped-call]
        if message.payload and message.channel in SCHEMAS:
            properties.PayloadFormatIndicator = 1
            properties.ContentType = "application/json"
            properties.UserProperty = ("schema", f"backbeat/{message.channel}/1")
        if message.expiry_s is not None:
            properties.MessageExpiryInterval = message.expiry_s
        if message.correlation is not None and packet == PacketTypes.PUBLISH:
            properties.CorrelationData = message.correlation
        return properties


def new_client(
    settings: MqttSettings, mqtt: Mqtt, client_id: str, *, keep_session: bool, manual_ack: bool = False
) -> Client:
    """A paho client for this broker that does not connect again by itself.

    Args:
        settings: the broker.
        mqtt: version of the protocol.
        client_id: unique at the broker.
        keep_session: of MQTT 3.1.1; MQTT 5 says it on connecting.
        manual_ack: messages with QoS 1 are acknowledged by `Client.ack`.

    Raises:
        MqttError: the password or a certificate cannot be read.
    """
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id,
        clean_session=None if mqtt == "5" else not keep_session,
        protocol=MQTTProtocolVersion.MQTTv5 if mqtt == "5" else MQTTProtocolVersion.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=manual_ack,
    )
    client.connect_timeout = 10.0
    if settings.user is not None:
        client.username_pw_set(settings.user, settings.password())
    context = settings.tls_context()
    if context is not None:
        client.tls_set_context(context)
    client.on_socket_open = _no_delay
    return client


def _no_delay(_client: Client, _userdata: object, connection: Any) -> None:
    """Messages are small and rare: gathering them (Nagle) would cost an alert up to 40 ms."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
