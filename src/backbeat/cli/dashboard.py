"""`backbeat dashboard`: a coach's and a runner's page in the browser."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from backbeat.cli.options import SettingsFile
from backbeat.config import find, load
from backbeat.dashboard.reader import Reader
from backbeat.dashboard.settings import check, is_loopback
from backbeat.dashboard.team import Layout
from backbeat.errors import UserError, why
from backbeat.mqtt.settings import MqttSettings
from backbeat.mqtt.topics import checked_id


def command(
    mqtt: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The broker, such as mqtt://localhost:1883; that of the configuration."),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to serve on; any but this machine's own needs --passwords. [127.0.0.1]")
    ] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="To serve on; 0 takes a free one. [8080]")] = None,
    team: Annotated[
        str | None, typer.Option(help="Only this team; all that the broker lets us read otherwise.")
    ] = None,
    passwords: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Lines name:password of who may log in (chmod 600).")
    ] = None,
    certificate: Annotated[Path | None, typer.Option(metavar="FILE", help="PEM file, to serve https.")] = None,
    key: Annotated[Path | None, typer.Option(metavar="FILE", help="PEM file of its key.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Serve the dashboard: the team at a glance, one runner in depth, sessions, and /me for a runner's phone.

    What the command line does not say is as [dashboard] and [mqtt] of the configuration have it: that of --settings,
    or else /etc/backbeat/backbeat.toml, or else ~/.config/backbeat/backbeat.toml.
    """
    try:
        import nicegui  # noqa: F401
    except ModuleNotFoundError:
        raise UserError("The dashboard is not installed; run: pip install 'backbeat[dashboard]'") from None
    from backbeat.dashboard.access import passwords_in
    from backbeat.dashboard.server import Place, serve

    configured = load(settings_file or find())
    broker = MqttSettings.from_url(mqtt) if mqtt else configured.broker()
    if broker is None:
        raise UserError('There is no broker: say --mqtt URL, or set [mqtt] host = "…" in the configuration.')
    broker.check()
    said: dict[str, Any] = {"host": host, "port": port, "team": team, "password_file": passwords}
    said |= {"certificate": certificate, "key": key}
    pages = replace(configured.dashboard, **{name: value for name, value in said.items() if value is not None})
    check(pages)
    _certified(pages.certificate, pages.key)
    layout = Layout(
        team=None if pages.team is None else checked_id(pages.team, "team"),
        root=broker.root,
        runner=(broker.team, broker.runner),
    )
    place = Place(
        host=pages.host,
        port=_free_port(pages.host, pages.port),
        passwords=passwords_in(pages.password_file) if pages.password_file else {},
        certificate=pages.certificate,
        key=pages.key,
    )
    if pages.password_file is not None and pages.certificate is None and not is_loopback(pages.host):
        typer.echo("Passwords travel unencrypted: give --certificate and --key unless this network is yours alone.")
    typer.echo(f"The dashboard is at {place.address} (Ctrl-C ends it).")
    reader = Reader(broker, layout)
    reader.watch(news_of_the_broker(reader, broker.name, lambda text: typer.echo(text, err=True)))
    serve(reader, place)


def _certified(certificate: Path | None, key: Path | None) -> None:
    """Seen before anything starts, so that the sentence is ours."""
    if certificate is None or key is None:
        return
    for file in (certificate, key):
        if not file.is_file():
            raise UserError(f"There is no file {file}.")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except OSError as error:
        raise UserError(f"The certificate {certificate} with the key {key} cannot be used: {why(error)}.") from None


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
