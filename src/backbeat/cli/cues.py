"""`backbeat cues`: which pattern means what, and whether motor, voice and button work."""

from __future__ import annotations

import queue
import time
from contextlib import ExitStack, closing
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from backbeat.cli.options import SettingsFile
from backbeat.config import find, load
from backbeat.cues.belt import openers
from backbeat.cues.patterns import ADVICE, ANSWERS, Cue
from backbeat.cues.performer import CueError, Output
from backbeat.cues.pins import real_pins
from backbeat.cues.rules import wished

BETWEEN_S = 0.8
"""Between two patterns, to tell them apart."""

MEANS = {"short": "starts or stops a session", "long": "notes that the back hurts now"}

app = typer.Typer(no_args_is_help=True, help="What a runner feels and hears on the way: show it, try it.")


@app.command("list")
def show(settings_file: SettingsFile = None) -> None:
    """Every alert with its pattern (. short, - long, ' a tick), and the words that are said."""
    table = Table("when", "pattern", "asks for", "is said", box=None)
    for name, cue in wished(load(settings_file or find()).cues).items():
        table.add_row(name.replace(":", ", "), cue.pattern, ADVICE.get(cue.pattern, ""), cue.words)
    for name, cue in ANSWERS.items():
        table.add_row(name, cue.pattern, "", cue.words)
    Console().print(table)


@app.command("test")
def try_out(
    settings_file: SettingsFile = None,
    seconds: Annotated[float, typer.Option(min=0, max=600, help="How long presses are waited for.")] = 20.0,
) -> None:
    """Play every pattern, say its words, and tell what the button does. The pins must be free: stop the service."""
    settings = load(settings_file or find()).cues
    if not settings.any:
        raise CueError("There is nothing to try: set motor_pin, button_pin or voice in [cues] of the configuration.")
    presses: queue.Queue[str] = queue.Queue()
    found = openers(settings, real_pins, lambda: presses.put("short"), lambda: presses.put("long"))
    with ExitStack() as stack:
        outputs = [stack.enter_context(closing(opener(time.sleep))) for opener in found]
        if settings.tells:
            _play(outputs, {**wished(settings), **ANSWERS})
        if settings.button_pin is not None:
            _await(presses, seconds)


def _play(outputs: list[Output], cues: dict[str, Cue]) -> None:
    """Each pattern once, with all that it stands for."""
    shared: dict[str, list[str]] = {}
    for name, cue in cues.items():
        shared.setdefault(cue.pattern, []).append(name)
    for pattern, names in shared.items():
        typer.echo(f"{pattern:8} {', '.join(name.replace(':', ' ') for name in names)}")
        for output in outputs:
            output.play(cues[names[0]])
        time.sleep(BETWEEN_S)


def _await(presses: queue.Queue[str], seconds: float) -> None:
    typer.echo(f"Now press the button, short and long (within {seconds:g} s; Ctrl-C ends).")
    end = time.monotonic() + seconds
    heard: set[str] = set()
    while len(heard) < 2 and (left := end - time.monotonic()) > 0:
        try:
            press = presses.get(timeout=left)
        except queue.Empty:
            break
        heard.add(press)
        typer.echo(f"a {press} press: {MEANS[press]}")
    if not heard:
        raise CueError("No press was heard; look at the wiring, and at button_pin in [cues].")
