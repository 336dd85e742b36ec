"""The web server: builds the pages around one reader and serves them until it is stopped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from nicegui import app, ui
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from backbeat.dashboard.access import NOBODY_ASKED, Access, Gate
from backbeat.dashboard.pages import me, runner, sessions, team
from backbeat.dashboard.reader import Reader
from backbeat.dashboard.reports import HEADERS, report
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
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # NiceGUI serves otherwise below a test; here it is as for people
    access = Access(place.passwords, secure=place.certificate is not None)
    app.add_middleware(Gate, access=access)
    app.on_startup(reader.start)
    app.on_shutdown(reader.stop)
    ui.add_head_html(f"<style>{STYLE}</style>", shared=True)

    _pages(reader, access)
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


def _pages(reader: Reader, access: Access) -> None:
    def who() -> str:
        request = ui.context.client.request
        return (access.who(request) if request else None) or NOBODY_ASKED

    @ui.page("/")
    def _team() -> None:
        team.page(reader, who())

    @ui.page("/runner/{of_team}/{name}")
    def _runner(of_team: str, name: str) -> None:
        runner.page(reader, who(), of_team, name)

    @ui.page("/sessions")
    def _sessions() -> None:
        sessions.page(reader, who())

    @ui.page("/me")
    def _choose() -> None:
        me.choose(reader, who())

    @ui.page("/me/{of_team}/{name}")
    def _me(of_team: str, name: str) -> None:
        me.page(reader, who(), of_team, name)

    @app.get("/report/{of_team}/{name}/{session}")
    def _report(of_team: str, name: str, session: str) -> Response:
        found = reader.team.runners.get((of_team, name))
        kept = found.sessions.get(session) if found else None
        html = report(found, kept) if found and kept else None
        if html is None:
            return PlainTextResponse("There is no summary of such a session.", 404, HEADERS)
        return HTMLResponse(html, headers=HEADERS)
