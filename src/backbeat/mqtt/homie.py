"""The figures of `live` as a Homie 5 device too (https://homieiot.github.io/specification/).

A connection has one last will, and the convention wants its own: the device has a connection of its own.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from backbeat.live import Live
from backbeat.mqtt.courier import Correspondent, Courier, Identity
from backbeat.mqtt.link import Outgoing
from backbeat.mqtt.outbox import Outbox
from backbeat.mqtt.settings import MqttSettings

PROPERTIES: Mapping[str, tuple[str, str, str, str | None]] = {
    "state": ("state", "State", "enum", None),
    "cadence": ("cadence_spm", "Cadence", "float", "spm"),
    "contact-time": ("contact_time_ms", "Ground contact time", "float", "ms"),
    "flight-time": ("flight_time_ms", "Flight time", "float", "ms"),
    "impact": ("impact_peak_g", "Impact", "float", "g"),
    "impact-left": ("impact_left_g", "Impact left", "float", "g"),
    "impact-right": ("impact_right_g", "Impact right", "float", "g"),
    "impact-symmetry": ("impact_symmetry_pct", "Impact, right against left", "float", "%"),
    "alerts": ("alerts", "Active alerts", "string", None),
    "alert-message": ("alert_message", "What the newest says", "string", None),
    "signal-quality": ("signal_quality", "Signal quality, 0 to 1", "float", None),
    "battery": ("battery_pct", "Sensor battery", "float", "%"),
}
"""Property id to field of `live`, name, datatype and unit."""

NODE = "gait"
QOS = 2
"""As the convention recommends."""


def description(settings: MqttSettings) -> dict[str, Any]:
    """The device as the convention describes it."""
    properties = {}
    for name, (_, label, datatype, unit) in PROPERTIES.items():
        properties[name] = {"name": label, "datatype": datatype} | ({"unit": unit} if unit else {})
    properties["state"]["format"] = "running,walking,other,unknown"
    body: dict[str, Any] = {
        "homie": "5.0",
        "name": f"Backbeat {settings.runner_name or settings.runner}",
        "nodes": {NODE: {"name": "Gait", "properties": properties}},
    }
    return {**body, "version": zlib.crc32(json.dumps(body, sort_keys=True).encode())}


class HomieDevice(Correspondent):
    """One runner by the convention."""

    def __init__(self, settings: MqttSettings, client_id: str, report: Callable[[str], None]) -> None:
        """Start to connect.

        Args:
            settings: the broker.
            client_id: unique at the broker.
            report: told in words for people what they should know.
        """
        self._settings = settings
        self._root = f"homie/5/{settings.team}-{settings.runner}"
        self._told: dict[str, str] = {}
        will = self._outgoing("$state", "lost")
        identity = Identity(client_id=client_id, will=will, keep_session=False)
        self._courier = Courier(settings, identity, lambda: Outbox(None, report=report), report=report)
        self._courier.start(self)

    def live(self, live: Live) -> None:
        """What has changed in a second."""
        self._courier.worker.offer(lambda: self._tell(live))

    def begin_end(self, patience_s: float) -> None:
        """Begin to say goodbye."""
        self._courier.begin_end(patience_s)

    def end(self, patience_s: float) -> None:
        """Say goodbye."""
        self._courier.end(patience_s)

    def connected(self) -> None:
        """The convention's greeting."""
        self._told.clear()
        self._courier.send(self._outgoing("$state", "init"))
        self._courier.send(self._outgoing("$description", json.dumps(description(self._settings))))
        self._courier.send(self._outgoing("$state", "ready"))

    def farewell(self) -> None:
        """The convention's goodbye."""
        self._courier.send(self._outgoing("$state", "disconnected"))

    def _tell(self, live: Live) -> None:
        for name, (field, _, datatype, _) in PROPERTIES.items():
            text = _text(getattr(live, field), datatype)
            if self._told.get(name) != text and self._courier.connected:
                self._told[name] = text
                self._courier.send(self._outgoing(f"{NODE}/{name}", text))

    def _outgoing(self, where: str, text: str) -> Outgoing:
        return Outgoing(topic=f"{self._root}/{where}", payload=text.encode(), channel="homie", qos=QOS, retain=True)


def _text(value: Any, datatype: str) -> str:
    """A value as the convention writes it; nothing where it is not known, a NUL where a text is empty."""
    if value is None:
        return ""
    if datatype == "float":
        return f"{round(value, 2):g}"
    return str(value) or "\x00"
