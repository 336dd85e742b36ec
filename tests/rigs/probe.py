"""What a broker does and does not, found by asking it: the table in docs/scale.md.

Each question opens its own clients and gives one word or two. `Brokers` are started by who asks; a question that ends
a node comes last.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from rigs.reader import wait_until

PATIENCE_S = 30.0
QUIET_S = 2.0
"""So long we wait for what should not come."""

LARGE = 64 * 1024
"""Bytes of the longest lists that a device retains (`payloads.MAX_LISTED_BYTES`)."""


class Nodes(Protocol):
    """A broker of one or several nodes."""

    ports: Sequence[int]

    def url(self, node: int = 0) -> str: ...

    def kill_node(self, node: int) -> None: ...

    def start_node(self, node: int) -> None: ...


class Guest:
    """A client that writes down what it gets."""

    def __init__(self, port: int, name: str = "", *, clean: bool = True, expiry_s: int | None = None) -> None:
        five = expiry_s is not None
        self.got: list[MQTTMessage] = []
        self.present = False
        self.refused: str | None = None
        self._subscribed = 0
        self._up = threading.Event()
        self.client = Client(
            CallbackAPIVersion.VERSION2,
            name,
            clean_session=None if five else clean,
            protocol=MQTTProtocolVersion.MQTTv5 if five else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
        )
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = lambda *_: self._up.set()
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = lambda _c, _u, message: self.got.append(message)
        self.client.will_set(f"probe/will/{name or 'nobody'}", b"gone", 1)
        self._port, self._five, self._clean, self._expiry_s = port, five, clean, expiry_s

    def __enter__(self) -> Self:
        more: dict[str, Any] = {}
        if self._five:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = self._expiry_s
            more = {"clean_start": self._clean, "properties": properties}
        self.client.connect("127.0.0.1", self._port, 10, **more)
        self.client.loop_start()
        assert self._up.wait(PATIENCE_S), "no answer to CONNECT"
        return self

    def __exit__(self, *_: object) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def subscribe(self, topic: str, qos: int = 1) -> bool:
        """Whether the broker agreed."""
        before = self._subscribed
        self.refused = None
        self.client.subscribe(topic, qos)
        wait_until(lambda: self._subscribed > before or not self.client.is_connected(), "SUBACK")
        return self.client.is_connected() and self.refused is None

    def publish(self, topic: str, payload: bytes, qos: int = 1, *, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos, retain).wait_for_publish(PATIENCE_S)

    def comes(self, payload: bytes, patience_s: float = PATIENCE_S) -> bool:
        """Whether a message with this payload comes."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if any(message.payload == payload for message in self.got):
                return True
            time.sleep(0.02)
        return False

    def vanish(self) -> None:
        """As a device without a network."""
        self.client.socket().shutdown(socket.SHUT_RDWR)

    def _on_connect(self, _c: Client, _u: object, flags: Any, reason: Any, _p: object) -> None:
        self.present = bool(flags.session_present)
        self.refused = str(reason) if reason.is_failure else None
        self._up.set()

    def _on_subscribe(self, _c: Client, _u: object, _m: int, reasons: Any, _p: object) -> None:
        self.refused = next((str(reason) for reason in reasons if reason.is_failure), None)
        self._subscribed += 1


def probe(nodes: Nodes) -> list[str]:
    """The answers in the order of `QUESTIONS`; those that kill come last."""
    asks = [ask for _, ask in QUESTIONS]
    answers = {ask: ask(nodes) for ask in (*(ask for ask in asks if ask not in KILLS), *KILLS)}
    return [answers[ask] for ask in asks]


def _mqtt5(nodes: Nodes) -> str:
    try:
        with Guest(nodes.ports[0], "five", expiry_s=0) as guest:
            return _word(guest.refused is None and guest.client.is_connected())
    except OSError:
        return "no"


def _qos2(nodes: Nodes) -> str:
    with Guest(nodes.ports[0]) as reader, Guest(nodes.ports[0]) as writer:
        if not reader.subscribe("probe/qos2", 2):
            return "no"
        writer.publish("probe/qos2", b"once", 2)
        return (
            f"as QoS {reader.got[0].qos}"
            if reader.comes(b"once") and reader.got[0].qos < 2
            else _word(bool(reader.got))
        )


def _large(nodes: Nodes) -> str:
    with Guest(nodes.ports[0]) as reader, Guest(nodes.ports[0]) as writer:
        reader.subscribe("probe/large")
        writer.publish("probe/large", bytes(LARGE))
        return _word(reader.comes(bytes(LARGE)))


def _retained(nodes: Nodes) -> str:
    return _kept(nodes, nodes.ports[0], "here")


def _retained_elsewhere(nodes: Nodes) -> str:
    return "–" if len(nodes.ports) == 1 else _kept(nodes, nodes.ports[1], "elsewhere")


def _kept(nodes: Nodes, read_at: int, what: str) -> str:
    with Guest(nodes.ports[0]) as writer:
        writer.publish(f"probe/retained/{what}", what.encode(), retain=True)
    time.sleep(QUIET_S / 2)
    with Guest(read_at) as reader:
        reader.subscribe(f"probe/retained/{what}")
        return _word(reader.comes(what.encode(), 2 * QUIET_S))


def _session(nodes: Nodes) -> str:
    return _returns(nodes, 0, "same")


def _session_elsewhere(nodes: Nodes) -> str:
    return "–" if len(nodes.ports) == 1 else _returns(nodes, 1, "other")


def _returns(nodes: Nodes, node: int, name: str) -> str:
    with Guest(nodes.ports[0], f"away-{name}", clean=False) as reader:
        reader.subscribe(f"probe/session/{name}")
    with Guest(nodes.ports[0]) as writer:
        writer.publish(f"probe/session/{name}", b"meanwhile")
    with Guest(nodes.ports[node], f"away-{name}", clean=False) as reader:
        return _word(reader.comes(b"meanwhile", 5 * QUIET_S))


def _expiry(nodes: Nodes) -> str:
    if _mqtt5(nodes) == "no":
        return "no"
    with Guest(nodes.ports[0], "brief", clean=False, expiry_s=1) as reader:
        reader.subscribe("probe/expiry")
    time.sleep(3.0)
    with Guest(nodes.ports[0], "brief", clean=False, expiry_s=0) as reader:
        return _word(not reader.present)


def _shared(nodes: Nodes) -> str:
    with Guest(nodes.ports[0]) as one, Guest(nodes.ports[0]) as two:
        if not (one.subscribe("$share/probe/probe/shared") and two.subscribe("$share/probe/probe/shared")):
            return "refused"
        with Guest(nodes.ports[0]) as writer:
            for number in range(100):
                writer.publish("probe/shared", str(number).encode())
        try:
            wait_until(lambda: len(one.got) + len(two.got) >= 100, "", 5 * QUIET_S)
        except AssertionError:
            return "accepted, nothing comes" if not one.got + two.got else "loses"
        time.sleep(QUIET_S / 2)
        counts = sorted((len(one.got), len(two.got)))
        return (
            "yes" if sum(counts) == 100 and counts[0] > 0 else "everybody gets all" if sum(counts) == 200 else "uneven"
        )


def _will(nodes: Nodes) -> str:
    with Guest(nodes.ports[-1]) as reader, Guest(nodes.ports[0], "lost") as device:
        reader.subscribe("probe/will/lost")
        device.vanish()
        return _word(reader.comes(b"gone"))


def _kill_retained(nodes: Nodes) -> str:
    """Kill the node that took the message; read at another, or at the same one when it is back."""
    with Guest(nodes.ports[0]) as writer:
        writer.publish("probe/killed", b"kept", retain=True)
    with Guest(nodes.ports[0], "bereft", clean=False) as reader:
        reader.subscribe("probe/bereft")
    with Guest(nodes.ports[0]) as writer:
        writer.publish("probe/bereft", b"waits")
    nodes.kill_node(0)
    at = 1 if len(nodes.ports) > 1 else 0
    if at == 0:
        nodes.start_node(0)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:  # a cluster elects first, and until then retained messages are not told
        with Eventually(lambda: Guest(nodes.ports[at])) as reader:
            if reader.subscribe("probe/killed") and reader.comes(b"kept", QUIET_S):
                return "yes"
        if at == 0:
            break
    return "no"


def _kill_session(nodes: Nodes) -> str:
    """What waited for a reader at the killed node (see above), when the reader comes to another."""
    at = 1 if len(nodes.ports) > 1 else 0
    with Eventually(lambda: Guest(nodes.ports[at], "bereft", clean=False)) as reader:
        return _word(reader.comes(b"waits", 3 * QUIET_S))


QUESTIONS: Sequence[tuple[str, Callable[[Nodes], str]]] = (
    ("MQTT 5", _mqtt5),
    ("QoS 2", _qos2),
    ("payload of 64 KiB", _large),
    ("last will", _will),
    ("retained message", _retained),
    ("… read at another node", _retained_elsewhere),
    ("… whose node was killed", _kill_retained),
    ("messages kept for a reader who is away", _session),
    ("… and comes back to another node", _session_elsewhere),
    ("… because its node was killed", _kill_session),
    ("session expiry set by the client", _expiry),
    ("shared subscription", _shared),
)
"""In the order of the table."""

KILLS = (_kill_retained, _kill_session)


def _word(is_so: bool) -> str:
    return "yes" if is_so else "no"


class Eventually:
    """Connect as soon as a broker that was killed, or whose node was, lets us."""

    def __init__(self, make: Callable[[], Guest]) -> None:
        self._make = make

    def __enter__(self) -> Guest:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            self._guest = self._make()
            try:
                self._guest.__enter__()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
                continue
            if self._guest.refused is None and self._guest.client.is_connected():
                return self._guest
            self._guest.__exit__()

    def __exit__(self, *_: object) -> None:
        self._guest.__exit__()
