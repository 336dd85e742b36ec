"""Telling a run by MQTT: `settings.MqttSettings.from_url(…)` says where, `publisher.Publisher` tells it.

Nothing is imported here, so that who reads settings does not load a client.
"""
