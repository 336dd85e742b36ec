"""Home Assistant finds the runner by itself: one retained discovery message for the device and all its entities.

Device-based discovery as in https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload. The entities
read the topics that are there anyway, so nothing is published twice and no state comes more often than once a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backbeat import __version__
from backbeat.mqtt import topics
from backbeat.mqtt.payloads import Info
from backbeat.mqtt.topics import Topics

STATUS_TOPIC = "homeassistant/status"
"""Home Assistant says "online" here when it has started: then everybody announces themselves again."""

EXPIRE_AFTER_S = 15

_SENSORS: Mapping[str, tuple[str, str | None, str, int]] = {
    "cadence_spm": ("Cadence", "spm", "mdi:run-fast", 0),
    "contact_time_ms": ("Ground contact time", "ms", "mdi:shoe-print", 0),
    "flight_time_ms": ("Flight time", "ms", "mdi:airplane-takeoff", 0),
    "impact_peak_g": ("Impact", "g", "mdi:arrow-collapse-down", 2),
    "impact_left_g": ("Impact left", "g", "mdi:arrow-collapse-down", 2),
    "impact_right_g": ("Impact right", "g", "mdi:arrow-collapse-down", 2),
    "impact_symmetry_pct": ("Impact, right against left", "%", "mdi:scale-balance", 1),
    "contact_time_symmetry_pct": ("Contact time, right against left", "%", "mdi:scale-balance", 1),
    "vertical_oscillation_cm": ("Vertical oscillation", "cm", "mdi:arrow-up-down", 1),
    "speed_m_s": ("Speed", "m/s", "mdi:speedometer", 2),
    "heart_rate_bpm": ("Heart rate", "bpm", "mdi:heart-pulse", 0),
}
"""Field of `live` to name, unit, icon and decimals."""


def discovery_topic(team: str, runner: str) -> str:
    """Where the announcement stands."""
    return f"homeassistant/device/backbeat-{team}-{runner}/config"


def discovery(names: Topics, info: Info) -> dict[str, Any]:
    """The announcement."""
    device = f"backbeat-{info.team}-{info.runner}"
    live = names.of(topics.LIVE)

    def entity(key: str, platform: str, /, **more: Any) -> dict[str, Any]:
        return {"p": platform, "unique_id": f"{device}-{key}", "state_topic": live, **more}

    components = {
        field: entity(
            field,
            "sensor",
            name=name,
            unit_of_measurement=unit,
            icon=icon,
            suggested_display_precision=decimals,
            state_class="measurement",
            value_template=f"{{{{ value_json.{field} }}}}",
            expire_after=EXPIRE_AFTER_S,
        )
        for field, (name, unit, icon, decimals) in _SENSORS.items()
    }
    components["state"] = entity(
        "state",
        "sensor",
        name="State",
        device_class="enum",
        options=["running", "walking", "other", "unknown"],
        icon="mdi:run",
        value_template="{{ value_json.state }}",
        expire_after=EXPIRE_AFTER_S,
    )
    components["battery_pct"] = entity(
        "battery_pct",
        "sensor",
        name="Sensor battery",
        device_class="battery",
        unit_of_measurement="%",
        entity_category="diagnostic",
        value_template="{{ value_json.battery_pct }}",
    )
    components["signal_quality"] = entity(
        "signal_quality",
        "sensor",
        name="Signal quality",
        unit_of_measurement="%",
        entity_category="diagnostic",
        value_template="{{ None if value_json.signal_quality is none else (100 * value_json.signal_quality) | round }}",
        expire_after=EXPIRE_AFTER_S,
    )
    components["alert_active"] = entity(
        "alert_active",
        "binary_sensor",
        name="Alert active",
        device_class="problem",
        value_template="{{ 'ON' if value_json.alerts_active > 0 else 'OFF' }}",
        expire_after=EXPIRE_AFTER_S,
    )
    components["alert_message"] = entity(
        "alert_message",
        "sensor",
        name="Alert message",
        icon="mdi:message-alert",
        value_template="{{ value_json.alert_message[:250] }}",
    )
    components["alert"] = entity(
        "alert",
        "event",
        name="Alert",
        event_types=["raised", "cleared"],
        value_template="{{ {'event_type': value_json.state, 'alert': value_json.alert, 'side': value_json.side, "
        "'value': value_json.value, 'usual': value_json.usual, 'unit': value_json.unit, "
        "'message': value_json.message} | tojson }}",
    )
    components["alert"]["state_topic"] = names.of(topics.ALERT)
    return {
        "dev": {
            "ids": [device],
            "name": f"Backbeat {info.runner_name}",
            "mf": "Backbeat",
            "mdl": info.source,
            "sw": __version__,
        },
        "o": {"name": "backbeat", "sw": __version__},
        "availability": [
            {"topic": names.of(topics.STATUS), "value_template": "{{ value_json.state }}"},
        ],
        "availability_mode": "all",
        "qos": 0,
        "cmps": components,
    }
