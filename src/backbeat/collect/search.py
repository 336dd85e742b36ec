"""When to look at whose alerts for missing ones: a little at a time, however large the archive is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import datetime

from backbeat.collect import gaps
from backbeat.collect.archive import Archive
from backbeat.collect.gaps import Question

LONGEST_LOOK_S = 1.0
"""Then messages have their turn again; the next look goes on where this one ended."""

_AT_ONCE = 50
"""Topics."""


class Search:
    """Goes once through all topics of the archive, and then only to those with new alerts or with holes."""

    def __init__(self, archive: Archive, clock: Callable[[], float], utc_now: Callable[[], datetime]) -> None:
        """A search that has not begun.

        Args:
            archive: where to look.
            clock: monotonic seconds.
            utc_now: the present time.
        """
        self._archive, self._clock, self._utc_now = archive, clock, utc_now
        self._swept: str | None = ""  # up to this topic all were looked at; None: all were
        self._due: dict[str, float] = {}
        self._newest: dict[str, float] = {}  # topics with new alerts, and since when
        self._in_vain: Counter[str] = Counter()

    def new_alerts(self, topics: Collection[str]) -> None:
        """They are looked at when what comes by other ways has had its time."""
        now, settled = self._clock(), gaps.SETTLED.total_seconds()
        for topic in topics:
            self._newest[topic] = now
            self._due[topic] = min(self._due.get(topic, now + settled), now + settled)
            del self._in_vain[topic]

    def questions(self) -> Iterator[Question]:
        """What devices are to be asked now; each is this worker's alone, so all have to be published.

        Raises:
            DatabaseAwayError: the database cannot be used at present.
        """
        begun = self._clock()
        for topic in sorted((topic for topic, due in self._due.items() if due <= begun), key=self._due.__getitem__):
            yield from self._look(topic)
            if self._clock() >= begun + LONGEST_LOOK_S:
                return
        while self._swept is not None:
            with self._archive.transaction() as connection:
                topics = gaps.topics_after(connection, self._swept, _AT_ONCE)
            if not topics:
                self._swept = None
            for topic in topics:
                yield from self._look(topic)
                self._swept = topic
                if self._clock() >= begun + LONGEST_LOOK_S:
                    return

    def _look(self, topic: str) -> Iterator[Question]:
        begun = self._clock()
        with self._archive.transaction() as connection:
            missing = gaps.holes(connection, topic, now := self._utc_now())
            questions = gaps.claim(self._archive, connection, missing, now)
        settles = self._newest.get(topic, begun) + gaps.SETTLED.total_seconds()
        if topic in self._newest and settles > begun:
            self._due[topic] = settles
        else:
            self._newest.pop(topic, None)
            self._due.pop(topic, None)
            if missing:
                self._in_vain[topic] += 1
                self._due[topic] = self._clock() + gaps.pause(self._in_vain[topic]).total_seconds()
        yield from questions
