"""The courier: one thread that owns the outbox and the connection, and brings the one's messages to the other.

Everything that happens (an event to tell, an acknowledgement, a lost connection, a timer) is a job in its queue, so
that nothing here needs a lock, and who posts a job never waits for the network.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from backbeat.mqtt import refusals
from backbeat.mqtt.attempts import Pauses, Versions
from backbeat.mqtt.link import Incoming, Link, Outgoing
from backbeat.mqtt.outbox import Message, Outbox
from backbeat.mqtt.settings import MqttError, MqttSettings
from backbeat.mqtt.worker import THREADS, Runtime

WINDOW = 20
"""Unacknowledged messages at a time: few enough that a broker with a small inflight limit takes them in order."""

PASSING_WINDOW = 100
"""Messages with QoS 0 handed to the socket and not yet written."""

PASSING_KEPT = 2000
"""Messages that are not kept wait in memory for the socket; the oldest goes first."""

FIRST_FAILURE = 0x80
"""Reason codes from here on are refusals."""

STUCK_S = 1.0
"""How much longer than agreed an end may take."""

CONNECT_PATIENCE_S = 15.0
ACKNOWLEDGE_PATIENCE_S = 20.0
STEADY_S = 5.0
"""A connection that lived so long was a good one; after a shorter one the pauses go on growing."""

SHORT_LIVES = 4
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
REFUSED_PAUSE_S = 600.0
"""A broker that refused us (a bad password, say) is asked again after this, in case somebody has mended it."""

BUSY_PAUSE_S = 60.0
"""A broker that refused a message for a reason that passes (quota) gets it again after this."""


class Correspondent:
    """What a courier is asked to do besides carrying; all on the courier's thread."""

    filters: Sequence[str] = ()
    """Topic filters to subscribe."""

    def connected(self) -> None:
        """A connection is up; say hello."""

    def received(self, message: Incoming) -> None:
        """A message came."""

    def farewell(self) -> None:
        """Last words before an orderly end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who connects.

    Attributes:
        client_id: unique at the broker.
        will: sent by the broker when this device is lost.
        keep_session: the broker keeps commands while this device is away.
    """

    client_id: str
    will: Outgoing
    keep_session: bool


class Courier:
    """Carries messages from the outbox to the broker for as long as it takes."""

    def __init__(
        self,
        settings: MqttSettings,
        identity: Identity,
        open_outbox: Callable[[], Outbox],
        *,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        awaited: bool = False,
        runtime: Runtime = THREADS,
    ) -> None:
        """A courier that has not yet started.

        Args:
            settings: the broker.
            identity: who connects.
            open_outbox: called on the courier's thread, which then owns it.
            report: told in words for people what they should know.
            clock: monotonic seconds.
            awaited: somebody calls `wait_connected` and hears there what is wrong with the first connection.
            jitter: 0 to 1, so that a team's devices do not all come back in the same moment.
            runtime: on which threads it works; threads of its own unless told.
        """
        self._settings, self._identity, self._open_outbox = settings, identity, open_outbox
        self._report, self._clock, self._jitter = report, clock, jitter
        self._correspondent = Correspondent()
        self._drive = runtime.drive
        self.worker = runtime.worker(
            "mqtt-courier",
            begin=self._begin,
            after_jobs=self._after_jobs,
            end=lambda: self._outbox.close(),
            clock=clock,
            report=report,
        )
        self.connections = 0
        """How often a connection came up."""
        self.carried = 0
        """Messages sent with QoS 0 or acknowledged."""
        # the connection
        self._versions = Versions(settings.version)
        self._fallback_told = False
        self._link: Link | None = None
        self._up = False
        self._up_since = 0.0
        self._pauses = Pauses(FIRST_PAUSE_S, LONGEST_PAUSE_S, jitter)
        self._told: set[str] = set()
        self._refusals_told: set[str] = set()
        self._awaited = awaited
        self._first_outcome = threading.Event()
        self._first_trouble: str | None = None
        # what is on the way
        self._largest: int | None = None
        self._cursor = 0
        self._on_the_way: dict[int, Message] = {}
        self._passing: deque[Outgoing] = deque(maxlen=PASSING_KEPT)
        self._passing_on_the_way: set[int] = set()
        self._progress = 0.0
        self._paused_until = 0.0
        # the end
        self._ending = self._farewell_said = self._leaving = False
        self.undelivered = 0

    # From any thread.

    def start(self, correspondent: Correspondent) -> None:
        """Start the thread and connect."""
        self._correspondent = correspondent
        self.worker.start()

    def wait_connected(self, patience_s: float) -> str | None:
        """Wait for the first connection; None once it is up, else what is wrong."""
        if not self._first_outcome.wait(patience_s):
            return "does not answer"
        return self._first_trouble

    def end(self, patience_s: float) -> int | None:
        """Deliver what waits, take leave and stop.

        Returns:
            How many messages could not be delivered; None where that is not known, since a disk or a network holds the
            thread up for longer than this and a second.
        """
        self.begin_end(patience_s)
        return self.undelivered if self.worker.ended.wait(patience_s + STUCK_S) else None

    def begin_end(self, patience_s: float) -> None:
        """The same without waiting; `worker.ended` tells when, and `undelivered` how many were left."""
        self.worker.post(partial(self._begin_end, patience_s))

    # On the courier's thread.

    @property
    def outbox(self) -> Outbox:
        """The outbox; on the courier's thread only."""
        return self._outbox

    @property
    def connected(self) -> bool:
        """Whether what is sent now is sent."""
        return self._up

    def send(self, message: Outgoing) -> None:
        """Send something that is not kept: now or, without a connection, never."""
        if self._up:
            self._passing.append(message)

    # What happens on the link; see `Listener`.

    def link_up(self, link: Link, known: bool, largest: int | None) -> None:
        """Connected."""
        if link is not self._link:
            return
        self.connections += 1
        self._up, self._up_since, self._largest = True, self._clock(), largest
        self._cursor, self._progress, self._paused_until = 0, self._clock(), 0.0
        self._versions.connected()
        if self._told:
            self._told.clear()
            self._report(f"The broker {self._settings.name} can be reached again.")
        if link.mqtt == "3.1.1" and self._settings.version == "auto" and not self._fallback_told:
            self._fallback_told = True
            self._report(f"The broker {self._settings.name} speaks no MQTT 5; MQTT 3.1.1 is used.")
        link.subscribe(self._correspondent.filters)
        if not known:
            self._outbox.tell_again()
        self._correspondent.connected()
        self._watch(link)
        self._first_trouble = None
        self._first_outcome.set()

    def link_down(self, link: Link, reason: str, code: int | None) -> None:
        """Not connected, or no longer."""
        if link is not self._link:
            return
        was_up, self._up, self._link = self._up, False, None
        if was_up and self._clock() - self._up_since > STEADY_S:
            self._pauses.succeeded()
        self._on_the_way.clear()
        self._passing.clear()
        self._passing_on_the_way.clear()
        link.abandon()
        if self._leaving:
            self._finish()
        elif self._versions.failed(reason, code, was_up=was_up):
            self._connect()
        else:
            self._retry(reason, code, was_up=was_up)

    def link_done(self, link: Link, number: int, code: int) -> None:
        """A message is delivered or refused."""
        if link is not self._link:
            return
        self._progress = self._clock()
        self.carried += code < FIRST_FAILURE
        self._passing_on_the_way.discard(number)
        message = self._on_the_way.pop(number, None)
        if message is None:
            return
        if code < FIRST_FAILURE:
            self._outbox.delivered(message)
        else:
            self._refused(message, code)

    def link_message(self, link: Link, message: Incoming) -> None:
        """A message came."""
        if link is self._link:
            self._correspondent.received(message)

    # The thread.

    def _begin(self) -> None:
        self._outbox = self._open_outbox()
        self._connect()

    def _after_jobs(self) -> None:
        """Write what the jobs kept in one transaction, then send."""
        self._outbox.flush()
        self._pump()

    def _connect(self) -> None:
        if self.worker.ended.is_set():
            return
        try:
            link = Link(
                self._settings,
                mqtt=self._versions.present,
                client_id=self._identity.client_id,
                will=self._identity.will,
                keep_session=self._identity.keep_session,
                listener=self,
                post=self.worker.post,
                drive=self._drive,
            )
        except MqttError as error:  # the password file is gone, say
            self._retry(f"({error})", None)
            return
        self._link, self._up = link, False
        link.open()
        self.worker.after(CONNECT_PATIENCE_S, lambda: None if self._up else self.link_down(link, "no answer", None))

    def _retry(self, reason: str, code: int | None, *, was_up: bool = False) -> None:
        refusal = refusals.why_not(reason, code)
        sentence = refusal.sentence
        if was_up and self._pauses.failures >= SHORT_LIVES:
            sentence = "drops us again and again; if another device has the same team and runner, give each its own"
        if sentence not in self._told:  # each trouble once, until it is over
            self._told.add(sentence)
            if not self._awaited or self._first_outcome.is_set():
                self._report(f"The broker {self._settings.name} {sentence}.")
        self._first_trouble = sentence
        self._first_outcome.set()
        pause = self._pauses.after_failure()
        if refusal.lasting:
            pause = REFUSED_PAUSE_S * (0.5 + 0.5 * self._jitter())
        self.worker.after(pause, self._connect)

    def _watch(self, link: Link) -> None:
        """A broker that takes messages and acknowledges none is as good as gone."""
        if link is not self._link:
            return
        if self._on_the_way and self._clock() - self._progress > ACKNOWLEDGE_PATIENCE_S:
            self.link_down(link, "it acknowledges nothing", None)
        else:
            self.worker.after(ACKNOWLEDGE_PATIENCE_S / 4, partial(self._watch, link))

    def _pump(self) -> None:
        """Send what may be sent."""
        link = self._link
        if link is not None and self._up:
            while self._passing and len(self._passing_on_the_way) < PASSING_WINDOW:
                self._passing_on_the_way.add(link.publish(self._passing.popleft()))
            if self._clock() >= self._paused_until:
                self._pump_kept(link)
        if self._ending:
            self._pump_end(link)

    def _pump_kept(self, link: Link) -> None:
        if not self._on_the_way:
            self._progress = self._clock()
        for message in self._outbox.waiting(self._cursor, WINDOW - len(self._on_the_way)):
            self._cursor = message.id
            outgoing = Outgoing(
                topic=message.topic, payload=message.payload, channel=message.channel, qos=1, retain=message.retain
            )
            if self._largest is not None and len(outgoing.payload) + len(outgoing.topic) + 100 > self._largest:
                self._refused(message, refusals.PACKET_TOO_LARGE)
            else:
                self._on_the_way[link.publish(outgoing)] = message

    def _refused(self, message: Message, code: int) -> None:
        refusal = refusals.MESSAGE.get(code)
        reason = refusal.sentence if refusal else f"reason 0x{code:02x}; it is tried again"
        sentence = f"refused {message.topic}: {reason}"
        if sentence not in self._refusals_told:
            self._refusals_told.add(sentence)
            self._report(f"The broker {self._settings.name} {sentence}.")
        if refusal and refusal.lasting:
            self._outbox.refused(message)
        else:
            self._cursor = 0
            self._paused_until = self._clock() + BUSY_PAUSE_S
            self._on_the_way.clear()  # they come again with the one that was refused, in order
            self.worker.after(BUSY_PAUSE_S, lambda: None)

    def _begin_end(self, patience_s: float) -> None:
        self._ending = True
        self.worker.after(patience_s, self._finish)

    def _pump_end(self, link: Link | None) -> None:
        if self._passing or self._passing_on_the_way or self._on_the_way or self._leaving:
            return
        if link is None or not self._up:
            if not self._outbox.waiting(0, 1):
                self._finish()
        elif not self._outbox.waiting(self._cursor, 1):
            if not self._farewell_said:
                self._farewell_said = True
                self._correspondent.farewell()
                self.worker.post(lambda: None)  # come back here
            else:
                self._leaving = True
                link.close()

    def _finish(self) -> None:
        if self._link is not None:
            self._link.abandon()
        self.undelivered = self._outbox.count_waiting()
        self.worker.ended.set()
