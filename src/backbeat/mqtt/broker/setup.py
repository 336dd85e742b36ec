"""A folder from which Mosquitto runs as it is: encrypted, with passwords, everybody in their own place."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from backbeat.errors import UserError, why
from backbeat.mqtt.broker.access import Access, coach_rights, coach_user, runner_rights, runner_user
from backbeat.mqtt.broker.files import broker_user, hand_over, write

CONFIGURATION = """\
# Written by `backbeat broker init`; run it with: mosquitto -c {folder}/mosquitto.conf
user {user}
listener {port}
certfile {folder}/server.crt
keyfile {folder}/server.key
tls_version tlsv1.2

# nobody without a password, and everybody only where the access list lets them
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/access

# what is retained or waits for somebody survives a restart; at a power cut a minute of it may be lost,
# which readers notice by a gap in seq and ask for again
persistence true
persistence_location {folder}/data/
autosave_interval 60
persistent_client_expiration 30d

# no device needs more
max_packet_size 262144
max_queued_messages 10000
"""


@dataclass(frozen=True, slots=True)
class Client:
    """What a new user needs.

    Attributes:
        user: name at the broker.
        folder: holds the password and the certificate to trust; to be carried to the device.
        url: for `--mqtt`, with the folder as it is on this machine.
    """

    user: str
    folder: Path
    url: str


class BrokerFolder:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._access = Access(self.folder / "passwords", self.folder / "access")

    def init(self, hosts: Sequence[str], port: int) -> list[str]:
        """Make the folder, or renew the broker's certificate in one that is there; users and authority stay.

        Args:
            hosts: names and addresses under which devices reach this machine; none takes its own name.
            port: to listen on.

        Returns:
            The names in the certificate.

        Raises:
            UserError: the folder cannot be used, or the `broker` extra is not installed.
        """
        try:
            from backbeat.mqtt.broker.certificates import Signed, new_authority, new_server
        except ImportError:
            raise UserError("Certificates need another package; run: pip install 'backbeat[broker]'") from None
        names = list(hosts) or [socket.gethostname(), f"{socket.gethostname()}.local"]
        names += [name for name in ("localhost", "127.0.0.1") if name not in names]
        try:
            for folder in (self.folder, self.folder / "data", self.folder / "clients"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                hand_over(folder)
            certificate, key = self.folder / "ca.crt", self.folder / "ca.key"
            if not key.exists():
                new_authority().save(certificate, key)
            new_server(Signed.load(certificate, key), names).save(
                self.folder / "server.crt", self.folder / "server.key"
            )
            self._access.create()
            text = CONFIGURATION.format(folder=self.folder, port=port, user=broker_user())
            write(self.folder / "mosquitto.conf", text.encode(), 0o644)
            write(self.folder / "address", f"{names[0]}:{port}\n".encode(), 0o644)
        except (OSError, ValueError) as error:
            raise UserError(f"The broker cannot be set up in {self.folder}: {why(error)}.") from None
        return names

    def add_runner(self, team: str, runner: str, *, homeassistant: bool, phone: bool, new_password: bool) -> Client:
        """Let a runner's device in.

        Raises:
            UserError: there is no broker here, or such a runner already.
        """
        rights = runner_rights(team, runner, homeassistant=homeassistant, phone=phone)
        query = f"team={team}&runner={runner}" + ("&homeassistant=yes" if homeassistant else "")
        if phone:
            query += f"&owntracks={quote(f'owntracks/{runner_user(team, runner)}/+')}"
        return self._add(runner_user(team, runner), rights, query, new_password=new_password)

    def add_coach(self, team: str, coach: str, *, commands: bool, new_password: bool) -> Client:
        """Let a coach read a team.

        Raises:
            UserError: there is no broker here, or such a coach already.
        """
        rights = coach_rights(team, commands=commands)
        return self._add(coach_user(team, coach), rights, f"team={team}", new_password=new_password)

    def _add(self, user: str, rights: Sequence[str], query: str, *, new_password: bool) -> Client:
        if not (self.folder / "mosquitto.conf").exists():
            raise UserError(f"There is no broker in {self.folder}; run: backbeat broker init {self.folder}")
        if user in self._access.users() and not new_password:
            raise UserError(f"{user} is there already; --new-password gives a new password and these rights.")
        password = secrets.token_urlsafe(18)
        folder = self.folder / "clients" / user
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            hand_over(folder)
            write(folder / "password", f"{password}\n".encode(), 0o600)
            write(folder / "ca.crt", (self.folder / "ca.crt").read_bytes(), 0o644)
            self._access.put(user, password, rights)
            address = (self.folder / "address").read_text(encoding="utf-8").strip()
        except OSError as error:
            raise UserError(f"{user} cannot be added in {self.folder}: {why(error)}.") from None
        files = f"ca_file={quote(str(folder / 'ca.crt'))}&password_file={quote(str(folder / 'password'))}"
        return Client(user, folder, f"mqtts://{user}@{address}?{files}&{query}")
