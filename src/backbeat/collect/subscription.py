"""The connection to the broker: messages are acknowledged when the archive has them, not before.

Everything happens on the caller's thread, in `step`: what is received, kept and acknowledged needs no lock.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from backbeat.collect.wanted import Wanted
from backbeat.mqtt import refusals
from backbeat.mqtt.attempts import Pauses, Versions
from backbeat.mqtt.link import BROKE, new_client
from backbeat.mqtt.settings import MqttError, MqttSettings

SESSION_EXPIRY_S = 7 * 24 * 3600
"""For so long an MQTT 5 broker keeps a worker's share while it is away."""

ON_THE_WAY = 500
"""Messages that an MQTT 5 broker may send without an acknowledgement."""

LONGEST_PACKET = 1024 * 1024
"""An MQTT 5 broker keeps longer ones from us: the longest of ours has some 64 KiB, and memory ends."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0

ALONE_S = 30.0
"""For so long after connecting what the broker retains is listened for, and after a question what is sent again."""

ASKED_AGAIN_S = 60.0
"""A subscription that was refused is asked for again after this, in case somebody has mended it."""

STEADY_S = 10.0
OFTEN = 2
"""Connections that broke so soon, so many times in a row: most likely a worker with our name takes them over. Brokers
may say so; Mosquitto 2.0 does not where sessions are kept."""

NO_SHARING = 0x9E
OTHER_TOOK_OVER = 0x8E
FIRST_FAILURE = 0x80


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message.

    Attributes:
        topic: full.
        payload: as it came, unchecked.
        number: to acknowledge it by; None with QoS 0.
    """

    topic: str
    payload: bytes
    number: int | None


class Subscription:
    """One worker's connection, made again whenever it is lost."""

    def __init__(
        self,
        settings: MqttSettings,
        wanted: Wanted,
        *,
        take: Callable[[Arrived], None],
        lost: Callable[[], None],
        report: Callable[[str], None],
        clock: Callable[[], float],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """A subscription that is not yet connected.

        Args:
            settings: the broker.
            wanted: what to subscribe.
            take: gets each message.
            lost: the connection is gone, and with it the numbers to acknowledge by.
            report: told in words for people what they should know.
            clock: monotonic seconds.
            jitter: 0 to 1.
        """
        self._settings, self._wanted = settings, wanted
        self._take, self._lost, self._report, self._clock = take, lost, report, clock
        self._client_id = wanted.client_id
        self._versions = Versions(settings.version)
        self._pauses = Pauses(FIRST_PAUSE_S, LONGEST_PAUSE_S, jitter)
        self._client: Client | None = None
        self._connecting = False
        self._sharing = True
        self._subscribing: dict[int | None, str] = {}
        self._refused: set[str] = set()
        self._ask_again_at = 0.0
        self._told: set[str] = set()
        self._listening_told = False
        self._next_attempt = 0.0
        self._last_word: tuple[int | None, str] = (None, BROKE)
        self._alone: dict[str, float] = {}  # filters of this worker's own, and until when
        self._ever = False
        self._up_since = 0.0
        self._short = 0  # connections in a row that broke soon
        self.connected = False

    def step(self, patience_s: float) -> bool:
        """Connect if that is due, else wait for the next packet and deal with it; whether there was time to wait.

        Raises:
            MqttError: the broker refuses us for good, at the very first attempt.
        """
        if self._client is None:
            if self._clock() < self._next_attempt:
                return False
            self._connect()
        if self._client is None:
            return True
        code = self._client.loop(patience_s)
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._gone()
        elif self._connecting and self._clock() > self._next_attempt:
            self._last_word = (None, "no answer")
            self._gone()
        else:
            self._stop_listening_alone()
            self._ask_again()
            if self.connected and self._clock() >= self._up_since + STEADY_S:
                self._short = 0
                self._is_steady()
        return True

    def acknowledge(self, numbers: Iterable[int]) -> None:
        """These are kept now; the broker may forget them."""
        for number in numbers:
            if self._client is not None:
                self._client.ack(number, 1)

    def listen_alone(self, topic: str) -> None:
        """For a short while this worker gets all that comes here, whatever the others get."""
        if self._client is not None and self.connected:
            if topic not in self._alone:
                self._client.subscribe(topic, 1)
            self._alone[topic] = self._clock() + ALONE_S

    def publish(self, topic: str, payload: bytes) -> None:
        """Send with QoS 1, now or never."""
        if self._client is not None and self.connected:
            self._client.publish(topic, payload, 1)

    def close(self) -> None:
        """Take leave; the broker goes on keeping this worker's share."""
        if self._client is not None:
            self._client.disconnect()
            self._client.loop(0.1)
            self._client = None
        self.connected = False

    def _stop_listening_alone(self) -> None:
        over = [topic for topic, until in self._alone.items() if self._clock() > until]
        for topic in over:
            del self._alone[topic]
            if self._client is not None and (self._sharing or topic not in self._wanted.shared):
                self._client.unsubscribe(topic)

    def _connect(self) -> None:
        settings, version = self._settings, self._versions.present
        client = new_client(settings, version, self._client_id, keep_session=True, manual_ack=True)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_message, client.on_subscribe = self._on_message, self._on_subscribe
        more: dict[str, Any] = {}
        if version == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = SESSION_EXPIRY_S
            properties.ReceiveMaximum = ON_THE_WAY
            properties.MaximumPacketSize = LONGEST_PACKET
            more = {"clean_start": False, "properties": properties}
        self._client, self._connecting, self._last_word = client, True, (None, BROKE)
        self._next_attempt = self._clock() + client.connect_timeout
        host, port = settings.address
        try:
            client.connect(host, port, settings.keepalive_s, **more)
        except (OSError, ValueError) as error:
            self._last_word = (None, getattr(error, "strerror", None) or str(error) or "no answer")
            self._gone()

    def _gone(self) -> None:
        """The connection failed or broke: say why, once, and try again later."""
        code, reason = self._last_word
        was_up = not self._connecting
        self._client, self._connecting, self.connected = None, False, False
        self._subscribing.clear()
        self._lost()
        if self._versions.failed(reason, code, was_up=was_up):
            self._next_attempt = self._clock()
            return
        refusal = refusals.why_not(reason, code)
        sentence = refusal.sentence
        broke_soon = was_up and code in (None, OTHER_TOOK_OVER) and self._clock() < self._up_since + STEADY_S
        self._short = self._short + 1 if broke_soon else 0 if was_up else self._short
        if code == OTHER_TOOK_OVER:
            sentence = "has another worker with the same name, which took our place; give each its own --worker"
        elif self._short >= OFTEN:
            sentence = "lets us in and soon breaks off, as when another worker has our name; give each its own --worker"
        if refusal.lasting and not self._ever:
            raise MqttError(f"The broker {self._settings.name} {sentence}.")
        if sentence not in self._told:
            self._told.add(sentence)
            self._report(f"The broker {self._settings.name} {sentence}. Trying again until it lets us in.")
        self._next_attempt = self._clock() + self._pauses.after_failure()

    def _on_connect(
        self, client: Client, _u: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if reason.is_failure:
            self._last_word = (reason.value, str(reason))
            return
        self._connecting, self.connected, self._up_since = False, True, self._clock()
        self._versions.connected()
        if not self._short:
            self._is_steady()
        able = self._versions.present == "5" and getattr(properties, "SharedSubscriptionAvailable", 1) == 1
        if not able:
            self._say_no_sharing()
        first, self._ever = not (self._ever and flags.session_present), True
        self._subscribe(client, self._wanted.shared)
        if first:
            self._alone.clear()
            for each in self._wanted.retained:
                self.listen_alone(each)

    def _is_steady(self) -> None:
        self._pauses.succeeded()
        if self._told:
            self._told.clear()
            self._report(f"The broker {self._settings.name} can be reached again.")

    def _ask_again(self) -> None:
        due = self._refused and not self._subscribing and self._clock() > self._ask_again_at
        if due and self._client is not None and self.connected:
            self._subscribe(self._client, self._refused)

    def _subscribe(self, client: Client, filters: Iterable[str]) -> None:
        share = f"$share/{self._wanted.group}/" if self._sharing else ""
        for each in filters:
            self._subscribing[client.subscribe(share + each, 1)[1]] = each

    def _say_no_sharing(self) -> None:
        if self._sharing:
            self._sharing = False
            self._report(
                f"The broker {self._settings.name} cannot share a subscription among workers (that needs MQTT 5): "
                "each worker gets everything and keeps what is not there yet; one is enough."
            )

    def _on_subscribe(
        self, client: Client, _u: object, number: int, reasons: list[ReasonCode], _p: Properties | None
    ) -> None:
        topic = self._subscribing.pop(number, None)
        if topic is None:
            return
        if not any(reason.value >= FIRST_FAILURE for reason in reasons):
            self._granted(topic)
        elif reasons[0].value == NO_SHARING and self._sharing:
            self._say_no_sharing()
            self._subscribe(client, self._wanted.shared)
        elif reasons[0].value != NO_SHARING:
            self._ask_again_at = self._clock() + ASKED_AGAIN_S
            if topic not in self._refused:
                self._refused.add(topic)
                told = refusals.no_reading(self._settings.name, topic, str(reasons[0]))
                self._report(f"{told} Trying again each minute.")

    def _granted(self, topic: str) -> None:
        if topic in self._refused:
            self._refused.discard(topic)
            self._report(f"The broker {self._settings.name} lets us read {topic} now.")
        if not (self._subscribing or self._refused or self._listening_told):
            self._listening_told = True
            self._report(f"Listening at the broker {self._settings.name}.")

    def _on_disconnect(
        self, _c: Client, _u: object, flags: DisconnectFlags, reason: ReasonCode, _p: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._last_word = (reason.value, str(reason))

    def _on_message(self, _c: Client, _u: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "a topic that is not UTF-8"
        self._take(Arrived(topic, bytes(message.payload), message.mid if message.qos else None))
