"""`backbeat datasets`: public recordings to try things with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from backbeat.errors import UserError
from backbeat.logbook import datasets

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def show() -> None:
    """Say which public recordings there are, and under which licence."""
    table = Table("name", "what", "recordings", "licence")
    for name, dataset in datasets.known().items():
        table.add_row(name, dataset.title, str(len(dataset.files)), dataset.licence)
    Console().print(table)


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="Name of the set; see `backbeat datasets list`.")],
    to: Annotated[Path, typer.Option(help="Folder for the recordings.")] = Path("recordings"),
    accept_licence: Annotated[bool, typer.Option("--accept-licence", help="Do not ask about the licence.")] = False,
    mirror: Annotated[str, typer.Option(help="Where the repositories are found.")] = datasets.MIRROR,
) -> None:
    """Download a set, check it, and write its readings as FOLDER/SET/NAME/imu.csv."""
    known = datasets.known()
    if name not in known:
        raise UserError(f"no set is called '{name}'; there are {', '.join(known)}.")
    dataset = known[name]
    typer.echo(f"{dataset.title}\nfrom {dataset.source} at {dataset.commit}, licence {dataset.licence}")
    if not accept_licence and not typer.confirm("Do you accept this licence?"):
        raise UserError("Nothing was fetched, because the licence was not accepted.")
    recordings = iter(track(dataset.files, "fetching", console=Console(stderr=True), transient=True))
    next(recordings)
    made = datasets.fetch(dataset, to, to / ".downloads", mirror=mirror, done=lambda _: next(recordings, None))
    typer.echo(f"{len(made)} recordings in {to / name}; try: backbeat replay {made[0]}")
