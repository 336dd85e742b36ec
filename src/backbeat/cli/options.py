"""What commands share of their command lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from backbeat.config import Settings, load
from backbeat.config.settings import Axis
from backbeat.errors import UserError
from backbeat.mqtt.topics import checked_id


def _session(name: str | None) -> str | None:
    """The name, which is a part of topics wherever the session is published."""
    return name if name is None else checked_id(name, "session")


SettingsFile = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="Configuration file, such as config/backbeat.toml.")
]
UpAxis = Annotated[str | None, typer.Option(metavar="AXIS", help="The sensor axis that points up, such as +z.")]
ForwardAxis = Annotated[str | None, typer.Option(metavar="AXIS", help="The one that points forward.")]
SessionName = Annotated[
    str | None, typer.Option("--session", help="Name of the session, a-z 0-9 -.", callback=_session)
]


def settings_in_force(file: Path | None, up: str | None, forward: str | None) -> Settings:
    """The settings of the file, with the axes of the command line before those of the file.

    Raises:
        UserError: a fault in the file, or something that is no axis.
    """
    for axis in (up, forward):
        if axis is not None and axis not in get_args(Axis):
            raise UserError(f"'{axis}' is no axis; --up and --forward take one of {', '.join(get_args(Axis))}.")
    settings = load(file)
    if up is None and forward is None:
        return settings
    mount = replace(
        settings.mount,
        up=cast("Axis | None", up or settings.mount.up),
        forward=cast("Axis | None", forward or settings.mount.forward),
    )
    return replace(settings, mount=mount)


def sensor_in_force(said: str | None, settings: Settings) -> str:
    """The URI of the sensor: what the command line says before what the configuration does.

    Raises:
        UserError: neither names one.
    """
    source = said or settings.sensor.source
    if source is None:
        raise UserError('There is no sensor: say --source URI, or set [sensor] source = "URI" in the configuration.')
    return source
