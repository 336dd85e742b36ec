"""Who may look: on loopback whoever sits there, elsewhere who logs in with a name and a password from a file."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from urllib.parse import parse_qs

from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from backbeat.dashboard.style import STYLE
from backbeat.errors import UserError, why
from backbeat.mqtt.commands import RateLimit

COOKIE = "backbeat-dashboard"
LASTS_S = 12 * 3600
"""A login; then the password is asked again."""

NOBODY_ASKED = "coach"
"""Who acknowledges where nobody has to log in."""

MOST_LOGINS = 1000
MOST_FORM_BYTES = 4096
OPEN = ("/_nicegui/",)
"""Paths that hold the software itself and nothing of a runner."""


def passwords_in(file: Path) -> dict[str, str]:
    """Name to password, from lines `name:password`.

    Raises:
        UserError: the file cannot be read, others can read it too, or it is not of this form.
    """
    try:
        mode, lines = file.stat().st_mode, file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"The password file {file} cannot be read: {why(error)}.") from None
    if mode & 0o077:
        raise UserError(f"The password file {file} can be read by others; run: chmod 600 {file}")
    found = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, password = line.partition(":")
        if not (name.strip() and colon and password):
            raise UserError(f"{file}, line {number}: write name:password, one coach a line.")
        found[name.strip()] = password
    if not found:
        raise UserError(f"The password file {file} names nobody; write name:password, one coach a line.")
    return found


class Access:
    """The logins of one server."""

    def __init__(self, passwords: dict[str, str], *, secure: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """Access for these people; for everybody where there are none.

        Args:
            passwords: name to password.
            secure: the pages are served encrypted, and the cookie only so.
            clock: monotonic seconds.
        """
        self._passwords, self._secure, self._clock = passwords, secure, clock
        self._logins: dict[str, tuple[str, float]] = {}
        self._tries: dict[str, RateLimit] = {}

    def who(self, connection: HTTPConnection) -> str | None:
        """Who is logged in there; None: nobody."""
        if not self._passwords:
            return NOBODY_ASKED
        name, until = self._logins.get(connection.cookies.get(COOKIE, ""), ("", 0.0))
        return name if name and self._clock() < until else None

    async def login(self, request: Request) -> Response:
        """The login page, and what is sent from it."""
        if request.method != "POST":
            return _page("")
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MOST_FORM_BYTES:
            return _page("That is no login.", 400)
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        name, password = form.get("name", [""])[0].strip(), form.get("password", [""])[0]
        if not self._may_try(request.client.host if request.client else ""):
            return _page("Too many attempts. Wait a minute, then try again.", 429)
        wanted = self._passwords.get(name)
        right = hmac.compare_digest((wanted or secrets.token_hex()).encode(), password.encode())
        if wanted is None or not right:
            return _page("Name and password do not fit. Check both.", 401, name)
        token = secrets.token_urlsafe(32)
        now = self._clock()
        self._logins = {key: each for key, each in self._logins.items() if each[1] > now}
        while len(self._logins) >= MOST_LOGINS:
            del self._logins[next(iter(self._logins))]
        self._logins[token] = (name, now + LASTS_S)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(COOKIE, token, max_age=LASTS_S, httponly=True, samesite="strict", secure=self._secure)
        return answer

    def _may_try(self, address: str) -> bool:
        if len(self._tries) > MOST_LOGINS:
            self._tries.clear()
        return self._tries.setdefault(address, RateLimit(5, 1 / 12)).allows(self._clock())


class Gate:
    """Before everything else: pages and sockets only for who is logged in."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a connection in, or send it to the login."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        path = scope["path"]
        if scope["type"] == "http" and path == "/login":
            answer = await self._access.login(Request(scope, receive))
            await answer(scope, receive, send)
        elif self._access.who(connection) is not None or (scope["type"] == "http" and path.startswith(OPEN)):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await RedirectResponse("/login", 303)(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})


def _page(trouble: str, status: int = 200, name: str = "") -> HTMLResponse:
    told = f'<p class="bb-trouble" role="alert">{escape(trouble)}</p>' if trouble else ""
    return HTMLResponse(
        f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Log in – Backbeat</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>
<body class="bb-login"><main class="bb-page"><h1>Backbeat</h1>{told}
<form method="post" action="/login"><label for="name">Name</label>
<input id="name" name="name" autocomplete="username" required maxlength="64" value="{escape(name, quote=True)}">
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="200">
<button class="bb-button">Log in</button></form></main></body></html>""",
        status,
    )
