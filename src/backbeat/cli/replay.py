"""`backbeat replay`: analyse recordings."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from backbeat import terminal
from backbeat.errors import UserError
from backbeat.gait.engine import GaitSettings
from backbeat.jsonl import JsonLines, open_lines
from backbeat.logbook.pace import InBlocks, RealTime
from backbeat.logbook.recording import Recording
from backbeat.logbook.source import open_recording
from backbeat.monitor import Monitor, MonitorSettings
from backbeat.pipeline import Consumer, run
from backbeat.samples import SourceInfo
from backbeat.sources import Source

AXES = ("+x", "-x", "+y", "-y", "+z", "-z")


def command(
    files: Annotated[list[Path], typer.Argument(help="Recordings: CSV, MCAP, Sensor Logger, phyphox, Movesense.")],
    jsonl: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Write every event as a line of JSON; - is standard output.")
    ] = None,
    mqtt: Annotated[
        str | None, typer.Option(metavar="URL", help="Publish to a broker: mqtt://host:port, mqtts:// with TLS.")
    ] = None,
    block: Annotated[int | None, typer.Option(min=1, help="Feed so many readings at a time.")] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="At the speed of the recording.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse files with any bad row.")] = False,
    session: Annotated[str | None, typer.Option(help="Name of the session, a-z 0-9 -.")] = None,
    columns: Annotated[
        Path | None, typer.Option(metavar="TOML", help="Which column holds what, for tables of other programs.")
    ] = None,
    up: Annotated[str | None, typer.Option(metavar="AXIS", help="The sensor axis that points up, such as +z.")] = None,
    forward: Annotated[str | None, typer.Option(metavar="AXIS", help="The one that points forward.")] = None,
) -> None:
    """Analyse recordings: steps, alerts and the session's summary."""
    for axis in (up, forward):
        if axis is not None and axis not in AXES:
            raise UserError(f"'{axis}' is no axis; --up and --forward take one of {', '.join(AXES)}.")
    gait = GaitSettings(up=up, forward=forward) if up or forward else None
    recordings = [
        open_recording(file, strict=strict, columns=columns) for file in files
    ]  # all are looked at before the first is read
    with ExitStack() as stack:
        lines = stack.enter_context(open_lines(jsonl)) if jsonl else None
        for recording in recordings:
            source: Source = stack.enter_context(recording)
            if block:
                source = InBlocks(source, block)
            if realtime:
                source = RealTime(source)
            settings = _in_force(recording)
            monitor = Monitor(source.info, replace(settings, gait=gait) if gait else settings, session=session)
            run(source, monitor, _consumers(source.info, jsonl, lines, mqtt))


def _in_force(recording: Recording) -> MonitorSettings:
    """The settings that a recorded run was analysed with, so that its replay gives the same events."""
    if not recording.settings:
        return MonitorSettings()
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(MonitorSettings).validate_python(recording.settings)
    except ValidationError as error:
        typer.echo(f"{recording.info.name}: its settings are not known here ({error.errors()[0]['msg']}).", err=True)
        return MonitorSettings()


def _consumers(info: SourceInfo, jsonl: str | None, lines: BinaryIO | None, mqtt: str | None) -> list[Consumer]:
    """Who takes the events: the broker, the lines of JSON, the terminal."""
    consumers: list[Consumer] = []
    if mqtt:
        consumers.append(_publisher(mqtt, info))
    if jsonl and lines:
        consumers.append(JsonLines(lines, "standard output" if jsonl == "-" else jsonl))
    if jsonl != "-":
        consumers.append(terminal.view(info, sys.stdout))
    return consumers


def _publisher(url: str, info: SourceInfo) -> Consumer:
    """A publisher that is connected: a replay without its broker would be over before anybody heard of it."""
    from backbeat.mqtt.publisher import Publisher
    from backbeat.mqtt.settings import MqttSettings

    settings = MqttSettings.from_url(url)
    settings.check()
    publisher = Publisher(settings, info, report=lambda told: typer.echo(told, err=True))
    publisher.wait_connected()
    return publisher
