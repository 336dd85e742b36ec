"""A short configuration file from a runner's answers, with comments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answers:
    """What a runner can answer.

    Attributes:
        runner: id.
        name: for people.
        sensor: URI.
        position: where on the body.
        cues: motor and button are wired as in hardware/README.md.
        host: of the broker; None publishes nothing.
        port: where it is not the usual one.
        tls: whether it uses TLS.
        user: at the broker.
    """

    runner: str
    name: str
    sensor: str
    position: str
    cues: bool = False
    host: str | None = None
    port: int | None = None
    tls: bool = False
    user: str | None = None


def written(answers: Answers) -> str:
    """The file."""
    lines = [
        "# Written by `backbeat setup`. Every other setting with its range: `backbeat config example`.",
        "",
        "[runner]",
        f"id = {_text(answers.runner)}   # in topics and file names",
        f"name = {_text(answers.name)}   # for people",
        "",
        "[sensor]",
        f"source = {_text(answers.sensor)}",
        "",
        "[mount]",
        f"position = {_text(answers.position)}   # sacrum: the middle of the back",
    ]
    if answers.cues:
        lines += ["", "[cues]", "motor_pin = 17   # try both: backbeat cues test", "button_pin = 27"]
    if answers.host is not None:
        lines += ["", "[mqtt]", f"host = {_text(answers.host)}"]
    if answers.port is not None:
        lines.append(f"port = {answers.port}")
    if answers.host is not None and answers.tls:
        lines += ["tls = true", '# ca_file = "ca.crt"   # where the broker has a certificate authority of its own']
    if answers.user is not None:
        lines += [
            f"user = {_text(answers.user)}",
            'password_file = "password"   # beside this file: its first line; owned by the service, chmod 600',
        ]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    """A TOML basic string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
