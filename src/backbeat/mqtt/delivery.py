"""What is on the way to the broker: which messages go next, and what becomes of them. On the courier's thread only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from backbeat.mqtt import refusals
from backbeat.mqtt.link import Link, Outgoing
from backbeat.mqtt.outbox import Message, Outbox

WINDOW = 20
"""Unacknowledged messages at a time: few enough that a broker with a small inflight limit takes them in order."""

PASSING_WINDOW = 100
"""Messages with QoS 0 handed to the socket and not yet written."""

PASSING_KEPT = 2000
"""Messages that are not kept wait in memory for the socket; the oldest goes first."""

FIRST_FAILURE = 0x80
"""Reason codes from here on are refusals."""

ACKNOWLEDGE_PATIENCE_S = 20.0

BUSY_PAUSE_S = 60.0
"""A broker that refused a message for a reason that passes (quota) gets it again after this."""

HEADER_BYTES = 100
"""More than a publish packet has beside topic and payload."""


@dataclass(slots=True)
class Delivery:
    """Brings the outbox's messages over one connection after the other, in order.

    Attributes:
        outbox: what must arrive.
        clock: monotonic seconds.
        refused: told of each refusal once, in words that go on after "The broker x".
        pause: calls for a look (`pump`) after so many seconds.
    """

    outbox: Outbox
    clock: Callable[[], float]
    refused: Callable[[str], None]
    pause: Callable[[float], None]
    _largest: int | None = None
    _cursor: int = 0
    _on_the_way: dict[int, Message] = field(default_factory=dict)
    _passing: deque[Outgoing] = field(default_factory=lambda: deque(maxlen=PASSING_KEPT))
    _passing_on_the_way: set[int] = field(default_factory=set)
    _progress: float = 0.0
    _paused_until: float = 0.0
    _told: set[str] = field(default_factory=set)

    @property
    def idle(self) -> bool:
        """Nothing is on the way, and of what is not kept nothing waits."""
        return not (self._passing or self._passing_on_the_way or self._on_the_way)

    @property
    def stuck(self) -> bool:
        """The broker takes messages and acknowledges none: it is as good as gone."""
        return bool(self._on_the_way) and self.clock() - self._progress > ACKNOWLEDGE_PATIENCE_S

    @property
    def waiting(self) -> bool:
        """A kept message has not been handed to this connection yet."""
        return bool(self.outbox.waiting(self._cursor, 1))

    def connected(self, largest: int | None) -> None:
        """A connection is up, which takes packets of so many bytes; the oldest message is the next."""
        self._largest, self._cursor, self._progress, self._paused_until = largest, 0, self.clock(), 0.0

    def lost(self) -> None:
        """The connection is gone, and with it the knowledge of what arrived."""
        self._on_the_way.clear()
        self._passing.clear()
        self._passing_on_the_way.clear()

    def send(self, message: Outgoing) -> None:
        """Send something that is not kept."""
        self._passing.append(message)

    def pump(self, link: Link) -> None:
        """Send what may be sent."""
        while self._passing and len(self._passing_on_the_way) < PASSING_WINDOW:
            self._passing_on_the_way.add(link.publish(self._passing.popleft()))
        if self.clock() < self._paused_until:
            return
        if not self._on_the_way:
            self._progress = self.clock()
        sent = {message.id for message in self._on_the_way.values()}
        for message in self.outbox.waiting(self._cursor, WINDOW - len(sent)):
            self._cursor = message.id
            if message.id not in sent:
                self._publish(message, link)

    def done(self, number: int, code: int) -> bool:
        """A message is delivered or refused (see `Listener.link_done`); whether it is delivered."""
        self._progress, taken = self.clock(), code < FIRST_FAILURE
        self._passing_on_the_way.discard(number)
        message = self._on_the_way.pop(number, None)
        if message is not None:
            if taken:
                self.outbox.delivered(message)
            else:
                self._refused(message, code)
        return taken

    def _publish(self, message: Message, link: Link) -> None:
        outgoing = Outgoing(
            topic=message.topic, payload=message.payload, channel=message.channel, qos=1, retain=message.retain
        )
        if self._largest is not None and len(outgoing.payload) + len(outgoing.topic) + HEADER_BYTES > self._largest:
            self._refused(message, refusals.PACKET_TOO_LARGE)
        else:
            self._on_the_way[link.publish(outgoing)] = message

    def _refused(self, message: Message, code: int) -> None:
        refusal = refusals.MESSAGE.get(code)
        reason = refusal.sentence if refusal else f"reason 0x{code:02x}; it is tried again"
        sentence = f"refused {message.topic}: {reason}"
        if sentence not in self._told:
            self._told.add(sentence)
            self.refused(sentence)
        if refusal and refusal.lasting:
            self.outbox.refused(message)
        else:  # what went out behind it and is acknowledged is not sent again
            self._cursor = 0
            self._paused_until = self.clock() + BUSY_PAUSE_S
            self.pause(BUSY_PAUSE_S)
