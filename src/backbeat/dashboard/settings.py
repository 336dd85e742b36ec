"""What the configuration says about the dashboard, section [dashboard]."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le

from backbeat.errors import UserError


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """Where `backbeat dashboard` serves, and to whom. What it shows comes from the broker of [mqtt].

    Attributes:
        host: address to serve on; "0.0.0.0" is all of this machine's. Any but its own needs `password_file`.
        port: to serve on.
        team: show only this team; all that the broker lets us read unless set.
        password_file: lines name:password of who may log in, readable by its owner only.
        certificate: PEM file, to serve https; needs `key`.
        key: PEM file of its key.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Ge(0), Le(65535)] = 8080
    team: str | None = None
    password_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


def check(settings: DashboardSettings) -> None:
    """What must go together does.

    Raises:
        UserError: the sentence says what is missing.
    """
    if settings.password_file is None and not is_loopback(settings.host):
        raise UserError(
            f"Others can reach {settings.host}: name who may log in with --passwords FILE, or password_file in the "
            "configuration (lines name:password, chmod 600)."
        )
    if (settings.certificate is None) != (settings.key is None):
        raise UserError("Certificate and key go together; give both, or none.")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach this address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
