"""The web server: builds the pages around one reader and serves them until it is stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nicegui import app, ui

from backbeat.dashboard.access import NOBODY_ASKED, Access, Gate
from backbeat.dashboard.pages import team
from backbeat.dashboard.reader import Reader
from backbeat.dashboard.style import STYLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it is served.

    Attributes:
        host: address to listen on.
        port: to listen on.
        passwords: name to password of who may log in; empty: everybody who can reach it.
        certificate: PEM file for https.
        key: PEM file of its key.
    """

    host: str
    port: int
    passwords: dict[str, str]
    certificate: Path | None = None
    key: Path | None = None

    @property
    def address(self) -> str:
        """What to type into a browser."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104  (compared, not bound)
        host = f"[{host}]" if ":" in host else host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}"


def serve(reader: Reader, place: Place) -> None:
    """Serve until stopped (Ctrl-C, SIGTERM)."""
    access = Access(place.passwords, secure=place.certificate is not None)
    app.add_middleware(Gate, access=access)
    app.on_startup(reader.start)
    app.on_shutdown(reader.stop)
    ui.add_head_html(f"<style>{STYLE}</style>", shared=True)

    def who() -> str:
        request = ui.context.client.request
        return (access.who(request) if request else None) or NOBODY_ASKED

    @ui.page("/")
    def _team() -> None:
        team.page(reader, who())

    ui.run(
        host=place.host,
        port=place.port,
        title="Backbeat",
        favicon="〽️",
        language="en-GB",
        dark=None,
        reload=False,
        show=False,
        tailwind=False,
        binding_refresh_interval=None,
        reconnect_timeout=10.0,
        show_welcome_message=False,
        ssl_certfile=place.certificate,
        ssl_keyfile=place.key,
    )
