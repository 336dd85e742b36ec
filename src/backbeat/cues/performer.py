"""Plays cues one after the other on a thread of its own: whatever an output does, who asks for a cue never waits."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from backbeat.cues.patterns import Cue
from backbeat.errors import UserError

MOST_WAITING = 4
STALE_S = 20.0
"""A cue that had to wait so long (a voice that hung) is about something that is over."""


class CueError(UserError):
    """A motor, button or voice that cannot be used: which, why, and what to do."""


class Output(Protocol):
    """Something that can play a cue. It raises `CueError` where it cannot."""

    def play(self, cue: Cue) -> None:
        """Play it to its end."""
        ...

    def close(self) -> None:
        """Be still and release the hardware."""
        ...


Pause: TypeAlias = Callable[[float], object]
"""Waits for seconds, or less where everything is to end."""

Opener: TypeAlias = Callable[[Pause], Output]
"""Opens an output, or raises `CueError`."""


class Performer:
    """Opens outputs and plays on them.

    An output that fails is reported once and left; the others go on. One that hangs keeps the others waiting, on this
    thread alone: further cues are dropped.
    """

    def __init__(
        self,
        openers: Sequence[Opener],
        report: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin to open the outputs; `play` may be called at once.

        Args:
            openers: of the outputs; called on this performer's thread.
            report: told in words for people what does not work; called on that thread too.
            clock: seconds that pass.
        """
        self._openers, self._report, self._clock = openers, report, clock
        self._waiting: queue.Queue[tuple[float, Cue] | None] = queue.Queue(MOST_WAITING)
        self._over = threading.Event()
        self._dropping = False
        self._thread = threading.Thread(target=self._work, name="cues", daemon=True)
        self._thread.start()

    def play(self, cue: Cue) -> None:
        """Play a cue as soon as those before it are over; never waits."""
        try:
            self._waiting.put_nowait((self._clock(), cue))
            self._dropping = False
        except queue.Full:
            if not self._dropping:
                self._report("Cues cannot keep up, perhaps because a motor or a voice hangs; some are left out.")
            self._dropping = True

    def end(self, patience_s: float) -> bool:
        """Play what waits, for so long at most, and release the outputs; whether that was done."""
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            self._over.set()
        self._thread.join(patience_s)
        self._over.set()  # what still plays is cut short, so that no motor runs on
        self._thread.join(0.5)
        return not self._thread.is_alive()

    def _work(self) -> None:
        outputs = [output for opener in self._openers if (output := self._opened(opener)) is not None]
        try:
            while not self._over.is_set():
                asked = self._waiting.get()
                if asked is None:
                    return
                since, cue = asked
                if self._clock() - since <= STALE_S:
                    outputs = [output for output in outputs if self._played(output, cue)]
        finally:
            for output in outputs:
                self._closed(output)

    def _opened(self, opener: Opener) -> Output | None:
        try:
            return opener(self._over.wait)
        except CueError as error:
            self._report(f"{error} The run goes on without it.")
            return None

    def _played(self, output: Output, cue: Cue) -> bool:
        """Whether the output can be used again."""
        try:
            output.play(cue)
        except CueError as error:
            self._report(f"{error} The run goes on without it.")
            self._closed(output)
            return False
        return True

    def _closed(self, output: Output) -> None:
        try:
            output.close()
        except CueError as error:
            self._report(str(error))
