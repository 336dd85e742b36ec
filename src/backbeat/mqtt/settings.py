"""How to reach the broker: from a URL or from the configuration, checked before anything starts."""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import parse_qsl, unquote, urlsplit

from annotated_types import Ge, Le

from backbeat.errors import UserError, why
from backbeat.mqtt.commands import COMMANDS
from backbeat.mqtt.topics import Topics, checked_id, checked_root, default_root

Version = Literal["auto", "5", "3.1.1"]

CREDENTIAL = "backbeat-mqtt-password"
"""Name of the systemd credential (`LoadCredential=`) that holds the password."""


class MqttError(UserError):
    """A broker that cannot be used as it is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """One broker, and what is told to it.

    Attributes:
        host: name or address.
        port: 1883 unless set, 8883 with TLS.
        tls: encrypt the connection.
        ca_file: PEM file of the certificate authority; the system's unless set.
        cert_file: PEM file of this device's own certificate, where the broker asks for one.
        key_file: PEM file of its key.
        user: name at the broker; without one no password is sent either.
        password_file: holds the password in its first line, readable by its owner only; unless set it is the
            systemd credential `backbeat-mqtt-password`.
        plaintext_password: send the password unencrypted even to another machine.
        version: of MQTT; "auto" takes 5 where the broker speaks it, else 3.1.1.
        team: id of the team, in topics.
        runner: id of the runner, in topics.
        runner_name: for people, in payloads only; empty takes the id.
        root: begins all topics; `backbeat/v1/<team>/<runner>` unless set.
        steps: publish each step.
        live_retained: the broker keeps each second's figures for who comes later. A cluster whose nodes agree on all
            that is kept, such as NATS, has most of its work with that; without it who comes later waits for a second.
        commands: those that are answered besides `resend` and `ack`.
        homeassistant: announce the runner to Home Assistant.
        homie: follow the Homie 5 convention too.
        owntracks: topic filter of the runner's phone, read for speed and slope, where set.
        keepalive_s: a silent connection is tried after so long.
    """

    host: str
    port: Annotated[int, Ge(1), Le(65535)] | None = None
    tls: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    user: str | None = None
    password_file: Path | None = None
    plaintext_password: bool = False
    version: Version = "auto"
    team: str = "home"
    runner: str = "runner"
    runner_name: str = ""
    root: str | None = None
    steps: bool = False
    live_retained: bool = True
    commands: frozenset[str] = frozenset()
    homeassistant: bool = False
    homie: bool = False
    owntracks: str | None = None
    keepalive_s: Annotated[int, Ge(5), Le(3600)] = 15

    @classmethod
    def from_url(cls, url: str) -> MqttSettings:
        """Settings from `mqtt://[user@]host[:port][/root][?name=value&…]`, `mqtts://` for TLS.

        Every field of this class but `host`, `port`, `tls`, `user` and `root` may stand as `name=value`; lists have
        commas.

        Raises:
            MqttError: it cannot be understood; the sentence says what.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise MqttError(f"{_shown(url)}: {error}; write mqtt://host:1883.") from None
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise MqttError(f"{_shown(url)} is no broker's address; write mqtt://host:1883, or mqtts://host for TLS.")
        if parts.password is not None:
            raise MqttError(
                f"{_shown(url)}: a password in an address can be read by everybody on this machine; put it into a file "
                "that only you can read (chmod 600) and add ?password_file=FILE."
            )
        settings = cls(
            host=parts.hostname,
            port=port,
            tls=parts.scheme == "mqtts",
            user=unquote(parts.username) if parts.username else None,
            root=unquote(parts.path).strip("/") or None,
        )
        for name, text in parse_qsl(parts.query, keep_blank_values=True):
            settings = replace(settings, **{name: _value(url, name, text)})
        settings.check()
        return settings

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or (8883 if self.tls else 1883)

    @property
    def name(self) -> str:
        """The broker, for people."""
        return "{}:{}".format(*self.address)

    @property
    def topics(self) -> Topics:
        """This runner's topics."""
        return Topics(self.root if self.root is not None else default_root(self.team, self.runner))

    def check(self) -> None:
        """See that everything can be used.

        Raises:
            MqttError: a file cannot be read, a password would be sent in the open, or an id cannot be a topic.
        """
        checked_id(self.team, "team")
        checked_id(self.runner, "runner")
        if self.root is not None:
            checked_root(self.root)
        unknown = self.commands - COMMANDS.keys()
        if unknown:
            raise MqttError(f"There is no command '{min(unknown)}'; there are {', '.join(COMMANDS)}.")
        self.password()
        self.tls_context()

    def password(self) -> str | None:
        """The password from its file or credential; None without a user.

        Raises:
            MqttError: it cannot be read, others can read it too, or it would be sent in the open.
        """
        if self.user is None:
            return None
        password = self._password_text()
        if password is not None and not (self.tls or self.plaintext_password or _is_loopback(self.host)):
            raise MqttError(
                f"The password for {self.name} would travel unencrypted: use mqtts://, or say plaintext_password=yes "
                "if this network is yours alone."
            )
        return password

    def tls_context(self) -> ssl.SSLContext | None:
        """The TLS set-up; None for an open connection.

        Raises:
            MqttError: a certificate or key cannot be read.
        """
        if not self.tls:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise MqttError(f"The CA file {self.ca_file} cannot be used: {why(error)}.") from None
        if self.cert_file:
            try:
                context.load_cert_chain(self.cert_file, self.key_file)
            except OSError as error:
                told = f"The certificate {self.cert_file} with its key cannot be used: {why(error)}."
                raise MqttError(told) from None
        return context

    def _password_text(self) -> str | None:
        file = self.password_file
        if file is None:
            folder = os.environ.get("CREDENTIALS_DIRECTORY")
            if folder is None or not (Path(folder) / CREDENTIAL).is_file():
                return None
            file = Path(folder) / CREDENTIAL
        elif file.exists() and file.stat().st_mode & 0o077:
            raise MqttError(f"The password file {file} can be read by others; run: chmod 600 {file}")
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise MqttError(f"The password file {file} cannot be read: {why(error)}; check password_file.") from None
        if not lines or not lines[0]:
            raise MqttError(f"The password file {file} is empty; its first line is the password.")
        return lines[0]


def _shown(url: str) -> str:
    """The URL without what may be secret in it."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _switch(text: str) -> bool:
    words = {"": True, "1": True, "yes": True, "true": True, "on": True, "0": False, "no": False, "false": False}
    return words[text.lower()]


def _version(text: str) -> Version:
    if text not in get_args(Version):
        raise ValueError
    return text  # type: ignore[return-value]


_READERS: dict[str, tuple[Callable[[str], Any], str]] = {
    "ca_file": (Path, "a file"),
    "cert_file": (Path, "a file"),
    "key_file": (Path, "a file"),
    "password_file": (Path, "a file"),
    "plaintext_password": (_switch, "yes or no"),
    "version": (_version, "auto, 5 or 3.1.1"),
    "team": (str, "an id"),
    "runner": (str, "an id"),
    "runner_name": (str, "a name"),
    "steps": (_switch, "yes or no"),
    "live_retained": (_switch, "yes or no"),
    "commands": (lambda text: frozenset(filter(None, text.split(","))), "names with commas between"),
    "homeassistant": (_switch, "yes or no"),
    "homie": (_switch, "yes or no"),
    "owntracks": (str, "a topic"),
    "keepalive_s": (int, "a whole number of seconds"),
}


def _value(url: str, name: str, text: str) -> Any:
    if name not in _READERS:
        raise MqttError(f"{_shown(url)}: '{name}' is not known; known are {', '.join(_READERS)}.")
    read, wanted = _READERS[name]
    try:
        return read(text)
    except (ValueError, KeyError):
        raise MqttError(f"{_shown(url)}: {name}={text} is not {wanted}.") from None
