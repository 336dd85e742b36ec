"""The outbox: what must reach the broker waits here on disk until the broker has acknowledged it.

SQLite in WAL mode; alerts and summaries are on the disk (`synchronous=FULL`) when `flush` returns. Delivered alerts
stay as the history from which a reader's gap is filled; of a retained topic the present message stays, so that it can
be told again to a broker that lost its memory. Used from one thread only.
"""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from pathlib import Path

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    channel TEXT NOT NULL,
    session TEXT,
    seq INTEGER NOT NULL,
    retain INTEGER NOT NULL,
    payload BLOB NOT NULL,
    created REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'refused'))
);
CREATE INDEX message_waiting ON message (id) WHERE state = 'waiting';
CREATE INDEX message_key ON message (topic, seq);
CREATE TABLE counter (topic TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
"""

COLUMNS = "id, topic, channel, session, seq, retain, payload"
INSERT = f"INSERT INTO message ({COLUMNS}, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 (no input in it)

PRUNED_EVERY = 256
"""Messages between two looks at the limits."""

CLOCK_UNSET_BEFORE = 1_735_689_600.0
"""2025-01-01: a Raspberry Pi without network shows an older time, which says nothing about a message's age."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message with its number, as it is sent.

    Attributes:
        id: its place in the order of all.
        topic: full.
        channel: name of its channel.
        session: the session's id, or None.
        seq: its number on its topic.
        retain: whether the broker shall keep it.
        payload: empty: the broker shall forget the retained one.
    """

    id: int
    topic: str
    channel: str
    session: str | None
    seq: int
    retain: bool
    payload: bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """How large the outbox may grow. What is delivered goes first, then the oldest that waits.

    Attributes:
        rows: messages that are not retained.
        megabytes: all payloads together.
        days: after which a message is dropped, delivered or not.
        sessions: whose retained messages are kept at the broker.
    """

    rows: int = 20_000
    megabytes: float = 20.0
    days: float = 90.0
    sessions: int = 50


class Outbox:
    """Messages that wait for the broker, and those that it had."""

    def __init__(
        self,
        path: Path | None,
        limits: Limits | None = None,
        *,
        report: Callable[[str], None],
        wall: Callable[[], float] = time.time,
    ) -> None:
        """Open or make the outbox.

        Args:
            path: its file; None keeps it in memory, for a replay that can be run again.
            limits: how large it may grow.
            report: told once of each trouble with the disk, in words for people.
            wall: the present Unix time.
        """
        self._path, self._limits, self._report, self._wall = path, limits or Limits(), report, wall
        self._fault: str | None = None
        self._unsaved: dict[int, Message] = {}
        self._unsaved_states: dict[int, str] = {}
        self._unsaved_counters: dict[str, int] = {}
        self._last_number: dict[str, int] = {}
        self._reserved: dict[str, int] = {}
        self._database = self._opened()
        self._last_id: int = self._one("SELECT coalesce(max(id), 0) FROM message")
        self._until_prune = 0

    def put(
        self,
        topic: str,
        channel: str,
        session: str | None,
        payload: Callable[[int], bytes],
        *,
        retain: bool = False,
    ) -> Message:
        """Take a message over; it is on the disk after `flush`.

        Args:
            topic: full.
            channel: name of its channel.
            session: the session's id, or None.
            payload: makes it from its number; an empty one makes the broker forget what it retains.
            retain: replaces what this topic had before.
        """
        number = self.number(topic)
        return self._put(Message(0, topic, channel, session, number, retain, payload(number)))

    def number(self, topic: str, *, reserve: int = 0) -> int:
        """The next number of a topic.

        Args:
            topic: full.
            reserve: so many further numbers are taken on the disk at once, and lost when Backbeat is killed: for
                topics that are not kept, so that they need no write each time.
        """
        if topic not in self._last_number:
            row = self._database.execute("SELECT last FROM counter WHERE topic = ?", (topic,)).fetchone()
            self._last_number[topic] = self._reserved[topic] = row[0] if row else 0
        self._last_number[topic] += 1
        number = self._last_number[topic]
        if number > self._reserved[topic]:
            self._reserved[topic] = self._unsaved_counters[topic] = number + reserve
        return number

    def flush(self) -> bool:
        """Write everything that is not yet on the disk, in one transaction; whether that worked."""
        if not (self._unsaved or self._unsaved_states or self._unsaved_counters):
            return True
        run = self._database.execute
        try:
            run(f"PRAGMA synchronous = {'FULL' if self._unsaved else 'NORMAL'}")
            run("BEGIN IMMEDIATE")
            try:
                self._write()
                run("COMMIT")
            except sqlite3.Error:
                if self._database.in_transaction:
                    run("ROLLBACK")
                raise
        except sqlite3.Error as error:
            self._failed(f"cannot be written ({error})")
            while len(self._unsaved) > self._limits.rows // 10:  # memory is the limit now
                self._unsaved.pop(next(iter(self._unsaved)))
            return False
        if self._fault:
            self._fault = None
            self._report(f"The outbox {self._path} can be written again.")
        self._until_prune -= len(self._unsaved)
        self._unsaved, self._unsaved_states, self._unsaved_counters = {}, {}, {}
        if self._until_prune < 0:
            self._until_prune = PRUNED_EVERY
            self._prune()
        return True

    def waiting(self, after: int, most: int) -> list[Message]:
        """Messages that the broker has not had, in order, beginning behind the id `after`."""
        if after >= self._last_id:
            return []
        done = self._unsaved_states
        saved = self._messages("state = 'waiting' AND id > ? ORDER BY id LIMIT ?", after, most + len(done))
        unsaved = [message for message in self._unsaved.values() if message.id > after]
        return [message for message in (*saved, *unsaved) if message.id not in done][:most]

    def count_waiting(self) -> int:
        """How many messages the broker has not had."""
        return len(self.waiting(0, self._limits.rows * 2))

    def delivered(self, message: Message) -> None:
        """The broker has acknowledged it."""
        self._unsaved_states[message.id] = "delivered"

    def refused(self, message: Message) -> None:
        """The broker will not have it; it is offered again when Backbeat starts the next time."""
        self._unsaved_states[message.id] = "refused"

    def find(self, topic: str, session: str | None, first: int, last: int, most: int) -> list[Message]:
        """Messages of a topic that is not retained, by number."""
        found = self._messages(
            "topic = ? AND session IS ? AND seq BETWEEN ? AND ? AND NOT retain ORDER BY seq LIMIT ?",
            topic,
            session,
            first,
            last,
            most,
        )
        unsaved = [
            message
            for message in self._unsaved.values()
            if (message.topic, message.session) == (topic, session) and first <= message.seq <= last
        ]
        return (found + unsaved)[:most]

    def retained(self, topic: str) -> Message | None:
        """The present message of a retained topic, None where there is none or it was cleared."""
        unsaved = [message for message in self._unsaved.values() if message.retain and message.topic == topic]
        found = unsaved or self._messages("topic = ? AND retain", topic)
        return found[-1] if found and found[-1].payload else None

    def tell_again(self) -> None:
        """Everything retained waits again: for a broker that has lost its memory."""
        self.flush()
        for message in self._messages("retain AND state = 'delivered' ORDER BY id"):
            self._put(message)

    def forget(self, session: str) -> None:
        """Let the broker forget a session, and forget it here."""
        self.flush()
        for message in self._messages("session = ? AND retain AND topic LIKE '%/session/' || session || '/%'", session):
            self._put(replace(message, payload=b""))

    def drop(self, session: str) -> None:
        """Drop everything of a session here, sent or not."""
        self.flush()
        self._database.execute("DELETE FROM message WHERE session = ?", (session,))

    def forget_old_sessions(self) -> None:
        """Let the broker forget all but the last sessions."""
        self.flush()
        query = "SELECT session FROM message WHERE retain AND session IS NOT NULL AND payload != x'' GROUP BY session"
        for (session,) in self._database.execute(
            query + " ORDER BY max(id) DESC LIMIT -1 OFFSET ?", (self._limits.sessions,)
        ).fetchall():
            self.forget(session)

    def close(self) -> None:
        """Write what can be written, and close the file."""
        self.flush()
        self._database.close()

    def _opened(self) -> sqlite3.Connection:
        if self._path is not None:
            try:
                return _connected(self._path)
            except sqlite3.OperationalError as error:  # no such folder, no permission, another Backbeat has it
                self._failed(f"cannot be opened ({error})")
            except sqlite3.DatabaseError as error:
                self._put_aside(error)
                return _connected(self._path)
        return _connected(None)

    def _put_aside(self, error: sqlite3.DatabaseError) -> None:
        names = (Path(f"{self._path}.damaged-{i}") for i in itertools.count(1))
        aside = next(name for name in names if not name.exists())
        Path(str(self._path)).rename(aside)
        for tail in ("-wal", "-shm"):
            Path(f"{self._path}{tail}").unlink(missing_ok=True)
        self._report(f"The outbox {self._path} is damaged ({error}); it is now {aside}, and a new one begins.")

    def _failed(self, what: str) -> None:
        if what != self._fault:
            self._fault = what
            self._report(
                f"The outbox {self._path} {what}: alerts are still sent, but those that the broker has not had would "
                "not survive a power cut. Free some space or check the disk."
            )

    def _put(self, message: Message) -> Message:
        self._last_id += 1
        message = replace(message, id=self._last_id)
        if message.retain:
            self._unsaved = {i: m for i, m in self._unsaved.items() if not (m.retain and m.topic == message.topic)}
        self._unsaved[message.id] = message
        return message

    def _write(self) -> None:
        now, run = self._wall(), self._database.execute
        for message in self._unsaved.values():
            if message.retain:
                run("DELETE FROM message WHERE topic = ? AND retain", (message.topic,))
            run(INSERT, (*astuple(message), now))
        for number, state in self._unsaved_states.items():
            run("UPDATE message SET state = ? WHERE id = ?", (state, number))
            run("DELETE FROM message WHERE id = ? AND state = 'delivered' AND payload = x''", (number,))
        for topic, last in self._unsaved_counters.items():
            run("INSERT INTO counter VALUES (?, ?) ON CONFLICT DO UPDATE SET last = excluded.last", (topic, last))

    def _prune(self) -> None:
        """Keep within the limits; retained messages are few and stay."""
        run, limits, now = self._database.execute, self._limits, self._wall()
        waiting_before = self._one("SELECT count(*) FROM message WHERE state = 'waiting'")
        if now > CLOCK_UNSET_BEFORE:
            run(
                "DELETE FROM message WHERE NOT retain AND created BETWEEN ? AND ?",
                (CLOCK_UNSET_BEFORE, now - limits.days * 86_400),
            )
        while True:
            rows = self._one("SELECT count(*) FROM message WHERE NOT retain")
            size = self._one("SELECT coalesce(sum(length(payload)), 0) FROM message")
            if not rows or (rows <= limits.rows and size <= limits.megabytes * 1e6):
                break
            run(
                "DELETE FROM message WHERE id IN "
                "(SELECT id FROM message WHERE NOT retain ORDER BY state = 'waiting', id LIMIT ?)",
                (max(rows - limits.rows, rows // 50, 1),),
            )
        lost = waiting_before - self._one("SELECT count(*) FROM message WHERE state = 'waiting'")
        if lost:
            self._report(
                f"The outbox is at its limit ({limits.rows} messages, {limits.megabytes:g} MB, {limits.days:g} days): "
                f"{lost} of the oldest messages were dropped before a broker could be reached."
            )

    def _one(self, query: str) -> int:
        return int(self._database.execute(query).fetchone()[0])

    def _messages(self, where: str, *values: object) -> list[Message]:
        rows = self._database.execute(f"SELECT {COLUMNS} FROM message WHERE {where}", values)  # noqa: S608 (no input)
        return [replace(message, retain=bool(message.retain)) for message in itertools.starmap(Message, rows)]


def _connected(path: Path | None) -> sqlite3.Connection:
    """A database with the present tables; nobody else may open the file while this one does."""
    database = sqlite3.connect(":memory:" if path is None else path, timeout=1.0, isolation_level=None)
    try:
        for line in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"):
            database.execute(f"PRAGMA {line}").fetchall()
        database.execute("BEGIN IMMEDIATE")
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise sqlite3.OperationalError(f"it was written by a newer Backbeat (version {version})")
        if version == 0:
            for statement in SCHEMA.split(";"):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        database.execute("UPDATE message SET state = 'waiting' WHERE state = 'refused'")
        database.execute("COMMIT")
        if database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("its pages do not fit together")
    except sqlite3.Error:
        database.close()
        raise
    return database
