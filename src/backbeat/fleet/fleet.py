"""The whole fleet: crews in processes of their own, and what they say put together."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from backbeat.errors import UserError
from backbeat.fleet.crew import Orders, Word, crew
from backbeat.fleet.player import Count, Key
from backbeat.fleet.score import Score
from backbeat.mqtt.settings import MqttSettings


class FleetError(UserError):
    """A process of the fleet ended by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What a fleet did.

    Attributes:
        count: of all devices.
        rate: messages a second while all played.
        troubles: what went wrong in words, and at how many devices.
        keys: (session, topic, seq) of every alert and summary that was to be told.
    """

    count: Count
    rate: float
    troubles: Counter[str]
    keys: list[Key]


class Fleet:
    """Devices that play to a broker."""

    def __init__(
        self,
        settings: MqttSettings,
        scores: Mapping[str, Score],
        *,
        runners: int,
        seconds: float,
        processes: int = 1,
        end_patience_s: float = 30.0,
    ) -> None:
        """A fleet that has not yet started.

        Args:
            settings: the broker; team and runner are set for each device.
            scores: played by the devices in turn, by the runner's id.
            runners: how many devices.
            seconds: how long they play; shorter than a score, alerts and the summary come in the same order and
                so much sooner, while `live` and `step` keep their pace.
            processes: how many share the work.
            end_patience_s: how long the broker has at the end to take what is left.
        """
        longest = max(score.seconds for score in scores.values())
        self._orders = [
            Orders(
                settings=settings,
                scores=scores,
                numbers=range(runners)[part::processes],
                seconds=seconds,
                stretch=max(1.0, longest / seconds),
                end_patience_s=end_patience_s,
            )
            for part in range(min(processes, runners))
        ]
        self._lines: list[Connection] = []
        self._stopped = False

    def stop(self) -> None:
        """All end now, in order; from any thread."""
        self._stopped = True
        for line in self._lines:
            line.send("end")

    def play(self, told: Callable[[Count], None] = lambda _: None) -> Played:
        """Play until the time is up or `stop`.

        Args:
            told: called about once a second with what was done so far.

        Raises:
            FleetError: a process was killed.
        """
        crews = [_start(orders) for orders in self._orders]
        self._lines = [line for _, line in crews]
        if self._stopped:  # while they were started nobody could be told
            self.stop()
        last: dict[Connection, Word] = {}
        try:
            while any(line not in last or last[line].keys is None for line in self._lines):
                for line in wait([line for line in self._lines if line not in last or last[line].keys is None], 1.0):
                    last[line] = _heard(line)  # type: ignore[index, arg-type]
                told(sum((word.count for word in last.values()), Count()))
        finally:
            for process, line in crews:
                line.close()
                process.join(5.0)
                process.kill()
        words = list(last.values())
        return Played(
            count=sum((word.count for word in words), Count()),
            rate=sum(word.rate for word in words),
            troubles=sum((word.troubles for word in words), Counter()),
            keys=[key for word in words for key in word.keys or ()],
        )


def _start(orders: Orders) -> tuple[SpawnProcess, Connection]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=crew, args=(orders, there), daemon=True)
    process.start()
    there.close()
    return process, here


def _heard(line: Connection) -> Word:
    try:
        word: Word = line.recv()
    except EOFError:
        raise FleetError("A process of the fleet was ended from outside; its figures are lost.") from None
    return word
