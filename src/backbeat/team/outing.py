"""The team's runners through the real analysis to a broker, each in its own thread, faster than life."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace

from backbeat.events import Event
from backbeat.logbook.pace import RealTime
from backbeat.monitor import Monitor
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttSettings
from backbeat.pipeline import Consumer, run
from backbeat.samples import Context, Samples
from backbeat.team.rounds import Rounds
from backbeat.team.runners import TEAM, TeamRunner
from backbeat.team.tunnel import Tunnel

END_PATIENCE_S = 10.0
"""Whoever comes out of the tunnel at the end needs some seconds to connect again."""


class Outing:
    """The team on the road until its time is up or somebody stops it."""

    def __init__(
        self,
        broker: MqttSettings,
        report: Callable[[str], None],
        *,
        pace: float,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """A team that has not yet started.

        Args:
            broker: where the runners are told; team, runner and name are set here.
            report: told in words for people what they should know; called on any thread.
            pace: so many times faster than real time.
            seconds: for which each runs and rests in its own time, `inf` until `stop`.
            clock: monotonic seconds.
            wall: Unix time now. The runners' own clocks agree with it at the start and then run at their pace.
        """
        self._begins_utc_s = wall()
        self._broker, self._report = broker, report
        self._pace, self._seconds, self._clock = pace, seconds, clock
        self._stopped = threading.Event()
        self._on_the_road: list[RealTime] = []

    def stop(self) -> None:
        """All end now, in order."""
        self._stopped.set()
        for source in self._on_the_road:
            source.stop()

    def run(self) -> None:
        """Until all have ended; what goes wrong with one ends all and is raised here."""
        with ThreadPoolExecutor(len(TEAM), thread_name_prefix="runner") as pool:
            runs = [pool.submit(self._run, runner) for runner in TEAM]
            try:
                for each in runs:
                    each.result()
            finally:
                self.stop()

    def _run(self, runner: TeamRunner) -> None:
        with ExitStack() as stack:
            source = stack.enter_context(Rounds(runner, self._seconds, begins_utc_s=self._begins_utc_s))
            settings = replace(self._broker, team="demo", runner=runner.id, runner_name=runner.name)
            consumers: list[Consumer] = []
            if runner.out_of_reach is not None:
                tunnel = stack.enter_context(Tunnel(self._broker.address))
                settings = replace(settings, host="127.0.0.1", port=tunnel.port)
                consumers.append(_Tunnelled(tunnel, source, runner.out_of_reach))
            paced = RealTime(source, clock=lambda: self._clock() * self._pace, wait=self._wait, slice_s=1.0)
            publisher = Publisher(
                settings,
                source.info,
                end_patience_s=END_PATIENCE_S,
                report=lambda text: self._report(f"{runner.name}: {text}"),
            )
            publisher.wait_connected()
            self._on_the_road.append(paced)
            if self._stopped.is_set():
                paced.stop()
            run(paced, Monitor(source.info), [*consumers, publisher])

    def _wait(self, left_s: float) -> None:
        self._stopped.wait(left_s / self._pace)


class _Tunnelled:
    """Takes a runner into the tunnel and out of it, by the time of the readings."""

    def __init__(self, tunnel: Tunnel, source: Rounds, out_of_reach: tuple[float, float]) -> None:
        self._tunnel, self._source = tunnel, source
        self._from, self._until = out_of_reach
        self._inside = False

    def take(self, block: Samples | Context, _events: Sequence[Event]) -> None:
        """Look where the runner is."""
        if isinstance(block, Samples) and len(block):
            inside = self._from <= self._source.in_round(float(block.time[-1])) < self._until
            if inside != self._inside:
                self._inside = inside
                (self._tunnel.enter if inside else self._tunnel.leave)()

    def finish(self, _events: Sequence[Event]) -> None:
        """Everybody comes home."""
        self._tunnel.leave()
