"""One device of the fleet: plays a session to the broker as `Publisher` tells a real one."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from backbeat.events import Alert, Step, Summary
from backbeat.fleet.score import Score
from backbeat.mqtt import topics
from backbeat.mqtt.desk import Moment
from backbeat.mqtt.device import open_device
from backbeat.mqtt.payloads import utc_text
from backbeat.mqtt.settings import MqttSettings
from backbeat.mqtt.worker import Runtime

Key = tuple[str, str, int]
"""(session, topic, seq) of a message."""

MOST_FOUND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What a device, or many, did.

    Attributes:
        messages: sent with QoS 0 or acknowledged.
        connected: devices that had a connection at all.
        connections: how often one came up.
        undelivered: messages that the broker had not taken at the end.
    """

    messages: int = 0
    connected: int = 0
    connections: int = 0
    undelivered: int = 0

    @property
    def reconnects(self) -> int:
        """Connections after a device's first."""
        return self.connections - self.connected

    def __add__(self, other: Count) -> Count:
        return Count(
            messages=self.messages + other.messages,
            connected=self.connected + other.connected,
            connections=self.connections + other.connections,
            undelivered=self.undelivered + other.undelivered,
        )


class Player:
    """Plays a score again and again until it is told to end; on the loop's thread only."""

    def __init__(
        self,
        score: Score,
        settings: MqttSettings,
        runtime: Runtime,
        report: Callable[[str], None],
        *,
        stretch: float,
        chance: random.Random,
    ) -> None:
        """A device that connects at once.

        Args:
            score: what it tells.
            settings: the broker, with this device's team and runner.
            runtime: of the loop.
            report: told what goes wrong, in words for people.
            stretch: so many times faster than in life alerts and the summary follow each other; `live` and `step`
                keep to life's pace.
            chance: its own.
        """
        self._score, self._stretch, self._chance = score, stretch, chance
        self._steps = settings.steps
        device = open_device(settings, score.info, lasting=True, report=report, runtime=runtime)
        self._courier, self._desk, self._post = device.courier, device.desk, device.courier.worker.post
        self._topics = settings.topics
        self._loop = asyncio.get_running_loop()
        self._session = ""
        self._sessions: list[str] = []
        self._begun = 0.0
        self._waiting: deque[Alert | Summary] = deque()
        self._playing: asyncio.Task[None] | None = None

    @property
    def count(self) -> Count:
        """What it did so far."""
        courier = self._courier
        return Count(
            messages=courier.carried,
            connected=min(courier.connections, 1),
            connections=courier.connections,
            undelivered=courier.undelivered,
        )

    def play(self) -> None:
        """Begin to tell."""
        self._playing = self._loop.create_task(self._play())

    async def end(self, patience_s: float) -> list[Key]:
        """End the session with its summary, take leave; the keys of all alerts and summaries it had to tell."""
        if self._playing is not None:
            self._playing.cancel()
            whole = self._stretch > 1.0  # in so short a time the session is always told to its end
            for event in self._waiting if whole else list(self._waiting)[-1:]:
                self._keep(event)
        kept = self._loop.create_future()
        courier = self._courier
        self._post(lambda: kept.set_result(self._kept()))
        keys: list[Key] = await kept
        courier.begin_end(patience_s)
        while not courier.worker.ended.is_set():
            await asyncio.sleep(0.05)
        return keys

    async def _play(self) -> None:
        await asyncio.sleep(self._chance.random())  # not all in the same moment
        self._begin()
        at = self._loop.time()
        while True:
            self._second(self._loop.time() - self._begun)
            at += 1.0
            await asyncio.sleep(at - self._loop.time())

    def _begin(self) -> None:
        """Another session."""
        self._session = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        self._sessions.append(self._session)
        self._begun = self._loop.time()
        self._waiting = deque(self._score.kept)

    def _second(self, elapsed: float) -> None:
        """What becomes known in a second."""
        now = elapsed * self._stretch
        while self._waiting and self._waiting[0].known_at <= now:
            self._keep(self._waiting.popleft())
        if not self._waiting:
            self._begin()
            now = 0.0
        live = self._score.lives[min(int(now), len(self._score.lives) - 1)]
        self._post(partial(self._desk.live, replace(live, session=self._session), utc_text(time.time())))
        if self._steps:
            for step in self._score.steps:
                if now <= step.known_at < now + 1.0:
                    self._loop.call_later(step.known_at - now, self._step, step)

    def _step(self, step: Step) -> None:
        self._post(partial(self._desk.step, step, self._moment()))

    def _keep(self, event: Alert | Summary) -> None:
        if isinstance(event, Summary):
            self._post(partial(self._desk.summary, replace(event, session=self._session), self._moment()))
        else:
            self._post(partial(self._desk.alert, event, self._moment()))

    def _moment(self) -> Moment:
        return Moment(utc=utc_text(time.time()), session=self._session)

    def _kept(self) -> list[Key]:
        outbox, keys = self._courier.outbox, []
        for session in self._sessions:
            alerts = outbox.find(self._topics.of(topics.ALERT), session, 1, MOST_FOUND, MOST_FOUND)
            summary = outbox.retained(self._topics.of(topics.SESSION_SUMMARY, session=session))
            keys += [(session, kept.topic, kept.seq) for kept in (*alerts, *([summary] if summary else []))]
        return keys
