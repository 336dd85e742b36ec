"""`backbeat fleet`: many simulated devices at a broker."""

from __future__ import annotations

import os
import socket
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from backbeat.cli.run import stopped_by_signals
from backbeat.fleet.fleet import Fleet, Played
from backbeat.fleet.player import Count
from backbeat.fleet.score import STORY_S, Score, compose
from backbeat.mqtt.settings import MqttError, MqttSettings
from backbeat.team.runners import TEAM

MOST_TROUBLES = 5
REACH_PATIENCE_S = 10.0
PROCESSES = min(2, os.cpu_count() or 1)


def command(
    mqtt: Annotated[str, typer.Option(metavar="URL", help="The broker: mqtt://host:port, mqtts:// with TLS.")],
    runners: Annotated[int, typer.Option(min=1, max=20_000, help="How many devices.")] = 1000,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long they play.")] = 10.0,
    processes: Annotated[int, typer.Option(min=1, max=64, help="How many share the work.")] = PROCESSES,
) -> None:
    """Many simulated devices at a broker of its own, to see what the broker does.

    Each is a client as a real device is: its own last will, session, status, information, state once a second,
    alerts and summary, by the same code. They play the demo's six runners, each figure somewhat varied. In less than
    ten minutes the alerts of ten come so much closer together; the state keeps to once a second, and steps, where the
    address says ?steps=yes, to each step. Alerts and summaries wait for the broker in memory, not on a disk: they
    survive the broker's end, not that of this command. Take a broker that nobody else uses: what devices leave behind
    stays there.
    """
    settings = MqttSettings.from_url(mqtt)
    settings.check()
    _reach(settings)
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[now]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, refresh_per_second=2) as progress:
        scores = _scores(progress, min(runners, len(TEAM)), processes)
        fleet = Fleet(settings, scores, runners=runners, seconds=60.0 * minutes, processes=processes)
        task = progress.add_task(f"{runners} devices", total=60.0 * minutes, now="")

        def told(count: Count) -> None:
            elapsed = progress.tasks[task].elapsed or 0.0
            now = f"{count.connected} there, {count.messages} messages"
            progress.update(task, completed=elapsed, now=now)

        with stopped_by_signals(fleet.stop):
            played = fleet.play(told)
    for line in _figures(runners, played):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if played.count.connected < runners or played.count.undelivered:
        raise typer.Exit(1)


def _reach(settings: MqttSettings) -> None:
    """See that somebody listens before anything long begins."""
    try:
        socket.create_connection(settings.address, REACH_PATIENCE_S).close()
    except OSError as error:
        reason = error.strerror or "no answer"
        raise MqttError(
            f"The broker {settings.name} cannot be reached: {reason}; start it, or check the address."
        ) from None


def _scores(progress: Progress, count: int, processes: int) -> dict[str, Score]:
    """Run the team's runners through the analysis."""
    team = TEAM[:count]
    task = progress.add_task(f"{count} × {STORY_S / 60.0:g} min through the analysis", total=count, now="")
    scores = {}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for runner, score in zip(team, pool.map(compose, team), strict=True):
            scores[runner.id] = score
            progress.advance(task)
    return scores


def _figures(runners: int, played: Played) -> list[str]:
    count = played.count
    lines = [
        f"{count.connected} of {runners} devices connected, {count.reconnects} reconnects.",
        f"{count.messages} messages sent or acknowledged, {played.rate:.0f} a second while all played; "
        f"{len(played.keys)} of them alerts and summaries.",
        f"{count.undelivered} messages that must arrive were not taken before the end.",
    ]
    return lines + [f"{times} × {text}" for text, times in played.troubles.most_common(MOST_TROUBLES)]
