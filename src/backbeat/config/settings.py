"""What the configuration file holds, section by section. Most sections are the settings types of their rooms."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from annotated_types import Ge, Le

from backbeat.cues.settings import CueSettings
from backbeat.dashboard.settings import DashboardSettings
from backbeat.gait.engine import GaitSettings
from backbeat.history.settings import HistorySettings
from backbeat.monitor import MonitorSettings
from backbeat.mqtt.settings import MqttSettings
from backbeat.samples import Context, Position, SourceInfo
from backbeat.sessions import SessionSettings
from backbeat.strain.settings import StrainSettings

Axis: TypeAlias = Literal["+x", "-x", "+y", "-y", "+z", "-z"]


@dataclass(frozen=True, slots=True)
class RunnerSettings:
    """Who runs.

    Attributes:
        id: of the runner, in topics and file names: a-z, 0-9 and -, 32 at most.
        name: for people; empty takes the id. It is published.
        team: id of the team, likewise.
    """

    id: str = "runner"
    name: str = ""
    team: str = "home"


@dataclass(frozen=True, slots=True)
class SensorSettings:
    """Where the readings come from.

    Attributes:
        source: URI of the sensor, such as "i2c://1/0x6a?chip=lsm6dsox&rate=208" or
            "ble://AA:BB:CC:DD:EE:FF?sensor=witmotion"; `backbeat sensors` lists what it finds. Without one,
            `backbeat run` wants --source.
    """

    source: str | None = None


@dataclass(frozen=True, slots=True)
class MountSettings:
    """How the sensor is worn. What is not set is found from the motion.

    Attributes:
        position: where on the body: the middle of the back (sacrum), above one hip, or not known.
        up: the sensor axis that points up when standing.
        forward: the sensor axis that points forward; needs `up`.
    """

    position: Position = "unknown"
    up: Axis | None = None
    forward: Axis | None = None


@dataclass(frozen=True, slots=True)
class RecorderSettings:
    """Recordings of live runs.

    Attributes:
        enabled: record every live run.
        folder: where to; the oldest recordings there go when the disk is nearly full. Without one, `recordings` in
            the state folder (/var/lib/backbeat for the service, ~/.local/state/backbeat otherwise).
    """

    enabled: bool = True
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class SpeedSettings:
    """Where speed and slope come from; impact is only compared at like speed and slope.

    Attributes:
        source: "treadmill" takes the figures below from the start of the run; "owntracks" reads the runner's phone
            from the broker of [mqtt]; "none" leaves it to what the sensor itself tells.
        speed_km_h: of the treadmill.
        grade_pct: slope of the treadmill, positive uphill.
        topic: that the phone's OwnTracks publishes to, such as "owntracks/sam/phone".
    """

    source: Literal["none", "treadmill", "owntracks"] = "none"
    speed_km_h: Annotated[float, Ge(1), Le(40)] | None = None
    grade_pct: Annotated[float, Ge(-45), Le(45)] = 0.0
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole file.

    Attributes:
        mqtt: the broker; None where nothing is published.
    """

    runner: RunnerSettings = field(default_factory=RunnerSettings)
    sensor: SensorSettings = field(default_factory=SensorSettings)
    mount: MountSettings = field(default_factory=MountSettings)
    session: SessionSettings = field(default_factory=SessionSettings)
    strain: StrainSettings = field(default_factory=StrainSettings)
    mqtt: MqttSettings | None = None
    recorder: RecorderSettings = field(default_factory=RecorderSettings)
    history: HistorySettings = field(default_factory=HistorySettings)
    speed: SpeedSettings = field(default_factory=SpeedSettings)
    cues: CueSettings = field(default_factory=CueSettings)
    dashboard: DashboardSettings = field(default_factory=DashboardSettings)

    def monitor(self) -> MonitorSettings:
        """What the analysis is told."""
        gait = GaitSettings(up=self.mount.up, forward=self.mount.forward)
        return MonitorSettings(gait=gait, session=self.session, strain=self.strain)

    def worn(self, info: SourceInfo) -> SourceInfo:
        """The source's description with the position set here, where one is."""
        return info if self.mount.position == "unknown" else replace(info, position=self.mount.position)

    def broker(self) -> MqttSettings | None:
        """The broker with the runner's names and the phone's topic, which stand in sections of their own."""
        if self.mqtt is None:
            return None
        return replace(
            self.mqtt,
            team=self.runner.team,
            runner=self.runner.id,
            runner_name=self.runner.name,
            owntracks=self.speed.topic if self.speed.source == "owntracks" else None,
        )

    def context(self, time: float) -> tuple[Context, ...]:
        """What holds from the start of a run, at `time` s on the readings' axis."""
        if self.speed.source != "treadmill" or self.speed.speed_km_h is None:
            return ()
        return (
            Context(time, "speed_m_s", self.speed.speed_km_h / 3.6),
            Context(time, "grade_pct", self.speed.grade_pct),
        )
