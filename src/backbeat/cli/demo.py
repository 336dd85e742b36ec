"""`backbeat demo`: a broker, a simulated runner and what a coach would see, with nothing to set up."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console

from backbeat.cli.coach import Coach
from backbeat.logbook.pace import RealTime
from backbeat.monitor import Monitor
from backbeat.mqtt import MqttSettings, Publisher
from backbeat.mqtt.embedded import EmbeddedBroker
from backbeat.pipeline import run
from backbeat.sources import open_source

PACE = 10.0
"""The demo's runner lives so many times faster than we do: ten minutes of running in one of ours."""

RUNNER = "sim:?stand=3&seconds={seconds:.0f}&seed=7&asymmetry_drift=4&impact_drift=2&drift_from=90"
"""After a minute and a half the right foot begins to land harder, by four per cent more each minute."""

END_PATIENCE_S = 10.0


def command(
    minutes: Annotated[float, typer.Option(min=0.05, help="How long it lasts.")] = 1.0,
    until_stopped: Annotated[bool, typer.Option("--until-stopped", help="Until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the broker; 0 takes a free one.")] = 0,
    pace: Annotated[float, typer.Option(min=1.0, max=50.0, help="So many times faster than real time.")] = PACE,
) -> None:
    """A simulated runner whose right foot lands harder and harder, a broker, and what a coach would see."""
    console = Console()
    seconds = 1e6 if until_stopped else max(5.0, minutes * 60.0 * pace - 3.0)
    with EmbeddedBroker(port) as broker:
        settings = MqttSettings.from_url(f"{broker.url}?version=3.1.1&team=demo&runner=sam&runner_name=Sam")
        console.print(f"A simulated runner (no real person), {pace:g} times as fast as life.")
        console.print("Subscribe in another terminal with:")
        console.print(f"  mosquitto_sub -h 127.0.0.1 -p {broker.port} -t 'backbeat/#' -v", markup=False, soft_wrap=True)
        with Coach(settings, console) as coach:
            _simulate(settings, seconds, pace, console)
            if not coach.wait_for_summary("sam", END_PATIENCE_S):
                console.print("The runner stopped before there was a session to sum up (it takes 30 s of running).")


def _simulate(settings: MqttSettings, seconds: float, pace: float, console: Console) -> None:
    """The run, until its end or Ctrl-C."""
    interrupted = threading.Event()
    with open_source(RUNNER.format(seconds=seconds)) as source:
        paced = RealTime(source, clock=lambda: time.monotonic() * pace, wait=lambda left: interrupted.wait(left / pace))
        publisher = Publisher(
            settings, source.info, report=lambda text: console.print(text, markup=False, soft_wrap=True)
        )
        publisher.wait_connected()
        with suppress(KeyboardInterrupt):  # the run has then ended in order, with its summary
            run(paced, Monitor(source.info), [publisher])
