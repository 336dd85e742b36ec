"""`backbeat demo`: a broker, a team of simulated runners and what a coach would see, with nothing to set up."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Annotated

import typer
from rich.console import Console

from backbeat.cli.coach import Coach
from backbeat.cli.page import Page, can_browse
from backbeat.cli.run import stopped_by_signals
from backbeat.mqtt.embedded import EmbeddedBroker
from backbeat.mqtt.settings import MqttSettings
from backbeat.team.outing import Outing
from backbeat.team.runners import TEAM

PACE = 10.0
"""The demo's runners live so many times faster than we do: ten minutes of running in one of ours."""

MINUTES_ALONE = 0.9
"""How long it lasts where there is no terminal to stop it from: all alerts have come by then."""

PAGE_PATIENCE_S = 15.0
"""The runners wait for the page, so that it has seen all of them, but not for ever."""

SUMMARY_PATIENCE_S = 10.0


def command(
    minutes: Annotated[
        float | None, typer.Option(min=0.05, help="End by itself after so long; 0.9 without a terminal.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the broker; 0 takes a free one.")] = 0,
    pace: Annotated[float, typer.Option(min=1.0, max=50.0, help="So many times faster than real time.")] = PACE,
) -> None:
    """Six simulated runners, a broker, what a coach would see, and the team's page; until Ctrl-C.

    One tires, one lands harder and harder with the right foot, one wears a sensor that slips, one runs over a hill,
    one loses the connection and one has an uneventful run. The first alerts come after four to eight minutes of
    running, 25 to 50 of our seconds. Nobody of them is real; the analysis and the messages are.
    """
    console = Console()
    if minutes is None and not (sys.stdin.isatty() and console.is_terminal):
        minutes = MINUTES_ALONE
    seconds = math.inf if minutes is None else minutes * 60.0 * pace
    with ExitStack() as stack:
        broker = stack.enter_context(EmbeddedBroker(port))
        settings = MqttSettings.from_url(f"{broker.url}?version=3.1.1")
        say = _sayer(console)
        fast = f"{pace:g} times as fast as life, their clocks too"
        say(f"Six simulated runners (nobody real), {fast}{_how_long(minutes)}:")
        for runner in TEAM:
            say(f"  {runner.name:6} {runner.story}")
        say("Subscribe in another terminal with:")
        say(f"  mosquitto_sub -h 127.0.0.1 -p {broker.port} -t 'backbeat/#' -v")
        say("Let a real recording run with them:")
        say(f"  backbeat replay run.csv --realtime --mqtt '{broker.url}?team=demo&runner=me&runner_name=Me'")
        outing = Outing(settings, say, pace=pace, seconds=seconds)
        page = Page(f"{broker.url}?version=3.1.1", say, browse=console.is_terminal and can_browse())

        def stop() -> None:
            outing.stop()
            page.settled.set()

        stack.enter_context(stopped_by_signals(stop))
        stack.enter_context(page)
        page.settled.wait(PAGE_PATIENCE_S)
        coach = stack.enter_context(Coach(settings, console))
        outing.run()
        coach.sum_up([runner.id for runner in TEAM], SUMMARY_PATIENCE_S)


def _how_long(minutes: float | None) -> str:
    return ", until Ctrl-C" if minutes is None else f", for {minutes:g} min"


def _sayer(console: Console) -> Callable[[str], None]:
    return lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True)
