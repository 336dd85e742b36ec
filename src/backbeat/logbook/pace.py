"""How fast and in which blocks a source is read: wrappers around any source, apart from reading itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

from backbeat.samples import Context, Samples, joined
from backbeat.sources import Around, Source

SLICE_S = 0.2
"""A paced source gives its readings in slices of at most so many seconds, as a sensor's FIFO would, unless told."""


class InBlocks(Around):
    """The same readings in blocks of `size`, whatever blocks the source within gives; the last may be shorter.

    Context is passed on at once: one that is ahead of its readings waits for them in the analysis.
    """

    def __init__(self, source: Source, size: int) -> None:
        super().__init__(source)
        self._size = size

    def __iter__(self) -> Iterator[Samples | Context]:
        waiting: list[Samples] = []
        count = 0
        for block in self._source:
            if isinstance(block, Context):
                yield block
                continue
            waiting.append(block)
            count += len(block)
            if count >= self._size:
                whole = joined(waiting)
                full = count - count % self._size
                for start in range(0, full, self._size):
                    yield whole[start : start + self._size]
                waiting, count = [whole[full:]], count - full
        if count:
            yield joined(waiting)


class RealTime(Around):
    """The same readings at the speed at which they were recorded.

    Args:
        source: what to pace.
        clock: seconds that pass.
        wait: sleeps for so many seconds; None to sleep in a way that `stop` interrupts.
        slice_s: readings are given in slices of at most so many seconds.
    """

    def __init__(
        self,
        source: Source,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
        slice_s: float = SLICE_S,
    ) -> None:
        super().__init__(source)
        self._slice_s = slice_s
        self._stopped = threading.Event()
        self._clock, self._wait = clock, wait or self._stopped.wait

    def stop(self) -> None:
        """End iteration now, in the middle of a wait too."""
        self._stopped.set()
        super().stop()

    def __iter__(self) -> Iterator[Samples | Context]:
        ahead: float | None = None  # the clock minus the readings' time
        for block in self._source:
            if isinstance(block, Context):
                yield block
                continue
            for part in _slices(block, self._slice_s):
                due = float(part.time[-1])
                ahead = self._clock() - due if ahead is None else ahead
                while (left := due + ahead - self._clock()) > 0.0 and not self._stopped.is_set():
                    self._wait(min(left, 1.0))
                if self._stopped.is_set():
                    return
                yield part


def _slices(block: Samples, slice_s: float) -> Iterator[Samples]:
    start = 0
    while start < len(block):
        end = max(start + 1, int(block.time.searchsorted(block.time[start] + slice_s)))
        yield block[start:end]
        start = end
