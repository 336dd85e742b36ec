"""Where MQTT payloads are named: an envelope, and what is in it.

The events of `backbeat.events` and `Live` travel as they are; what only MQTT knows is here. Field names carry units,
None is null and means unknown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, ClassVar, Literal, cast

from backbeat.mqtt.topics import VERSION
from backbeat.samples import Origin

MAX_LISTED_BYTES = 64 * 1024
"""Of `session/<id>/alerts` and `…/notes`, where the oldest entries go first; some brokers end at 128 KiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What stands at the front of every message; (session, topic, seq) is its key.

    Attributes:
        v: version of topics and payloads; fields may be added without a new one.
        utc: when it became known, ISO 8601 with milliseconds; null where the wall clock is not known.
        session: the session's id; null outside one and in the last will.
        seq: counted per topic, from 1, without holes; null in the last will.
        origin: "simulated" is no runner.
    """

    v: int = VERSION
    utc: str | None = None
    session: str | None = None
    seq: int | None = None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Whether this runner's device is connected; its "offline" is also the last will.

    Attributes:
        state: online or offline.
        reason: why it is offline: "ended", "connection lost"; empty while online.
    """

    kind: ClassVar[str] = "status"
    state: Literal["online", "offline"]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """The device, its sensor, the versions and the settings in force.

    Attributes:
        software: name and version.
        team: the team's id.
        runner: the runner's id.
        runner_name: for people.
        source: the sensor's name, for people.
        rate_hz: nominal readings a second.
        acc_range_g: end of the accelerometer's range.
        gyr_range_dps: end of the gyroscope's range.
        position: where on the body.
        details: chip, address, firmware, serial number and the like.
        settings: those in force.
        commands: those that this device answers.
    """

    kind: ClassVar[str] = "info"
    software: str
    team: str
    runner: str
    runner_name: str
    source: str
    rate_hz: float | None
    acc_range_g: float | None
    gyr_range_dps: float | None
    position: str
    details: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    commands: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionAlerts:
    """This session's alerts so far, each as it was sent, with `acknowledged_by` and `acknowledged_utc` added.

    Attributes:
        alerts: oldest first.
        dropped: how many older ones are no longer listed.
    """

    kind: ClassVar[str] = "session-alerts"
    alerts: Sequence[Mapping[str, Any]]
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNotes:
    """What the runner said in this session: pain, stiffness, effort, notes, shoe, surface.

    Attributes:
        notes: oldest first, each with `time`, `utc`, `about` and `value`.
        dropped: how many older ones are no longer listed.
    """

    kind: ClassVar[str] = "session-notes"
    notes: Sequence[Mapping[str, Any]]
    dropped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a command.

    Attributes:
        command: its name.
        id: the id that the asker gave, if any.
        ok: whether it was done.
        error: why not, one sentence.
        result: what came out.
    """

    kind: ClassVar[str] = "reply"
    command: str
    id: str | None
    ok: bool
    error: str = ""
    result: Mapping[str, Any] = field(default_factory=dict)


def encoded(payload: Mapping[str, Any]) -> bytes:
    """A payload as it is sent."""
    return json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def utc_text(seconds: float | None) -> str | None:
    """Unix time as ISO 8601 in UTC with milliseconds; None stays None."""
    if seconds is None:
        return None
    moment = datetime.fromtimestamp(round(seconds, 3), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message(envelope: Envelope, body: Mapping[str, Any]) -> dict[str, Any]:
    """A body in its envelope, flat."""
    return {**{f.name: getattr(envelope, f.name) for f in fields(envelope)}, **body}


def decoded(payload: bytes) -> dict[str, Any]:
    """A payload of our own."""
    return cast("dict[str, Any]", json.loads(payload))
