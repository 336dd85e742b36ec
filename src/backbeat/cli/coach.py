"""What a coach sees of a team in a terminal, read from the broker like any dashboard (used by `backbeat demo`)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from rich.console import Console
from rich.live import Live as Screen
from rich.table import Table
from rich.text import Text

from backbeat.mqtt.settings import MqttSettings

LINE_EVERY_S = 5.0
"""Where there is no terminal, a line about each runner so often."""

Message = Mapping[str, Any]


class Coach:
    """Subscribes to all runners of a broker and shows them: a table on a terminal, lines elsewhere."""

    def __init__(self, settings: MqttSettings, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._console, self._clock = settings, console, clock
        self._live: dict[str, Message] = {}
        self._names: dict[str, str] = {}
        self._online: dict[str, bool] = {}
        self._last_line: dict[str, float] = {}
        self._summaries: set[str] = set()
        self._summary_came = threading.Condition()
        self._ready = threading.Event()
        self._screen: Screen | None = None
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("backbeat/v1/#", 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message

    def __enter__(self) -> Self:
        self._client.connect(*self._settings.address)
        self._client.loop_start()
        self._ready.wait(10.0)
        if self._console.is_terminal:
            self._screen = Screen(console=self._console, refresh_per_second=4, get_renderable=self._table)
            self._screen.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._screen is not None:
            self._screen.stop()
        self._client.disconnect()
        self._client.loop_stop()

    def wait_for_summary(self, runner: str, patience_s: float) -> bool:
        """Whether a runner's summary came."""
        with self._summary_came:
            return self._summary_came.wait_for(lambda: runner in self._summaries, patience_s)

    def _on_message(self, _c: Client, _u: object, message: MQTTMessage) -> None:
        levels = message.topic.split("/")
        if len(levels) < 5 or not message.payload:
            return
        runner, what = levels[3], "/".join(levels[4:])
        body: Message = json.loads(message.payload)
        match what:
            case "info":
                self._names[runner] = f"{body['runner_name']} ({body['origin']})"
            case "status":
                self._online[runner] = body["state"] == "online"
            case "live":
                self._live[runner] = body
                self._line(runner, body)
            case "alert":
                self._tell(f"{_clock(body['known_at'])}  {self._name(runner)}: {_alert(body)}", "bold yellow")
            case "session/last" if not message.retain:
                self._tell_summary(runner, body)

    def _name(self, runner: str) -> str:
        return self._names.get(runner, runner)

    def _tell(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style), soft_wrap=True)

    def _line(self, runner: str, body: Message) -> None:
        now = self._clock()
        if self._screen is None and now - self._last_line.get(runner, -LINE_EVERY_S) >= LINE_EVERY_S:
            self._last_line[runner] = now
            figures = [f"{name} {text}" for name, text in _figures(body).items() if text != "–"]
            self._tell(f"{_clock(body['time'])}  {self._name(runner)}: {', '.join([body['state'], *figures])}")

    def _tell_summary(self, runner: str, body: Message) -> None:
        table = Table(
            title=f"{self._name(runner)}: the session in one message", title_justify="left", show_header=False
        )
        for name, text in _summary(body).items():
            table.add_row(name, text)
        self._console.print(table)
        with self._summary_came:
            self._summaries.add(runner)
            self._summary_came.notify_all()

    def _table(self) -> Table:
        table = Table(title="What a coach sees, once a second", title_justify="left")
        rows = {runner: _figures(body) for runner, body in sorted(self._live.items())}
        for name in ("runner", "time", "doing", *next(iter(rows.values()), {})):
            table.add_column(name)
        for runner, figures in rows.items():
            body = self._live[runner]
            doing = body["state"] if self._online.get(runner, True) else "offline"
            table.add_row(self._name(runner), _clock(body["time"]), doing, *figures.values())
        return table


def _figures(body: Message) -> dict[str, str]:
    return {
        "cadence": _amount(body["cadence_spm"], "steps/min"),
        "contact": _amount(body["contact_time_ms"], "ms"),
        "impact left": _amount(body["impact_left_g"], "g", 2),
        "right": _amount(body["impact_right_g"], "g", 2),
        "right against left": _amount(body["impact_symmetry_pct"], "%", 1, signed=True),
        "alerts": body["alerts"] or "–",
        "signal": _amount(None if body["signal_quality"] is None else 100 * body["signal_quality"], "%"),
    }


def _alert(body: Message) -> str:
    side = f" ({body['side']})" if body["side"] else ""
    message = f": {body['message']}" if body["message"] else ""
    unit = body["unit"] or ""
    why = (
        f" Now {body['value']:.3g} {unit}, usual {body['usual']:.3g} {unit}." if body["value"] and body["usual"] else ""
    )
    return f"ALERT {body['alert']}{side} {body['state']}{message}{why}"


def _summary(body: Message) -> dict[str, str]:
    symmetry = body["symmetry"] or {}
    return {
        "session": body["session"],
        "running": _clock(body["running_s"]),
        "steps": str(body["steps"]),
        "cadence": _amount(body["cadence_spm"], "steps/min"),
        "contact time": _amount(body["contact_time_ms"], "ms"),
        "impact": _amount(body["impact_peak_g"], "g", 2),
        "impact, right against left": _amount(symmetry.get("impact_pct"), "%", 1, signed=True),
        "alerts": ", ".join(f"{name} ×{count}" for name, count in body["alerts"].items()) or "none",
    }


def _amount(value: float | None, unit: str, decimals: int = 0, *, signed: bool = False) -> str:
    return "–" if value is None else f"{value:{'+' if signed else ''}.{decimals}f} {unit}"


def _clock(seconds: float | None) -> str:
    whole = int(seconds or 0)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
