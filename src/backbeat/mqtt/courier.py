"""The courier: one thread that owns the outbox and the connection; `Delivery` brings the one's messages to the other.

Everything that happens (an event to tell, an acknowledgement, a lost connection, a timer) is a job in its queue, so
that nothing here needs a lock, and who posts a job never waits for the network.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from backbeat.mqtt import delivery, refusals
from backbeat.mqtt.attempts import Pauses, Versions
from backbeat.mqtt.delivery import Delivery
from backbeat.mqtt.link import Incoming, Link, Outgoing
from backbeat.mqtt.outbox import Outbox
from backbeat.mqtt.settings import MqttError, MqttSettings
from backbeat.mqtt.subscriptions import Subscriptions
from backbeat.mqtt.worker import THREADS, Runtime

STUCK_S = 1.0
"""How much longer than agreed an end may take."""

CONNECT_PATIENCE_S = 15.0
STEADY_S = 5.0
"""A connection that lived so long was a good one; after a shorter one the pauses go on growing."""

SHORT_LIVES = 4
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
REFUSED_PAUSE_S = 600.0
"""A broker that refused us (a bad password, say, or a subscription) is asked again after this, in case somebody has
mended it."""


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
        self._awaited = awaited
        self._first_outcome = threading.Event()
        self._first_trouble: str | None = None
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
            self._delivery.send(message)

    # What happens on the link; see `Listener`.

    def link_up(self, link: Link, known: bool, largest: int | None) -> None:
        """Connected."""
        if link is not self._link:
            return
        self.connections += 1
        self._up, self._up_since = True, self._clock()
        self._delivery.connected(largest)
        self._versions.connected()
        if self._told:
            self._told.clear()
            self._report(f"The broker {self._settings.name} can be reached again.")
        if link.mqtt == "3.1.1" and self._settings.version == "auto" and not self._fallback_told:
            self._fallback_told = True
            self._report(f"The broker {self._settings.name} speaks no MQTT 5; MQTT 3.1.1 is used.")
        self._subscriptions.begin(link, self._correspondent.filters)
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
        self._delivery.lost()
        link.abandon()
        if self._leaving:
            self._finish()
        elif self._versions.failed(reason, code, was_up=was_up):
            self._connect()
        else:
            self._retry(reason, code, was_up=was_up)

    def link_done(self, link: Link, number: int, code: int) -> None:
        """A message is delivered or refused."""
        if link is self._link:
            self.carried += self._delivery.done(number, code)

    def link_message(self, link: Link, message: Incoming) -> None:
        """A message came."""
        if link is self._link:
            self._correspondent.received(message)

    # The thread.

    def _begin(self) -> None:
        self._outbox = self._open_outbox()
        self._delivery = Delivery(
            self._outbox,
            self._clock,
            refused=lambda told: self._report(f"The broker {self._settings.name} {told}."),
            pause=lambda seconds: self.worker.after(seconds, lambda: None),
        )
        self._subscriptions = Subscriptions(
            self._settings.name, self._report, lambda job: self.worker.after(self._after_refusal_s, job)
        )
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
            pause = self._after_refusal_s
        self.worker.after(pause, self._connect)

    @property
    def _after_refusal_s(self) -> float:
        return REFUSED_PAUSE_S * (0.5 + 0.5 * self._jitter())

    def _watch(self, link: Link) -> None:
        if link is not self._link:
            return
        if self._delivery.stuck:
            self.link_down(link, "it acknowledges nothing", None)
        else:
            self.worker.after(delivery.ACKNOWLEDGE_PATIENCE_S / 4, partial(self._watch, link))

    def _pump(self) -> None:
        """Send what may be sent."""
        link = self._link
        if link is not None and self._up:
            self._delivery.pump(link)
        if self._ending:
            self._pump_end(link)

    def _begin_end(self, patience_s: float) -> None:
        self._ending = True
        self.worker.after(patience_s, self._finish)

    def _pump_end(self, link: Link | None) -> None:
        if not self._delivery.idle or self._leaving:
            return
        if link is None or not self._up:
            if not self._outbox.waiting(0, 1):
                self._finish()
        elif not self._delivery.waiting:
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
