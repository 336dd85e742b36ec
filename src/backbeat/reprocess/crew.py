"""Many tasks at a time, each in a process of its own, and what to do when such a process is killed."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import suppress
from typing import Any, Generic, TypeVar

from backbeat.children import die_with_parent

Task = TypeVar("Task")
Result = TypeVar("Result")

STOP_LOOK_S = 0.5


class DiedError(Exception):
    """The process that did a task ended in the middle of it, twice, the second time while it did nothing else."""


class LostError(Exception):
    """Who hands the tasks on is gone, and with it all that were under way."""


class Crew(Generic[Task, Result]):
    """Does tasks on an executor; a broken one is replaced, and no task is lost with it."""

    def __init__(
        self,
        do: Callable[[Task], Result],
        make: Callable[[], Executor],
        at_once: int,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """A crew that has not begun.

        Args:
            do: what to do with a task, in another process.
            make: a new executor.
            at_once: tasks that are handed out at a time.
            stopped: whether to hand out no more; those that are under way are waited for.
        """
        self._do, self._make, self._at_once, self._stopped = do, make, at_once, stopped
        self._pool = make()
        self._running: dict[Future[Result], Task] = {}

    def work(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Result | Exception]]:
        """Each task with what came of it, in the order in which they were done.

        Raises:
            LostError: the executor has given up its tasks, as that of a cluster does whose scheduler ends.
        """
        try:
            suspects: list[Task] = []
            for task, outcome in self._side_by_side(deque(tasks)):
                if isinstance(outcome, BrokenExecutor):
                    suspects.append(task)  # who of those under way broke it cannot be told
                else:
                    yield task, outcome
                while suspects and not self._running:
                    yield from self._alone(suspects.pop(0))
        finally:
            for future in self._running:
                future.cancel()
            self._pool.shutdown(wait=False)

    def _side_by_side(self, waiting: deque[Task]) -> Iterator[tuple[Task, Result | Exception]]:
        while (waiting and not self._stopped()) or self._running:
            broken = False
            while waiting and len(self._running) < self._at_once and not self._stopped() and not broken:
                broken = not self._handed_out(waiting[0])
                if not broken:
                    waiting.popleft()
            done, _ = wait(self._running, STOP_LOOK_S, FIRST_COMPLETED)
            outcomes: list[tuple[Task, Result | Exception]] = []
            outcomes += [(self._running.pop(future), _outcome(future)) for future in done]
            if broken or any(isinstance(outcome, BrokenExecutor) for _, outcome in outcomes):
                wait(self._running)  # all of them end with it
                outcomes += [(task, _outcome(future)) for future, task in self._running.items()]
                self._running.clear()
                self._replace_pool()
            yield from outcomes

    def _alone(self, task: Task) -> Iterator[tuple[Task, Result | Exception]]:
        """A second attempt, with nobody else to blame."""
        if self._stopped():
            return
        if not self._handed_out(task):
            self._replace_pool()
            self._handed_out(task)
        ((future, _),) = self._running.items()
        self._running.clear()
        outcome = _outcome(future)
        if isinstance(outcome, BrokenExecutor):
            self._replace_pool()
            outcome = DiedError()
        yield task, outcome

    def _handed_out(self, task: Task) -> bool:
        """Whether the executor still takes tasks."""
        with suppress(BrokenExecutor):
            self._running[self._pool.submit(self._do, task)] = task
            return True
        return False

    def _replace_pool(self) -> None:
        self._pool.shutdown(wait=False)
        self._pool = self._make()


def processes(count: int) -> ProcessPoolExecutor:
    """So many processes on this machine, started afresh, which end with this one."""
    return ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_begin_process)


def _begin_process() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who hands out the tasks
    follow = die_with_parent(signal.SIGKILL)
    if follow is not None:
        follow()


def _outcome(future: Future[Any]) -> Any:
    try:
        return future.result()
    except CancelledError:  # by nobody here
        raise LostError from None
    except Exception as error:  # noqa: BLE001 (it is handed on as what came of the task)
        return error
