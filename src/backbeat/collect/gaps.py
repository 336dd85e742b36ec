"""Alerts that never came: holes in `seq`, and asking the device to send them again.

Several workers may look at the same holes: a row in `asked`, taken by whoever is first, makes one question of it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, or_, select, update

from backbeat.collect.archive import Archive
from backbeat.collect.tables import ALERTS, ASKED
from backbeat.mqtt.attendant import MOST_RESENT
from backbeat.mqtt.topics import ALERT, COMMAND

SETTLED = timedelta(seconds=10)
"""What is missing between alerts younger than this may be on its way through another worker."""

FARTHEST_BACK = 1000
"""Numbers before an alert; a device keeps no endless history, and a damaged number would ask for millions."""

MOST_ALERTS, MOST_HOLES = 10_000, 200
"""Of a topic, the newest: whatever it tells, a look at it is short."""

FIRST_PAUSE, LONGEST_PAUSE, MOST_TIMES = timedelta(minutes=1), timedelta(days=1), 14
"""A device that is away gets the question when it comes back, if its broker keeps it: it is not asked often."""

_AT_ONCE = 500
"""Holes in one statement: databases count its parameters in 16 bits."""

RESENT = "resent"
IDENTITY = re.compile(r"([0-9a-f]{24})-[0-9]{1,3}")
"""Of a question: the hole's, and how often it was asked."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Numbers of alerts that are missing.

    Attributes:
        topic: of the alerts.
        session: which they may belong to.
        first: the first missing one.
        last: the last of them.
    """

    topic: str
    session: str
    first: int
    last: int

    @property
    def id(self) -> str:
        """The same for every worker."""
        return hashlib.sha256(repr((self.topic, self.session, self.first, self.last)).encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Question:
    """What to publish.

    Attributes:
        topic: of the command.
        body: the command.
        answered_on: the topic on which the alerts come again.
    """

    topic: str
    body: Mapping[str, object]
    answered_on: str


def topics_after(connection: Connection, topic: str, most: int) -> list[str]:
    """The next topics of alerts, in the database's order; each is found by the index, whatever has been told on it."""
    found: list[str] = []
    while len(found) < most:
        after = select(func.min(ALERTS.c.topic)).where(ALERTS.c.topic > (found[-1] if found else topic))
        following = connection.execute(after).scalar_one()
        if following is None:
            break
        found.append(following)
    return found


def holes(connection: Connection, topic: str, now: datetime) -> list[Hole]:
    """Numbers missing between the alerts of a topic, the newest of them.

    Args:
        connection: to the archive.
        topic: to look at.
        now: the present time.

    Returns:
        each hole once for each session that it may belong to: that of the alert before and that of the one after.
    """
    newest = (
        select(ALERTS.c.session, ALERTS.c.seq)
        .where(ALERTS.c.topic == topic, ALERTS.c.received <= now - SETTLED)
        .order_by(ALERTS.c.seq.desc())
        .limit(MOST_ALERTS)
        .subquery()
    )
    found = select(
        newest,
        func.lag(newest.c.seq).over(order_by=newest.c.seq).label("seq_before"),
        func.lag(newest.c.session).over(order_by=newest.c.seq).label("session_before"),
    ).subquery()
    query = select(found).where(found.c.seq > found.c.seq_before + 1).order_by(found.c.seq.desc()).limit(MOST_HOLES)
    return [
        Hole(topic, session, first, last)
        for row in reversed(connection.execute(query).all())
        for first, last in _chunks(max(row.seq_before + 1, row.seq - FARTHEST_BACK), row.seq - 1)
        for session in dict.fromkeys((row.session_before, row.session))
    ]


def claim(archive: Archive, connection: Connection, missing: Sequence[Hole], now: datetime) -> list[Question]:
    """The questions that are due and that no other worker has taken."""
    parts = (missing[first : first + _AT_ONCE] for first in range(0, len(missing), _AT_ONCE))
    return [question for part in parts for question in _claim(archive, connection, part, now)]


def _claim(archive: Archive, connection: Connection, missing: Sequence[Hole], now: datetime) -> list[Question]:
    never = now - LONGEST_PAUSE * 2
    fresh = [
        {"id": hole.id, "topic": hole.topic, "session": hole.session, "first": hole.first, "last": hole.last}
        | {"times": 0, "asked_at": never}
        for hole in missing
    ]
    connection.execute(archive.insert(ASKED).on_conflict_do_nothing(), fresh)
    known = select(ASKED).where(
        ASKED.c.id.in_({hole.id for hole in missing}),
        ASKED.c.times < MOST_TIMES,
        or_(ASKED.c.answer.is_(None), ASKED.c.answer == RESENT),  # resent and lost again on the way
    )
    questions = []
    for row in connection.execute(known).all():
        since = now - pause(row.times) if row.times else now
        due = (ASKED.c.id == row.id) & (ASKED.c.times == row.times) & (ASKED.c.asked_at <= since)
        taken = connection.execute(update(ASKED).where(due).values(times=row.times + 1, asked_at=now))
        if taken.rowcount:
            questions.append(_question(row.id, row.times + 1, Hole(row.topic, row.session, row.first, row.last)))
    return questions


def pause(times: int) -> timedelta:
    """After so many questions, until the next."""
    return min(FIRST_PAUSE * (1 << min(times, MOST_TIMES)), LONGEST_PAUSE)


def answered(connection: Connection, identity: str, missing: Sequence[int], error: str) -> None:
    """Note what a device said to the question about a hole; answers to others' questions change nothing."""
    words = error or (f"the device no longer has {len(missing)} of them" if missing else RESENT)
    connection.execute(update(ASKED).where(ASKED.c.id == identity).values(answer=words))


def _question(identity: str, times: int, hole: Hole) -> Question:
    root = hole.topic.removesuffix(ALERT.address)
    body = {"id": f"{identity}-{times}", "session": hole.session or None, "first": hole.first, "last": hole.last}
    return Question(root + COMMAND.address.format(command="resend"), body, hole.topic)


def _chunks(first: int, last: int) -> Iterator[tuple[int, int]]:
    for start in range(first, last + 1, MOST_RESENT):
        yield start, min(start + MOST_RESENT - 1, last)
