"""A device at the broker: who it is, its last will, its outbox, and what it answers."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from backbeat import __version__
from backbeat.event_json import as_json
from backbeat.mqtt import topics
from backbeat.mqtt.attendant import Attendant, Handler, Tell
from backbeat.mqtt.commands import ALWAYS, COMMANDS, Command
from backbeat.mqtt.courier import Courier, Identity
from backbeat.mqtt.desk import Desk
from backbeat.mqtt.link import Outgoing
from backbeat.mqtt.outbox import Limits, Outbox
from backbeat.mqtt.payloads import Envelope, Info, Status, encoded, message, utc_text
from backbeat.mqtt.reception import Reception
from backbeat.mqtt.settings import MqttSettings
from backbeat.mqtt.worker import THREADS, Runtime
from backbeat.samples import SourceInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What tells a run by MQTT.

    Attributes:
        client_id: at the broker.
        courier: carries.
        desk: writes messages; on the courier's thread only.
    """

    client_id: str
    courier: Courier
    desk: Desk


def open_device(
    settings: MqttSettings,
    info: SourceInfo,
    *,
    in_force: Mapping[str, object] | None = None,
    outbox: Path | None = None,
    limits: Limits | None = None,
    lasting: bool,
    tell: Tell | None = None,
    handlers: Mapping[type[Command], Handler] | None = None,
    report: Callable[[str], None],
    wall: Callable[[], float] = time.time,
    clock: Callable[[], float] = time.monotonic,
    runtime: Runtime = THREADS,
    awaited: bool = False,
) -> Device:
    """A device that has begun to connect.

    Args:
        settings: the broker and what to tell it.
        info: what the source knows about itself.
        in_force: settings of the analysis, told in `info`.
        outbox: file that keeps alerts and summaries until the broker has them; None keeps them in memory.
        limits: how large the outbox may grow.
        lasting: it is the same device each time, and the broker keeps commands while it is away.
        tell: takes what commands and the runner's phone say to the run.
        handlers: do the commands `Report` and `Identify`; called on threads of their own.
        report: told in words for people what they should know; called on the courier's thread.
        wall: Unix time now.
        clock: monotonic seconds.
        runtime: on which threads it works.
        awaited: somebody waits for the first connection and hears what is wrong with it.
    """
    names = settings.topics
    envelope = Envelope(origin=info.origin)
    will = Outgoing(
        topic=names.of(topics.STATUS),
        payload=encoded(message(envelope, as_json(Status(state="offline", reason="connection lost")))),
        channel=topics.STATUS.name,
        qos=topics.STATUS.qos,
        retain=True,
    )
    name = f"backbeat-{settings.team}-{settings.runner}"
    identity = Identity(
        client_id=name if lasting else f"{name}-{secrets.token_hex(4)}", will=will, keep_session=lasting
    )
    courier = Courier(
        settings,
        identity,
        lambda: Outbox(outbox, limits, report=report, wall=wall),
        report=report,
        clock=clock,
        runtime=runtime,
        awaited=awaited,
    )
    desk = Desk(courier, names, envelope, lambda: utc_text(wall()) or "", live_retained=settings.live_retained)
    attendant = Attendant(
        desk,
        allowed=settings.commands,
        tell=tell,
        handlers=handlers or {},
        post=courier.worker.post,
        report=report,
        clock=clock,
    )
    about = _info_message(settings, info, in_force or {})
    courier.start(Reception(courier, settings, desk, attendant, about, tell=tell))
    return Device(client_id=identity.client_id, courier=courier, desk=desk)


def _info_message(settings: MqttSettings, info: SourceInfo, in_force: Mapping[str, object]) -> Info:
    return Info(
        software=f"backbeat {__version__}",
        team=settings.team,
        runner=settings.runner,
        runner_name=settings.runner_name or settings.runner,
        source=info.name,
        rate_hz=info.rate_hz,
        acc_range_g=info.acc_range_g,
        gyr_range_dps=info.gyr_range_dps,
        position=info.position,
        details=info.details,
        settings=in_force,
        commands=sorted(ALWAYS | settings.commands & COMMANDS.keys()),
    )
