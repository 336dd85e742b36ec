"""`backbeat run`: watch a sensor live."""

from __future__ import annotations

import os
import signal
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backbeat.cli.options import ForwardAxis, SessionName, SettingsFile, UpAxis, sensor_in_force, settings_in_force
from backbeat.cli.outputs import outputs
from backbeat.config import Settings, find
from backbeat.config.configured import Configured
from backbeat.config.settings import RecorderSettings
from backbeat.cues.settings import CueSettings
from backbeat.errors import UserError
from backbeat.history.live import WithUsual, consumers, pages_folder, runner_history
from backbeat.history.place import data_folder
from backbeat.inbox import Inbox, WithInbox
from backbeat.jsonl import open_lines
from backbeat.logbook.pace import RealTime
from backbeat.monitor import Monitor, MonitorSettings
from backbeat.mqtt.settings import MqttSettings
from backbeat.pipeline import Consumer, run
from backbeat.samples import Context, Samples, SourceInfo
from backbeat.service import Service
from backbeat.sources import Around, Source, open_source
from backbeat.worn import as_worn, worn_file

if TYPE_CHECKING:
    from backbeat.cues.belt import Belt
    from backbeat.mqtt.attendant import Handler
    from backbeat.mqtt.commands import Command

WITHOUT_RECORDING = "the run goes on without a recording."
BROKER_PATIENCE_S = 3.0
"""A run that is stopped ends within five seconds; the broker gets most of them."""


def command(
    source: Annotated[
        str | None,
        typer.Option(metavar="URI", help="Such as i2c://1/0x6a, ble://…, emulate:lsm6dsox; that of the configuration."),
    ] = None,
    jsonl: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="Write every event as a line of JSON; - is standard output.")
    ] = None,
    mqtt: Annotated[
        str | None, typer.Option(metavar="URL", help="Publish to a broker: mqtt://host:port, mqtts:// with TLS.")
    ] = None,
    record: Annotated[
        str | None,
        typer.Option(metavar="FILE|FOLDER|none", help="Where to record as MCAP; the user's state folder unless said."),
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after so long.")] = None,
    session: SessionName = None,
    up: UpAxis = None,
    forward: ForwardAxis = None,
    settings_file: SettingsFile = None,
) -> None:
    """Watch a sensor live until Ctrl-C, SIGTERM, --seconds or its end; the session then ends with its summary.

    What the command line does not say is as the configuration has it: that of --settings, or else
    /etc/backbeat/backbeat.toml, or else ~/.config/backbeat/backbeat.toml.
    """
    configured = settings_in_force(settings_file or find(), up, forward)
    settings = configured.monitor()
    broker = MqttSettings.from_url(mqtt) if mqtt else configured.broker()
    if broker:
        broker.check()
    source = sensor_in_force(source, configured)
    with ExitStack() as stack:
        opened: Source = Configured(stack.enter_context(open_source(source)), configured)
        worn = worn_file(configured.history.folder or data_folder(), configured.runner.id, opened.info.name)
        settings = as_worn(settings, worn, opened.info.position, _say)
        if opened.info.readings is not None:  # a recording, or a simulated run: it has no pace of its own
            opened = RealTime(opened)
        if seconds is not None:
            opened = Limited(opened, seconds)
        if configured.history.enabled and opened.info.origin == "live":
            opened = WithUsual(opened, runner_history(configured.history, configured.runner.id), _say)
        inbox = Inbox()  # what commands and the runner's phone say
        opened = WithInbox(opened, inbox)
        lines = stack.enter_context(open_lines(jsonl)) if jsonl else None
        stack.enter_context(stopped_by_signals(opened.stop))

        def make(info: SourceInfo) -> Monitor:
            return Monitor(info, settings, session=session)

        def takers(info: SourceInfo) -> list[Consumer]:
            kept = consumers(configured.history, configured.runner.id, info, _say)
            belt = _belt(configured.cues, inbox)
            asked = _asked(configured, belt)
            publisher = _publisher(broker, info, settings, inbox, asked) if broker else None
            service = [Service(info.name)] if "NOTIFY_SOCKET" in os.environ else []  # systemd started us
            # The belt after the publisher: at the end the summary does not wait for a buzz.
            return [*kept, *outputs(info, jsonl, lines, publisher, _say), *([belt] if belt else []), *service]

        place = _recording_place(record, configured.recorder)
        if place is None:
            run(opened, make(opened.info), takers(opened.info))
            return
        _recorded(opened, source, make, settings, place, takers)


def _say(told: str) -> None:
    typer.echo(told, err=True)


def _recording_place(said: str | None, settings: RecorderSettings) -> Path | None:
    """Where to record: what the command line says before what the configuration does; None not to."""
    if said == "none" or (said is None and not settings.enabled):
        return None
    if said is not None:
        return Path(said)
    folder = settings.folder or state_folder() / "recordings"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:  # the SD card is damaged or read-only; the runner runs all the same
        typer.echo(f"{folder}: {error.strerror}; {WITHOUT_RECORDING}", err=True)
        return None
    return folder


def _recorded(
    source: Source,
    uri: str,
    make: Callable[[SourceInfo], Monitor],
    settings: MonitorSettings,
    place: Path,
    others: Callable[[SourceInfo], list[Consumer]],
) -> None:
    """Run with a recording; in a folder, a run that was cut off within the last minutes goes on."""
    from backbeat.checkpoint import Keeper
    from backbeat.logbook.recorder import Recorder
    from backbeat.recovery import Beginning, begin

    if not place.is_dir():
        recorder = Recorder(place, source.info, asdict(settings))
        run(source, make(source.info), [recorder, *others(source.info)])
        return
    state = place / f"run-{zlib.crc32(uri.encode()):08x}.state"
    start: Beginning = begin(state, source, make, settings.session.end_after_pause_s)
    info = start.source.info
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.mcap"
    consumers = others(info)
    try:
        recorder = Recorder(place / name, info, asdict(settings), removable=place)
    except UserError as error:  # a full or read-only disk
        typer.echo(f"{error} {WITHOUT_RECORDING.capitalize()}", err=True)
    else:
        consumers = [recorder, *consumers, Keeper(state, start.monitor, info, [*start.recordings, name])]
    start.announce(consumers)
    run(start.source, start.monitor, consumers)


class Limited(Around):
    """A source that ends after so many seconds."""

    def __init__(self, source: Source, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(source)
        self._seconds, self._clock = seconds, clock

    def __iter__(self) -> Iterator[Samples | Context]:
        end = self._clock() + self._seconds
        for block in self._source:
            yield block
            if self._clock() >= end:
                return


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """While this lasts SIGINT and SIGTERM ask for an end; a second one ends the process at once."""

    def asked(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, before[number])
        # On a thread of its own: what it interrupts may hold a lock that `stop` needs.
        threading.Thread(target=stop, name="stop", daemon=True).start()

    before: dict[int, Any] = {int(n): signal.signal(n, asked) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def state_folder() -> Path:
    """Where a live run keeps what has to survive it: $STATE_DIRECTORY (systemd), or the user's state folder."""
    base = os.environ.get("STATE_DIRECTORY")
    if base is None:
        base = os.environ.get("XDG_STATE_HOME", str(Path.home() / ".local" / "state")) + "/backbeat"
    folder = Path(base)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: {error.strerror}; set STATE_DIRECTORY to a folder that can be written.") from None
    return folder


def outbox_file(settings: MqttSettings) -> Path:
    """What a live run keeps for its broker."""
    return state_folder() / f"outbox-{settings.team}-{settings.runner}.sqlite"


def _belt(settings: CueSettings, inbox: Inbox) -> Belt | None:
    """The motor, button and voice that the runner wears, if any."""
    if not settings.any:
        return None
    from backbeat.cues.belt import Belt

    return Belt(settings, tell=inbox.put, report=_say)


def _asked(configured: Settings, belt: Belt | None) -> dict[type[Command], Handler]:
    """Who does what the broker's readers ask for."""
    from backbeat.asked import say_who, write_report
    from backbeat.mqtt.commands import Identify, Report

    history, runner = configured.history, configured.runner.id
    pages = write_report(runner_history(history, runner), pages_folder(history, runner))
    return {Report: pages, Identify: belt.identify if belt and configured.cues.tells else say_who(runner, _say)}


def _publisher(
    broker: MqttSettings,
    info: SourceInfo,
    settings: MonitorSettings,
    inbox: Inbox,
    asked: Mapping[type[Command], Handler],
) -> Consumer:
    """A publisher with an outbox on disk: a live run goes on without its broker and tells it later."""
    from backbeat.mqtt.publisher import Publisher

    return Publisher(
        broker,
        info,
        in_force=asdict(settings),
        outbox=outbox_file(broker),
        end_patience_s=BROKER_PATIENCE_S,
        tell=inbox.put,
        handlers=asked,
        report=_say,
    )
