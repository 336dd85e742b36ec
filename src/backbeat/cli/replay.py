"""`backbeat replay`: analyse recordings."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from backbeat.cli.options import ForwardAxis, SessionName, SettingsFile, UpAxis, settings_in_force
from backbeat.cli.outputs import outputs
from backbeat.config.configured import Configured
from backbeat.config.recorded import settings_of
from backbeat.jsonl import open_lines
from backbeat.logbook.pace import InBlocks, RealTime
from backbeat.logbook.source import open_recording
from backbeat.monitor import Monitor, MonitorSettings
from backbeat.mqtt.settings import MqttSettings
from backbeat.pipeline import Consumer, run
from backbeat.samples import SourceInfo
from backbeat.sources import Source


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
    session: SessionName = None,
    columns: Annotated[
        Path | None, typer.Option(metavar="TOML", help="Which column holds what, for tables of other programs.")
    ] = None,
    up: UpAxis = None,
    forward: ForwardAxis = None,
    settings_file: SettingsFile = None,
) -> None:
    """Analyse recordings: steps, alerts and the session's summary."""
    configured = settings_in_force(settings_file, up, forward)
    broker = MqttSettings.from_url(mqtt) if mqtt else configured.broker()
    recordings = [
        open_recording(file, strict=strict, columns=columns) for file in files
    ]  # all are looked at before the first is read
    with ExitStack() as stack:
        lines = stack.enter_context(open_lines(jsonl)) if jsonl else None
        for recording in recordings:
            source: Source = Configured(stack.enter_context(recording), configured)
            if block:
                source = InBlocks(source, block)
            if realtime:
                source = RealTime(source)
            settings = configured.monitor() if settings_file else settings_of(recording, _say)
            if up or forward:
                settings = replace(settings, gait=configured.monitor().gait)
            monitor = Monitor(source.info, settings, session=session)
            run(source, monitor, outputs(source.info, jsonl, lines, _publisher(broker, source.info, settings)))


def _publisher(broker: MqttSettings | None, info: SourceInfo, settings: MonitorSettings) -> Consumer | None:
    """A publisher that is connected: a replay without its broker would be over before anybody heard of it."""
    if broker is None:
        return None
    from backbeat.mqtt.publisher import Publisher

    broker.check()
    publisher = Publisher(broker, info, in_force=asdict(settings), report=_say)
    publisher.wait_connected()
    return publisher


def _say(told: str) -> None:
    typer.echo(told, err=True)
