"""What `backbeat doctor` looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from backbeat.cues.settings import CueSettings
from backbeat.history.place import data_folder
from backbeat.samples import Position

if TYPE_CHECKING:
    from backbeat.mqtt.settings import MqttSettings

State = Literal["good", "bad", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and the remedy where it is bad."""

    state: State
    what: str
    remedy: str = ""


@dataclass
class Patient:
    """What the doctor looks at.

    Attributes:
        source: URI of the sensor to measure; None for none.
        mqtt: URL of the broker to try; None for that of the configuration.
        broker: of the configuration, if it names one.
        settings_file: the configuration file; None for the one in force.
        seconds: how long the sensor is measured.
        root: of the file system.
        state: folder that must have room for recordings.
        measured: told while the sensor is measured, part of the way done.
        cues: what the configuration says about motor, button and voice.
        runner: who wears the sensor.
        histories: folder of the runners' histories, with what calibration found.
        position: where the configuration has the sensor on the body.
    """

    source: str | None = None
    mqtt: str | None = None
    broker: MqttSettings | None = None
    settings_file: Path | None = None
    seconds: float = 10.0
    root: Path = Path("/")
    state: Path = field(default_factory=Path.home)
    measured: Callable[[float], None] = lambda _: None
    cues: CueSettings = field(default_factory=CueSettings)
    runner: str = "runner"
    histories: Path = field(default_factory=data_folder)
    position: Position = "unknown"
