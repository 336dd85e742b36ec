"""One thread that does jobs in order: what happens anywhere becomes a job here, so that nothing needs a lock."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import queue
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from paho.mqtt.client import Client

Job = Callable[[], None]

JOBS_AT_A_TIME = 500

QUEUE_LIMIT = 20_000
"""Jobs that may be left out (a replay can be faster than any network) are left out beyond this."""


class Worker:
    """A thread with a queue of jobs and timers."""

    def __init__(
        self,
        name: str,
        *,
        begin: Job,
        after_jobs: Job,
        end: Job,
        clock: Callable[[], float],
        report: Callable[[str], None],
    ) -> None:
        """A worker that has not yet started.

        Args:
            name: of the thread.
            begin: done first.
            after_jobs: done each time when some jobs are done.
            end: done last.
            clock: monotonic seconds.
            report: told of errors inside a job.
        """
        self._begin, self._after_jobs, self._end = begin, after_jobs, end
        self._clock, self._report = clock, report
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._timers: list[tuple[float, int, Job]] = []
        self._timer_numbers = itertools.count()
        self._settled: list[threading.Event] = []
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.ended = threading.Event()

    # From any thread.

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def post(self, job: Job) -> None:
        """Have a job done."""
        self._jobs.put(job)

    def offer(self, job: Job) -> None:
        """The same for what may be left out when there is too much."""
        if self._jobs.qsize() < QUEUE_LIMIT:
            self._jobs.put(job)

    def settle(self, patience_s: float) -> None:
        """Wait until all that was posted is done and `after_jobs` has followed, but not for longer than this."""
        settled = threading.Event()
        self._jobs.put(partial(self._settled.append, settled))
        settled.wait(patience_s)

    # On the worker's thread.

    def after(self, seconds: float, job: Job) -> None:
        """Do a job later."""
        heapq.heappush(self._timers, (self._clock() + seconds, next(self._timer_numbers), job))

    def _run(self) -> None:
        self._guarded(self._begin)
        while not self.ended.is_set():
            self._do_jobs()
        self._guarded(self._end)

    def _do_jobs(self) -> None:
        jobs = []
        with contextlib.suppress(queue.Empty):
            jobs.append(self._jobs.get(timeout=self._until_timer()))
            while len(jobs) < JOBS_AT_A_TIME:
                jobs.append(self._jobs.get_nowait())
        while self._timers and self._timers[0][0] <= self._clock():
            jobs.append(heapq.heappop(self._timers)[2])
        for job in jobs:
            self._guarded(job)
        self._guarded(self._after_jobs)
        for settled in self._settled:
            settled.set()
        self._settled.clear()

    def _until_timer(self) -> float | None:
        return max(0.0, self._timers[0][0] - self._clock()) if self._timers else None

    def _guarded(self, job: Job) -> None:
        """A fault of ours must not end a run in the wood; it is told as what it is."""
        try:
            job()
        except Exception:  # noqa: BLE001
            self._report(f"An error inside Backbeat's MQTT part, please report it:\n{traceback.format_exc()}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """On which threads a courier works.

    Attributes:
        worker: makes the worker that does its jobs, with the arguments of `Worker`.
        drive: reads and writes a connection.
    """

    worker: Callable[..., Worker] = Worker
    drive: Callable[[Client], object] = Client.loop_start


THREADS = Runtime()
"""Two of its own: one that does its jobs and one for the connection."""
