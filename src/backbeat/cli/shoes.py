"""`backbeat shoes`: pairs and their kilometres."""

from __future__ import annotations

import re
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from backbeat.cli.whose import Runner, history_file
from backbeat.errors import UserError
from backbeat.history.store import History

app = typer.Typer(invoke_without_command=True, help="Pairs of shoes and their kilometres.")
Shoe = Annotated[str, typer.Argument(help="Short name of the pair, a-z 0-9 -.")]


@app.callback()
def listing(context: typer.Context, runner: Runner = None) -> None:
    """List the pairs."""
    context.obj = file = history_file(runner)
    if context.invoked_subcommand is not None:
        return
    with History(file) as history:
        shoes = history.shoes()
    if not shoes:
        typer.echo('No shoes yet; add a pair with: backbeat shoes add blue "Blue trainers"')
        return
    table = Table(box=None)
    figures = ("km", "ΣF (body weights)", "ΣF⁴")
    for heading in ("shoes", "name", *figures, ""):
        table.add_column(heading, justify="right" if heading in figures else "left")
    for shoe in shoes:
        state = "worn now" if shoe.in_use else "retired" if shoe.retired else ""
        table.add_row(shoe.id, shoe.name, f"{shoe.km:.0f}", f"{shoe.load_bw:,.0f}", f"{shoe.load_bw4:,.0f}", state)
    Console().print(table)


@app.command()
def add(
    context: typer.Context,
    shoe: Shoe,
    name: Annotated[str, typer.Argument(help="What you call them.")] = "",
    km: Annotated[float, typer.Option(min=0, help="Kilometres they have already.")] = 0.0,
) -> None:
    """A new pair; it is the one worn from now on."""
    if not re.fullmatch(r"[a-z0-9-]{1,32}", shoe):
        raise UserError(f"'{shoe}' cannot be a short name for shoes: use 1 to 32 of a-z, 0-9 and -.")
    with History(context.obj) as history:
        history.add_shoe(shoe, name or shoe, km)
        history.use_shoe(shoe)
    typer.echo(f"{name or shoe}: worn from now on.")


@app.command()
def use(context: typer.Context, shoe: Shoe) -> None:
    """Wear this pair from now on."""
    with History(context.obj) as history:
        history.use_shoe(shoe)
    typer.echo(f"{shoe}: worn from now on.")


@app.command()
def retire(context: typer.Context, shoe: Shoe) -> None:
    """This pair is done; what it has run stays."""
    with History(context.obj) as history:
        history.retire_shoe(shoe)
    typer.echo(f"{shoe}: retired.")
