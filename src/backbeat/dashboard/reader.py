"""The reader: one connection to the broker for all pages, on the event loop of the web server, so nothing needs a lock.

It connects as the publisher does (`backbeat.mqtt.link`), again and again for as long as it takes, and says why while
it cannot.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from backbeat.dashboard.runner import Runner, Told
from backbeat.dashboard.team import Layout, Team
from backbeat.mqtt import refusals
from backbeat.mqtt.attempts import Pauses, Versions
from backbeat.mqtt.link import Incoming, Link, Outgoing
from backbeat.mqtt.payloads import encoded
from backbeat.mqtt.settings import MqttError, MqttSettings
from backbeat.mqtt.topics import COMMAND, Topics

CONNECT_PATIENCE_S = 15.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 15.0
"""Between attempts; a person waits in front of the page."""

ANSWER_PATIENCE_S = 10.0
"""A device that is there answers an acknowledgement sooner."""

NOT_YET = "The runner's device has not answered yet; it is told when it is back."


class Reader:
    """Keeps a `Team` up to date and tells watchers when something cannot wait for the next second."""

    def __init__(self, settings: MqttSettings, layout: Layout, clock: Callable[[], float] = time.monotonic) -> None:
        """A reader that has not yet connected.

        Args:
            settings: the broker.
            layout: what to read.
            clock: monotonic seconds.
        """
        self.team = Team(layout)
        self.trouble: str | None = f"Connecting to the broker {settings.name}."
        self._settings, self._layout, self._clock = settings, layout, clock
        self._versions = Versions(settings.version)
        self._pauses = Pauses(FIRST_PAUSE_S, LONGEST_PAUSE_S, random.random)
        self._link: Link | None = None
        self._up = False
        self._under_way: dict[int, tuple[Runner, tuple[str, int]]] = {}  # acknowledgements, by the message's number
        self._watchers: set[Callable[[], None]] = set()
        self._told = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = False

    def now(self) -> float:
        """The time on this reader's clock, s."""
        return self._clock()

    def start(self) -> None:
        """Connect; call it on the event loop."""
        self._loop = asyncio.get_running_loop()
        self._connect()

    def stop(self) -> None:
        """Take leave of the broker."""
        self._ended = True
        if self._link is not None:
            self._link.close()

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Have a function called when something is to be seen at once; the answer ends that."""
        self._watchers.add(watcher)
        return lambda: self._watchers.discard(watcher)

    def acknowledge(self, runner: Runner, told: Told, by: str) -> str | None:
        """Tell the runner's device that somebody has seen an alert; what is wrong if that cannot be sent."""
        link = self._link
        if link is None or not self._up:
            return "The broker is away; nothing was sent."
        key = (told.session, told.seq)
        runner.answers[key] = ""
        command = {
            "id": f"{told.session}/{told.seq}/{secrets.token_hex(4)}",
            "session": told.session,
            "seq": told.seq,
            "by": by[:64],
        }
        topic = Topics(self._layout.root_of(runner.team, runner.id)).of(COMMAND, command="ack")
        number = link.publish(Outgoing(topic=topic, payload=encoded(command), channel="cmd-ack", qos=1))
        self._under_way[number] = runner, key
        self._later(ANSWER_PATIENCE_S, lambda: self._unanswered(runner, key))
        self._tell()
        return None

    # What happens on the link; see `backbeat.mqtt.link.Listener`.

    def link_up(self, link: Link, known: bool, largest: int | None) -> None:  # noqa: ARG002
        """Connected."""
        if link is not self._link:
            return
        self._pauses.succeeded()
        self._versions.connected()
        link.subscribe([self._layout.filter], partial(self._answered, link))

    def _answered(self, link: Link, refused: Mapping[str, str]) -> None:
        """The broker lets us read, or not: then it says the same again until somebody has mended it."""
        if link is not self._link:
            return
        self._up, self.trouble = not refused, None
        for each, reason in refused.items():
            told = refusals.no_reading(self._settings.name, each, reason)
            self.trouble = f"{told} Or name the team with --team. Trying again."
        if refused:
            self._link = None
            link.close()
            self._later(LONGEST_PAUSE_S, self._connect)
        self._tell()

    def link_down(self, link: Link, reason: str, code: int | None) -> None:
        """Not connected, or no longer."""
        if link is not self._link:
            return
        was_up, self._up, self._link = self._up, False, None
        self._under_way.clear()  # the next connection numbers anew
        link.abandon()
        if self._ended:
            return
        if self._versions.failed(reason, code, was_up=was_up):
            self._connect()
            return
        self.trouble = f"The broker {self._settings.name} {refusals.why_not(reason, code).sentence}. Trying again."
        self._later(self._pauses.after_failure(), self._connect)
        self._tell()

    def link_done(self, link: Link, number: int, code: int) -> None:
        """A message is delivered or refused."""
        asked = self._under_way.pop(number, None) if link is self._link else None
        if asked is None or code not in refusals.MESSAGE:
            return
        runner, key = asked
        if runner.answers.get(key) == "":
            runner.answers[key] = f"The broker did not take it: {refusals.MESSAGE[code].sentence}."
            self._tell()

    def link_message(self, link: Link, message: Incoming) -> None:
        """A message came."""
        if link is self._link and self.team.take(message.topic, message.payload, message.retained, self._clock()):
            self._tell()

    # The event loop.

    def _connect(self) -> None:
        if self._ended:
            return
        try:
            link = Link(
                self._settings,
                mqtt=self._versions.present,
                client_id=f"backbeat-dashboard-{secrets.token_hex(4)}",
                will=None,
                keep_session=False,
                listener=self,
                post=self._post,
            )
        except MqttError as error:  # the password file is gone, say
            self.trouble = str(error)
            self._later(LONGEST_PAUSE_S, self._connect)
            self._tell()
            return
        self._link, self._up = link, False
        link.open()
        self._later(CONNECT_PATIENCE_S, lambda: None if self._up else self.link_down(link, "no answer", None))

    def _unanswered(self, runner: Runner, key: tuple[str, int]) -> None:
        if runner.answers.get(key) == "":
            runner.answers[key] = NOT_YET
            self._tell()

    def _tell(self) -> None:
        """Many messages in one go are one telling."""
        if not self._told and self._loop is not None:
            self._told = True
            self._loop.call_soon(self._tell_now)

    def _tell_now(self) -> None:
        self._told = False
        for watcher in list(self._watchers):
            watcher()

    def _post(self, job: Callable[[], None]) -> None:
        """From the connection's own thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # the server has ended
                self._loop.call_soon_threadsafe(job)

    def _later(self, seconds: float, job: Callable[[], None]) -> None:
        if self._loop is not None:
            self._loop.call_later(seconds, job)
