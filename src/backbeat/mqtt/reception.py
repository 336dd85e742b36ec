"""The reception: says hello and goodbye to the broker, and brings what comes in to who understands it."""

from __future__ import annotations

import random
from collections.abc import Callable

from paho.mqtt.client import topic_matches_sub

from backbeat.mqtt.attendant import Attendant, Tell
from backbeat.mqtt.courier import Correspondent, Courier
from backbeat.mqtt.desk import Desk
from backbeat.mqtt.homeassistant import STATUS_TOPIC, discovery, discovery_topic
from backbeat.mqtt.link import Incoming
from backbeat.mqtt.owntracks import OwnTracks
from backbeat.mqtt.payloads import Info, Status
from backbeat.mqtt.settings import MqttSettings

REANNOUNCE_WITHIN_S = 5.0
"""Not all devices at once when Home Assistant has started."""


class Reception(Correspondent):
    """What the courier asks of a run's publisher."""

    def __init__(
        self,
        courier: Courier,
        settings: MqttSettings,
        desk: Desk,
        attendant: Attendant,
        info: Info,
        *,
        tell: Tell | None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._courier, self._settings, self._desk, self._attendant = courier, settings, desk, attendant
        self._info, self._tell, self._jitter = info, tell, jitter
        self._names = settings.topics
        self._announcement = discovery_topic(settings.team, settings.runner)
        self._phone = OwnTracks()
        self.filters = [
            self._names.commands,
            *([STATUS_TOPIC] if settings.homeassistant else []),
            *([settings.owntracks] if settings.owntracks else []),
        ]

    def connected(self) -> None:
        """Say who is there."""
        self._desk.status(Status(state="online"))
        self._desk.info(self._info)
        self._desk.announce(
            self._announcement, discovery(self._names, self._info) if self._settings.homeassistant else None
        )

    def farewell(self) -> None:
        """Say that the end is meant."""
        self._desk.status(Status(state="offline", reason="ended"))

    def received(self, message: Incoming) -> None:
        """Bring it to who understands it."""
        if message.topic == STATUS_TOPIC:
            if message.payload == b"online" and not message.retained:
                self._courier.worker.after(
                    self._jitter() * REANNOUNCE_WITHIN_S, lambda: self._desk.announce_again(self._announcement)
                )
        elif topic_matches_sub(self._names.commands, message.topic):
            self._attendant.received(self._names.command_of(message.topic), message)
        elif self._tell is not None and not message.retained:
            for kind, value in self._phone.update(message.payload).items():
                self._tell("speed_m_s" if kind == "speed_m_s" else "grade_pct", value)
