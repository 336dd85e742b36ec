"""The devices of one process."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection

from backbeat.fleet.loop import on_loop
from backbeat.fleet.player import Count, Key, Player
from backbeat.fleet.score import Score
from backbeat.mqtt.settings import MqttSettings

CONNECTIONS_A_SECOND = 100
"""Of one process, at the begin; a start is no storm."""

TOLD_EVERY_S = 0.5
TEAM_SIZE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a crew is asked to do.

    Attributes:
        settings: the broker.
        scores: played by the devices in turn, by the runner's id.
        numbers: of this crew's devices.
        seconds: how long they play.
        stretch: see `Player`.
        end_patience_s: how long the broker has at the end to take what is left.
    """

    settings: MqttSettings
    scores: Mapping[str, Score]
    numbers: Sequence[int]
    seconds: float
    stretch: float
    end_patience_s: float


@dataclass(slots=True, kw_only=True)
class Word:
    """What a crew says now and then, and as its last word.

    Attributes:
        count: since the begin.
        rate: messages a second while all played; in the last word.
        troubles: what went wrong, and how often.
        keys: of alerts and summaries that were to be told; only in the last word, None before.
    """

    count: Count = field(default_factory=Count)
    rate: float = 0.0
    troubles: Counter[str] = field(default_factory=Counter)
    keys: list[Key] | None = None


def crew(orders: Orders, line: Connection) -> None:
    """A process of its own: plays, says `Word`s on the line, ends when its time is up or something is said to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who started us; we end in order
    with contextlib.suppress(BrokenPipeError):  # who started us is gone
        asyncio.run(_play(orders, line))


async def _play(orders: Orders, line: Connection) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_reader(line.fileno(), stopped.set)
    troubles: Counter[str] = Counter()
    players: list[Player] = []
    telling = asyncio.create_task(_tell(line, players, troubles))
    for number in orders.numbers:
        if stopped.is_set():
            break
        players.append(_player(orders, number, troubles))
        await asyncio.sleep(1.0 / CONNECTIONS_A_SECOND)
    for player in players:
        player.play()
    begin, before = loop.time(), _total(players).messages
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopped.wait(), orders.seconds)
    rate = (_total(players).messages - before) / (loop.time() - begin)
    kept = await asyncio.gather(*(player.end(orders.end_patience_s) for player in players))
    telling.cancel()
    keys = [key for told in kept for key in told]
    line.send(Word(count=_total(players), rate=rate, troubles=troubles, keys=keys))


def _player(orders: Orders, number: int, troubles: Counter[str]) -> Player:
    names = list(orders.scores)
    runner = names[number % len(names)]
    score = orders.scores[runner].varied(number)
    settings = replace(
        orders.settings,
        team=f"fleet-{number // TEAM_SIZE + 1:03d}",
        runner=f"{runner}-{number + 1:05d}",
        runner_name=f"{score.name} {number + 1}",
    )
    return Player(
        score,
        settings,
        on_loop(asyncio.get_running_loop()),
        lambda text: troubles.update([text.replace(settings.topics.root, "…")]),  # alike from all, so counted together
        stretch=orders.stretch,
        chance=random.Random(number),
    )


async def _tell(line: Connection, players: Sequence[Player], troubles: Counter[str]) -> None:
    while True:
        await asyncio.sleep(TOLD_EVERY_S)
        line.send(Word(count=_total(players), troubles=troubles))


def _total(players: Sequence[Player]) -> Count:
    return sum((player.count for player in players), Count())
