"""A runner of the team as a source: rounds of running with a rest between them, for as long as is asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from backbeat.closing import Closing
from backbeat.samples import Context, Samples, SourceInfo
from backbeat.simulator.source import SimulatedSource, open_simulator
from backbeat.team.runners import TeamRunner

ROUND_S = 720.0
"""Seconds of running in a round, after which this runner begins anew on another day."""

REST_S = 70.0
"""A rest long enough for running after it to begin another session (`SessionSettings.forget_after_pause_s`)."""

BLOCK_S = 1.0
STOP_AFTER_S = 5.0
"""Standing for so long, the runner says that the session is over."""


class Rounds(Closing):
    """Rounds of one runner; each is a session of its own."""

    def __init__(
        self, runner: TeamRunner, seconds: float, *, round_s: float = ROUND_S, begins_utc_s: float | None = None
    ) -> None:
        """A runner who is at it for a while.

        Args:
            runner: who.
            seconds: in all, `inf` for one who is stopped by hand.
            round_s: of running in a round.
            begins_utc_s: Unix time of the first reading; None: the runner wears no clock.
        """
        self._runner, self._seconds, self._round_s, self._begins_utc_s = runner, seconds, round_s, begins_utc_s
        self._first = self._round(0)
        self._stopped = False

    @property
    def info(self) -> SourceInfo:
        """What is known before the first reading; it says that all this is simulated."""
        return replace(self._first.info, readings=None, duration_s=None, utc_offset_s=self._begins_utc_s)

    def __iter__(self) -> Iterator[Samples | Context]:
        begin = 0.0
        for number in itertools.count():
            this = self._first if number == 0 else self._round(number)
            over: Context | None = Context(this.run.seconds - REST_S + STOP_AFTER_S, "command", "stop_session")
            for block in this:
                last = float(block.time[-1]) if isinstance(block, Samples) else block.time
                if self._stopped or begin + last > self._seconds:
                    return
                if over and last > over.time:
                    yield _later(over, begin)
                    over = None
                yield _later(block, begin)
            begin += this.run.seconds

    def in_round(self, time: float) -> float:
        """Seconds since the present round's begin."""
        return time % self._first.run.seconds

    def stop(self) -> None:
        """End with the current block."""
        self._stopped = True

    def close(self) -> None:
        """Nothing is held."""

    def _round(self, number: int) -> SimulatedSource:
        run = open_simulator(self._runner.uri(self._round_s, rest_s=REST_S, seed=number)).run
        return SimulatedSource(run, block=round(run.sensor.rate_hz * BLOCK_S))


def _later(block: Samples | Context, seconds: float) -> Samples | Context:
    if isinstance(block, Samples):
        return replace(block, time=block.time + seconds)
    return replace(block, time=block.time + seconds)
