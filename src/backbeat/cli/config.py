"""`backbeat config`: check a configuration file, or write the complete commented one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backbeat.config import ConfigError, find, load
from backbeat.config.load import PLACES

app = typer.Typer(no_args_is_help=True, help="Check a configuration file, or write the complete commented one.")


@app.command()
def check(
    file: Annotated[Path | None, typer.Argument(help="The file; without one, that of this machine or user.")] = None,
) -> None:
    """Name every fault of a configuration file: settings, and the files that it names."""
    path = file or find()
    if path is None:
        raise ConfigError(f"There is no configuration file: neither {PLACES[0]} nor {PLACES[1]}; name one.")
    broker = load(path).broker()
    if broker is not None:
        broker.check()
    typer.echo(f"{path}: all right.")


@app.command()
def example() -> None:
    """Write the complete file: every setting with unit, range and default, commented out."""
    from backbeat.config.example import complete

    typer.echo(complete(), nl=False)
