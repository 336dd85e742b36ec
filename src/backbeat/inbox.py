"""What people and other devices say during a run, brought into the stream of readings: notes, speed, slope, commands.

It becomes context of the run like any other: the analysis applies it, a recording holds it, a replay sees it again.
"""

from __future__ import annotations

import queue
from collections.abc import Iterator

from backbeat.samples import Context, ContextKind, JsonValue, Samples
from backbeat.sources import Around, Source

MOST_WAITING = 1000
"""What comes faster than a run can take it in is dropped."""


class Inbox:
    """Takes from any thread what a run shall hear of."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[ContextKind, JsonValue]] = queue.Queue(MOST_WAITING)

    def put(self, kind: ContextKind, value: JsonValue) -> bool:
        """Hand something in; False if too much waits already."""
        try:
            self._waiting.put_nowait((kind, value))
        except queue.Full:
            return False
        return True

    def take(self, time: float) -> Iterator[Context]:
        """Everything that waits, as context of that time."""
        while True:
            try:
                kind, value = self._waiting.get_nowait()
            except queue.Empty:
                return
            yield Context(time, kind, value)


class WithInbox(Around):
    """A source whose stream also has what is in the inbox, at the time of the latest reading."""

    def __init__(self, source: Source, inbox: Inbox) -> None:
        super().__init__(source)
        self._inbox = inbox

    def __iter__(self) -> Iterator[Samples | Context]:
        now: float | None = None
        for block in self._source:
            yield block
            if isinstance(block, Samples) and len(block):
                now = float(block.time[-1])
            if now is not None:
                yield from self._inbox.take(now)
