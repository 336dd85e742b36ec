"""Whether a broker lets us in: one connection that changes nothing, for `backbeat doctor`."""

from __future__ import annotations

import os
import time

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from backbeat.errors import why
from backbeat.mqtt.settings import MqttError, MqttSettings

PATIENCE_S = 5.0


def try_to_connect(settings: MqttSettings) -> None:
    """Connect under another name than a run's and without a will: a run that is going on must not notice.

    Raises:
        MqttError: the broker does not answer, or refuses us.
    """
    answers: list[ReasonCode] = []

    def connected(_c: Client, _u: object, _f: ConnectFlags, reason: ReasonCode, _p: Properties | None) -> None:
        answers.append(reason)

    client = Client(CallbackAPIVersion.VERSION2, f"backbeat-doctor-{os.getpid()}")
    client.connect_timeout = PATIENCE_S
    client.on_connect = connected
    if settings.user is not None:
        client.username_pw_set(settings.user, settings.password())
    context = settings.tls_context()
    if context is not None:
        client.tls_set_context(context)
    try:
        client.connect(*settings.address)
    except OSError as error:
        raise MqttError(f"The broker {settings.name} does not answer: {why(error)}.") from None
    end = time.monotonic() + PATIENCE_S
    while not answers and time.monotonic() < end:
        client.loop(timeout=0.2)
    client.disconnect()
    if not answers:
        raise MqttError(f"The broker {settings.name} takes the connection and then says nothing.")
    if answers[0].is_failure:
        raise MqttError(f"The broker {settings.name} refuses us: {answers[0]}.")
