"""One worker of the archive: takes messages, keeps them in batches, and only then lets the broker forget them."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import islice

from backbeat.collect import gaps
from backbeat.collect.archive import Archive, DatabaseAwayError
from backbeat.collect.messages import Rejected, Row, read, read_list
from backbeat.collect.search import Search
from backbeat.collect.subscription import Arrived, Subscription
from backbeat.collect.wanted import REPLIES, Wanted
from backbeat.errors import printable
from backbeat.mqtt.attempts import Pauses
from backbeat.mqtt.payloads import decoded, encoded
from backbeat.mqtt.settings import MqttSettings

BATCH, BATCH_BYTES = 500, 4 * 1024 * 1024
"""Messages kept in one transaction: however long somebody makes them, the database has them within its patience."""

MOST_AGE_S = 0.5
"""A message waits no longer for others to share its transaction."""

PASSING_KEPT = 10_000
"""Messages with QoS 0 wait in memory for a database that is away; then the oldest go."""

PASSING_KEPT_BYTES = 64 * 1024 * 1024
"""And of them no more, however long somebody makes them."""

LAST_PATIENCE_S = 3.0
"""With the database, once an end is asked for; what it does not take then waits at the broker."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
LOOK_EVERY_S = 10.0
"""Between two looks for missing alerts."""


class Collector:
    """From the broker into the archive, until it is stopped."""

    def __init__(
        self,
        settings: MqttSettings,
        wants: Wanted,
        archive: Archive,
        *,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """A worker that has not begun.

        Args:
            settings: the broker.
            wants: what to subscribe.
            archive: where to keep it.
            report: told in words for people what they should know.
            clock: monotonic seconds.
            utc_now: the present time.
            jitter: 0 to 1.
        """
        self._archive, self._report, self._clock, self._utc_now = archive, report, clock, utc_now
        self._subscription = Subscription(
            settings, wants, take=self._take, lost=self._lost, report=report, clock=clock, jitter=jitter
        )
        self._stopped = threading.Event()
        # what waits to be kept
        self._owed: dict[tuple[str, bytes], list[int]] = {}
        self._passing: deque[tuple[str, bytes]] = deque()
        self._passing_bytes = 0
        self._oldest: float | None = None
        # the database
        self._away: str | None = None
        self._pauses = Pauses(FIRST_PAUSE_S, LONGEST_PAUSE_S, jitter)
        self._retry_at = 0.0
        self._dropping_told = self._forgetting_told = False
        # missing alerts
        self._look_at = clock() + LOOK_EVERY_S
        self._search = Search(archive, clock, utc_now)
        self.counts: Counter[str] = Counter()

    def stop(self) -> None:
        """Ask for an end; may be called from another thread or a signal handler."""
        self._stopped.set()
        self._archive.hurry(LAST_PATIENCE_S)

    def run(self, each_step: Callable[[], None] = lambda: None) -> None:
        """Collect until `stop`; `each_step` is called all the time, at least once a second.

        Raises:
            UserError: broker or database refuse us for good.
        """
        try:
            self._store([])  # what is wrong with the database is told before the first message
            while not self._stopped.is_set():
                self.step()
                each_step()
            if self._away is None:
                self._keep()
        finally:
            self._subscription.close()
            self._archive.close()

    def step(self) -> None:
        """Wait for the next message, at most a second; keep what is due."""
        before = len(self._owed) + len(self._passing)
        if not self._subscription.step(self._patience()):
            self._stopped.wait(0.2)
        idle = len(self._owed) + len(self._passing) == before
        now = self._clock()
        if self._away is not None and now >= self._retry_at:
            if self._store([]):
                self._keep()
        elif self._oldest is not None and self._away is None:
            full = len(self._owed) + len(self._passing) >= BATCH
            if full or (idle and self._owed) or now - self._oldest >= MOST_AGE_S:
                self._keep()
        if now >= self._look_at and self._subscription.connected and self._away is None:
            self._look_at = now + LOOK_EVERY_S
            self._look_for_gaps()

    def _patience(self) -> float:
        if self._oldest is None or self._away is not None:
            return 0.5
        return 0.0 if self._owed else MOST_AGE_S / 5

    def _take(self, message: Arrived) -> None:
        if self._oldest is None:
            self._oldest = self._clock()
        content = message.topic, message.payload
        if message.number is not None:
            self._owed.setdefault(content, []).append(message.number)  # a second delivery waits with the first
            return
        self._passing.append(content)
        self._passing_bytes += len(message.payload)
        while len(self._passing) > PASSING_KEPT or self._passing_bytes > PASSING_KEPT_BYTES:
            self._pass_on()
            if not self._dropping_told:
                self._dropping_told = True
                self._report(
                    f"More than {PASSING_KEPT} live messages wait for the database: the oldest are dropped. "
                    "Alerts and summaries wait at the broker."
                )

    def _pass_on(self) -> None:
        self._passing_bytes -= len(self._passing.popleft()[1])

    def _lost(self) -> None:
        """The broker sends again what was not acknowledged, with other numbers perhaps."""
        for numbers in self._owed.values():
            numbers.clear()

    def _keep(self) -> None:
        """Everything that waits goes into the archive, in batches; then the broker may forget it."""
        while self._owed or self._passing:
            owed, passing = _batch(self._owed), _batch(self._passing)
            if not self._store([*owed, *passing]):
                return
            for content in owed:
                self._subscription.acknowledge(self._owed.pop(content))
            for _ in passing:
                self._pass_on()
        self._oldest = None

    def _store(self, contents: Iterable[tuple[str, bytes]]) -> bool:
        """Whether the database has them now."""
        rows: list[Row] = []
        rejected: list[Rejected] = []
        replies: list[bytes] = []
        for topic, payload in contents:
            if topic.endswith(f"/{REPLIES}"):
                replies.append(payload)
                continue
            if not payload:
                continue  # a broker was told to forget a retained message; an archive forgets nothing
            for found in read_list(topic, payload) if _is_list(topic) else [read(topic, payload)]:
                (rows if isinstance(found, Row) else rejected).append(found)  # type: ignore[arg-type]
        try:
            self.counts += self._archive.store(rows, rejected, self._utc_now())
            self._note_replies(replies)
        except DatabaseAwayError as error:
            self._wait_for_database(str(error))
            return False
        if self._away is not None:
            self._report(f"The database {self._archive.name} can be used again.")
        self._away, self._dropping_told = None, False
        self._pauses.succeeded()
        if self.counts["forgotten"] and not self._forgetting_told:
            self._forgetting_told = True
            self._report("More messages are rejected than the archive keeps: the oldest are forgotten. See `rejected`.")
        self._search.new_alerts({row.values["topic"] for row in rows if row.kind == "alert"})
        return True

    def _wait_for_database(self, reason: str) -> None:
        if self._away is None:
            self._report(
                f"The database {self._archive.name} cannot be used: {reason}. "
                "Waiting for it; alerts and summaries wait at the broker meanwhile."
            )
        self._away = reason
        self._retry_at = self._clock() + self._pauses.after_failure()

    def _look_for_gaps(self) -> None:
        try:
            for question in self._search.questions():
                # or a worker that is gone may get its share again
                self._subscription.listen_alone(question.answered_on)
                self._subscription.publish(question.topic, encoded(question.body))
                self.counts["asked"] += 1
        except DatabaseAwayError as error:
            self._wait_for_database(str(error))

    def _note_replies(self, replies: Iterable[bytes]) -> None:
        for payload in replies:
            try:
                reply = decoded(payload)
                missing = list(reply["result"].get("missing", []))
                error = "" if reply["ok"] else printable(str(reply["error"]))[:500]
                identity = gaps.IDENTITY.fullmatch(reply["id"])
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                continue  # an answer to somebody else's question, or none at all
            if identity:
                with self._archive.transaction() as connection:
                    gaps.answered(connection, identity[1], missing, error)


def _batch(waiting: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The first of what waits: at least one, where there is any."""
    size = 0
    batch: list[tuple[str, bytes]] = []
    for content in islice(waiting, BATCH):
        size += len(content[1])
        if batch and size > BATCH_BYTES:
            break
        batch.append(content)
    return batch


def _is_list(topic: str) -> bool:
    return "/session/" in topic and topic.endswith("/alerts")
