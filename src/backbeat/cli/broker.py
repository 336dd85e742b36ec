"""`backbeat broker`: set up Mosquitto for a team."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from backbeat.mqtt.broker.setup import BrokerFolder, Client

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The broker's folder.")]
Team = Annotated[str, typer.Argument(metavar="TEAM", help="The team's id: a-z, 0-9 and '-'.")]
NewPassword = Annotated[bool, typer.Option("--new-password", help="Replace password and rights.")]


@app.command()
def init(
    folder: Folder,
    host: Annotated[
        list[str] | None, typer.Option(help="Name or address of this machine for the devices; may be repeated.")
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8883,
) -> None:
    """Write a Mosquitto configuration with TLS, passwords and an access list; keeps the users of one that is there."""
    names = BrokerFolder(folder).init(host or [], port)
    place = folder.resolve()
    typer.echo(f"Ready for {', '.join(names)}. Start it with:")
    typer.echo(f"  mosquitto -c {place}/mosquitto.conf")
    typer.echo("Then let people in:")
    typer.echo(f"  backbeat broker add-runner {place} TEAM RUNNER")
    typer.echo(f"  backbeat broker add-coach {place} TEAM COACH")


@app.command("add-runner")
def add_runner(
    folder: Folder,
    team: Team,
    runner: Annotated[str, typer.Argument(metavar="RUNNER", help="The runner's id: a-z, 0-9 and '-'.")],
    homeassistant: Annotated[bool, typer.Option("--homeassistant", help="May announce itself there.")] = False,
    phone: Annotated[bool, typer.Option("--phone", help="OwnTracks may use the same login.")] = False,
    new_password: NewPassword = False,
) -> None:
    """Let a runner's device in: it reads and writes below its own topic and nowhere else."""
    client = BrokerFolder(folder).add_runner(
        team, runner, homeassistant=homeassistant, phone=phone, new_password=new_password
    )
    _tell(client)


@app.command("add-coach")
def add_coach(
    folder: Folder,
    team: Team,
    coach: Annotated[str, typer.Argument(metavar="COACH", help="The coach's id: a-z, 0-9 and '-'.")],
    commands: Annotated[bool, typer.Option("--commands", help="May send every command.")] = False,
    new_password: NewPassword = False,
) -> None:
    """Let a coach in: reads the whole team, acknowledges alerts, and nothing else."""
    _tell(BrokerFolder(folder).add_coach(team, coach, commands=commands, new_password=new_password))


def _tell(client: Client) -> None:
    typer.echo(f"User {client.user}; password and certificate are in {client.folder}, for the device alone.")
    typer.echo("A broker that runs already takes this in with: kill -HUP $(pidof mosquitto)")
    typer.echo("Address, with the files where they are now:")
    typer.echo(f"  {client.url}")
