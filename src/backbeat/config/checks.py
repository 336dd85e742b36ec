"""What types cannot say: fields that must go together. Each check raises ValueError or UserError with one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backbeat.config.settings import MountSettings, RunnerSettings, SpeedSettings
from backbeat.cues.rules import check as check_cues
from backbeat.cues.settings import CueSettings
from backbeat.dashboard.settings import DashboardSettings
from backbeat.dashboard.settings import check as check_dashboard
from backbeat.mqtt.commands import COMMANDS
from backbeat.mqtt.settings import MqttSettings
from backbeat.mqtt.topics import checked_id, checked_root
from backbeat.strain.catalogue import CATALOGUE
from backbeat.strain.settings import AlertSettings, SymmetrySettings


def _runner(runner: RunnerSettings) -> None:
    checked_id(runner.id, "runner")
    checked_id(runner.team, "team")


def _mount(mount: MountSettings) -> None:
    if mount.forward and not mount.up:
        raise ValueError("forward needs up too; set both, or leave both to be found")
    if mount.forward and mount.up and mount.forward[1] == mount.up[1]:
        raise ValueError(
            f'up = "{mount.up}" and forward = "{mount.forward}" are the same axis; they are at right angles'
        )


def _symmetry(symmetry: SymmetrySettings) -> None:
    if symmetry.first_pairs > symmetry.window_pairs:
        raise ValueError(
            f"first_pairs = {symmetry.first_pairs} is more than window_pairs = {symmetry.window_pairs}; lower it"
        )


def _alerts(alerts: AlertSettings) -> None:
    unknown = sorted(set(alerts.overrides) - set(CATALOGUE))
    if unknown:
        raise ValueError(f"overrides: there is no alert '{unknown[0]}'; there are {', '.join(CATALOGUE)}")
    for name, override in alerts.overrides.items():
        if override.threshold is not None and not CATALOGUE[name].has_threshold:
            raise ValueError(f"overrides: {name} has no threshold: it is raised by {CATALOGUE[name].when}")


def _speed(speed: SpeedSettings) -> None:
    if speed.source == "treadmill" and speed.speed_km_h is None:
        raise ValueError('source = "treadmill" needs speed_km_h')
    if speed.source == "owntracks" and not speed.topic:
        raise ValueError('source = "owntracks" needs topic, such as "owntracks/sam/phone"')


def _mqtt(mqtt: MqttSettings) -> None:
    if mqtt.root is not None:
        checked_root(mqtt.root)
    unknown = sorted(mqtt.commands - COMMANDS.keys())
    if unknown:
        raise ValueError(f"commands: there is no command '{unknown[0]}'; there are {', '.join(COMMANDS)}")
    if not mqtt.tls and (mqtt.ca_file or mqtt.cert_file):
        raise ValueError("ca_file and cert_file mean nothing without tls = true")
    if (mqtt.cert_file is None) != (mqtt.key_file is None):
        raise ValueError("cert_file and key_file belong together; set both, or none")


def _dashboard(dashboard: DashboardSettings) -> None:
    if dashboard.team is not None:
        checked_id(dashboard.team, "team")
    check_dashboard(dashboard)


CHECKS: Mapping[type, Callable[[Any], None]] = {
    RunnerSettings: _runner,
    MountSettings: _mount,
    SymmetrySettings: _symmetry,
    AlertSettings: _alerts,
    SpeedSettings: _speed,
    MqttSettings: _mqtt,
    CueSettings: check_cues,
    DashboardSettings: _dashboard,
}
"""Settings type to its check."""
