"""A runner's device as the broker sees one: its last will, status, info and whatever a test has it say."""

from __future__ import annotations

import socket
import threading
from typing import Any, Self

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from backbeat.event_json import as_json
from backbeat.mqtt.payloads import Info, Status, encoded, message
from rigs.told import SESSION, alert_told, envelope, live_told, root

PATIENCE_S = 30.0


class Device:
    """Connects when it is entered; says `live` when told to, or each second with `run`."""

    def __init__(self, port: int, runner: str, *, name: str = "", team: str = "home") -> None:
        self.root = root(runner, team)
        self._port, self._team, self._runner, self._name = port, team, runner, name or runner.capitalize()
        self._numbers: dict[str, int] = {}
        self._ended = threading.Event()
        self._client = self._new_client()

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._client.disconnect()
        self._client.loop_stop()

    def connect(self) -> None:
        """Connect, and say who is there."""
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        info = Info(
            software="backbeat test",
            team=self._team,
            runner=self._runner,
            runner_name=self._name,
            source="simulated runner",
            rate_hz=100.0,
            acc_range_g=16.0,
            gyr_range_dps=2000.0,
            position="sacrum",
        )
        self.say("status", encoded(message(envelope(1, None), as_json(Status(state="online")))), retain=True)
        self.say("info", encoded(message(envelope(1, None), as_json(info))), retain=True)

    def say(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish below the runner's root, and wait until the broker has it."""
        self._client.publish(f"{self.root}/{topic}", payload, 1, retain).wait_for_publish(PATIENCE_S)

    def live(self, **more: Any) -> None:
        """The next second."""
        self.say("live", live_told(self._next("live"), **more), retain=True)

    def alert(self, **more: Any) -> dict[str, Any]:
        """Raise the next alert."""
        number = self._next("alert")
        self.say("alert", alert_told(number, **more))
        return {"session": SESSION, "seq": number}

    def run(self) -> Self:
        """One second of running after the other, until the end."""

        def seconds() -> None:
            while not self._ended.wait(1.0):
                if self._client.is_connected():
                    wave = self._numbers.get("live", 0) * 7 % 50
                    figures = {"impact_peak_g": 3.0 + wave / 100, "impact_symmetry_pct": wave / 10 - 2.5}
                    self.live(**figures, signal_quality=0.9 + wave / 500)

        threading.Thread(target=seconds, daemon=True).start()
        return self

    def lose(self) -> None:
        """As in a tunnel: the connection breaks without a word."""
        before, self._client = self._client, self._new_client()
        before.socket().shutdown(socket.SHUT_RDWR)
        before.loop_stop()

    def lose_quietly(self) -> None:
        """The broker is gone, and with it the connection."""
        before, self._client = self._client, self._new_client()
        before.loop_stop()

    def _new_client(self) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        will = encoded(message(envelope(None, None), as_json(Status(state="offline", reason="connection lost"))))
        client.will_set(f"{self.root}/status", will, 1, retain=True)
        return client

    def _next(self, topic: str) -> int:
        self._numbers[topic] = self._numbers.get(topic, 0) + 1
        return self._numbers[topic]
