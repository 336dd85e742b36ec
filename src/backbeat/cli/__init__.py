"""The `backbeat` command. Each subcommand is one module of this package, imported only when it is called.

A module here has either `command`, a function, or `app`, a `typer.Typer` with commands of its own.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import typer

from backbeat import __version__
from backbeat.cli.plain import in_words
from backbeat.errors import UserError, printable

COMMANDS = {
    "broker": "Set up Mosquitto for a team: encryption, passwords, who may read and write what.",
    "calibrate": "Stand still, then hop: how the sensor is worn, and which foot is which.",
    "collect": "Keep a team's alerts, summaries and live figures in a database.",
    "config": "Check a configuration file, or write the complete commented one.",
    "cues": "What a runner feels and hears on the way: show it, try motor, voice and button.",
    "dashboard": "The team, each runner and the sessions in the browser.",
    "datasets": "Public recordings to try things with.",
    "demo": "Six simulated runners, a broker and the coach's page.",
    "doctor": "Check sensor, bus, disk, clock and broker; each with the remedy.",
    "evaluate": "Score the analysis on recordings with ground truth.",
    "fleet": "Many simulated devices at a broker of its own, to see what the broker does.",
    "history": "What has been run; show or delete a session.",
    "logs": "Look at recordings, convert, mend, cut and draw them.",
    "note": "Note how it felt: pain, stiffness, effort or words.",
    "record": "Record a sensor without analysing it.",
    "replay": "Analyse a recording: steps, alerts and the session's summary.",
    "reprocess": "Analyse a folder or bucket of recordings again, on all cores or a cluster.",
    "report": "A session on one HTML page, for a phone, a desk or a printer.",
    "run": "Watch a sensor live: steps, alerts, the session's summary, recording and MQTT.",
    "sensors": "What is on the bus and in the air, with the source URI to paste.",
    "setup": "A few questions, and the configuration file is written.",
    "shoes": "Pairs of shoes and their kilometres.",
}
"""Subcommand (its module, with - for _) to its line in `backbeat --help`."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"backbeat {__version__}")
        raise typer.Exit


def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Say which version this is."
    ),
) -> None:
    """Backbeat: a running-gait monitor for a hip-worn sensor. Not a medical device."""


def _application(called: str | None) -> typer.Typer:
    """All subcommands; only the called one is imported, the others stand in the list by name."""
    root = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, callback=_root)
    for name, line in COMMANDS.items():
        if name != called:
            root.command(name, help=line)(lambda: None)
            continue
        module = importlib.import_module(f"backbeat.cli.{name.replace('-', '_')}")
        if hasattr(module, "app"):
            root.add_typer(module.app, name=name, help=line)
        else:
            root.command(name, help=line)(module.command)
    return root


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the console script calls it without arguments."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    called = next((word for word in words if not word.startswith("-")), None)
    try:
        command = typer.main.get_command(_application(called))
        in_words(command)
        command(words)
    except UserError as error:
        typer.echo(printable(f"backbeat: {error}"), err=True)
        raise SystemExit(2) from None
    except KeyboardInterrupt:  # Ctrl-C while a command is still being imported; once it runs, Typer ends it likewise
        raise SystemExit(130) from None
    except BrokenPipeError:  # whoever read our output has had enough, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
