"""`backbeat dashboard`: a coach's and a runner's page in the browser."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from backbeat.dashboard.reader import Reader
from backbeat.dashboard.team import Layout
from backbeat.errors import UserError
from backbeat.mqtt import MqttSettings
from backbeat.mqtt.topics import checked_id


def command(
    mqtt: Annotated[str, typer.Option(metavar="URL", help="The broker, such as mqtt://localhost:1883.")],
    host: Annotated[str, typer.Option(help="Address to serve on; any but this machine's own needs --passwords.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="To serve on; 0 takes a free one.")] = 8080,
    team: Annotated[
        str | None, typer.Option(help="Only this team; all that the broker lets us read otherwise.")
    ] = None,
    passwords: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Lines name:password of who may log in (chmod 600).")
    ] = None,
    certificate: Annotated[Path | None, typer.Option(metavar="FILE", help="PEM file, to serve https.")] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="PEM file of its key.")] = None,
) -> None:
    """Serve the dashboard: the team at a glance, one runner in depth, sessions, and /me for a runner's phone."""
    try:
        import nicegui  # noqa: F401
    except ModuleNotFoundError:
        raise UserError("The dashboard is not installed; run: pip install 'backbeat[dashboard]'") from None
    from backbeat.dashboard.access import is_loopback, passwords_in
    from backbeat.dashboard.server import Place, serve

    settings = MqttSettings.from_url(mqtt)
    layout = Layout(
        team=None if team is None else checked_id(team, "team"),
        root=settings.root,
        runner=(settings.team, settings.runner),
    )
    if passwords is None and not is_loopback(host):
        raise UserError(
            f"Others can reach {host}: name who may log in with --passwords FILE (lines name:password, chmod 600)."
        )
    if (certificate is None) != (key is None):
        raise UserError("--certificate and --key go together; give both, or none.")
    for file in (certificate, key):
        if file is not None and not file.is_file():
            raise UserError(f"There is no file {file}.")
    place = Place(
        host=host,
        port=_free_port(host, port),
        passwords=passwords_in(passwords) if passwords else {},
        certificate=certificate,
        key=key,
    )
    if passwords is not None and certificate is None and not is_loopback(host):
        typer.echo("Passwords travel unencrypted: give --certificate and --key unless this network is yours alone.")
    typer.echo(f"The dashboard is at {place.address} (Ctrl-C ends it).")
    reader = Reader(settings, layout)
    reader.watch(news_of_the_broker(reader, settings.name, lambda text: typer.echo(text, err=True)))
    serve(reader, place)


def news_of_the_broker(reader: Reader, name: str, say: Callable[[str], None]) -> Callable[[], None]:
    """What to call when something has happened: it says, once each, that the broker is away and that it is back."""
    said = reader.trouble

    def look() -> None:
        nonlocal said
        if reader.trouble != said:
            said = reader.trouble
            say(said or f"Connected to the broker {name}.")

    return look


def _free_port(host: str, port: int) -> int:
    """The port itself, or a free one for 0; seen before anything starts, so that the sentence is ours."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        raise UserError(
            f"{host}:{port} cannot be served on: {error.strerror}; choose another --port or --host."
        ) from None
