"""Telling a run by MQTT: `MqttSettings.from_url(…)` and `Publisher(settings, source.info, report=…)`."""

from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttError, MqttSettings

__all__ = ["MqttError", "MqttSettings", "Publisher"]
