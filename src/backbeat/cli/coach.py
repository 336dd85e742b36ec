"""What a coach sees of a team in a terminal, read from the broker like any dashboard (used by `backbeat demo`)."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion
from rich.box import SIMPLE
from rich.console import Console
from rich.live import Live as Screen
from rich.table import Table
from rich.text import Text

from backbeat import words
from backbeat.dashboard.message import told
from backbeat.events import Alert
from backbeat.mqtt.settings import MqttSettings

TABLE_FIRST_S, TABLE_EVERY_S = 4.0, 15.0
"""Where there is no terminal, the team's table is printed so often."""

WORDS, FOLDED = ("runner", "doing", "alerts"), ("runner", "alerts")
"""Columns that are no figures, and those that take several lines where the terminal is narrow."""

WIDE = 100
"""Characters of a terminal that has room between the columns."""

Message = Mapping[str, Any]


class Coach:
    """Subscribes to all runners of a broker and shows them: one table on a terminal, one now and then elsewhere."""

    def __init__(self, settings: MqttSettings, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._console, self._clock = settings, console, clock
        self._live: dict[str, Message] = {}
        self._names: dict[str, str] = {}
        self._online: dict[str, bool] = {}
        self._next_table = clock() + TABLE_FIRST_S
        self._summaries: dict[str, Message] = {}
        self._news = threading.Condition()
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
        self._stop_screen()
        self._client.disconnect()
        self._client.loop_stop()

    def sum_up(self, runners: Sequence[str], patience_s: float) -> None:
        """Print every runner's last session, having waited until all have left."""
        with self._news:  # a device says that it is gone after everything else
            self._news.wait_for(lambda: not any(self._online.get(runner, True) for runner in runners), patience_s)
            summaries = dict(sorted(self._summaries.items()))
        self._stop_screen()
        if summaries:
            self._console.print(self._rows("Each runner's session", {r: _summary(b) for r, b in summaries.items()}))
        missing = [self._name(runner) for runner in runners if runner not in summaries]
        if missing:
            self._tell(f"No session to sum up (it takes 30 s of running): {', '.join(missing)}.")

    def _on_message(self, _c: Client, _u: object, message: MQTTMessage) -> None:
        levels = message.topic.split("/")
        if len(levels) < 5 or not message.payload:
            return
        runner, what = levels[3], "/".join(levels[4:])
        body: Message = json.loads(message.payload)
        match what:
            case "info":
                self._names[runner] = body["runner_name"] + (
                    "" if body["origin"] == "simulated" else f" ({body['origin']})"
                )
            case "status":
                with self._news:
                    self._online[runner] = body["state"] == "online"
                    self._news.notify_all()
            case "live":
                self._live[runner] = body
                self._print_now_and_then()
            case "alert":
                self._tell(f"{_clock(body['known_at'])}  {self._name(runner)}: {_alert(body)}", "bold yellow")
            case "session/last" if not message.retain:
                self._summaries[runner] = body

    def _name(self, runner: str) -> str:
        return self._names.get(runner, runner)

    def _tell(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style), soft_wrap=True)

    def _stop_screen(self) -> None:
        if self._screen is not None:
            self._screen.stop()
            self._screen = None

    def _print_now_and_then(self) -> None:
        if not self._console.is_terminal and self._clock() >= self._next_table:
            self._next_table = self._clock() + TABLE_EVERY_S
            self._console.print("", self._table(), sep="\n", end="")

    def _table(self) -> Table:
        rows = {}
        for runner, body in sorted(self._live.items()):
            doing = body["state"] if self._online.get(runner, True) else "offline"
            rows[runner] = {"time": _clock(body["time"]), "doing": doing, **_figures(body)}
        return self._rows("What a coach sees, once a second (simulated runners)", rows)

    def _rows(self, title: str, rows: Mapping[str, Mapping[str, str]]) -> Table:
        room = 1 if self._console.width >= WIDE else 0
        table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False, padding=(0, room))
        for name in ("runner", *next(iter(rows.values()), {})):
            table.add_column(
                name, justify="left" if name in WORDS else "right", overflow="fold", no_wrap=name not in FOLDED
            )
        for runner, figures in rows.items():
            table.add_row(*(Text(text) for text in (self._name(runner), *figures.values())))
        return table


def _figures(body: Message) -> dict[str, str]:
    return {
        "steps\n/min": _amount(body["cadence_spm"]),
        "contact\nms": _amount(body["contact_time_ms"]),
        "left\ng": _amount(body["impact_left_g"], 2),
        "right\ng": _amount(body["impact_right_g"], 2),
        "R−L\n%": _amount(body["impact_symmetry_pct"], 1, signed=True),
        "alerts": body["alerts"].replace(", ", "\n") or "–",
        "signal\n%": _amount(None if body["signal_quality"] is None else 100 * body["signal_quality"]),
    }


def _alert(body: Message) -> str:
    side = f" ({body['side']})" if body["side"] else ""
    message = f": {body['message']}" if body["message"] else ""
    figures = words.why(told(Alert, body))
    return f"ALERT {body['alert']}{side} {body['state']}{message}" + (f" [{figures}]" if figures else "")


def _summary(body: Message) -> dict[str, str]:
    symmetry = body["symmetry"] or {}
    return {
        "running": _clock(body["running_s"]),
        "steps": str(body["steps"]),
        "steps\n/min": _amount(body["cadence_spm"]),
        "contact\nms": _amount(body["contact_time_ms"]),
        "impact\ng": _amount(body["impact_peak_g"], 2),
        "R−L\n%": _amount(symmetry.get("impact_pct"), 1, signed=True),
        "alerts": "\n".join(f"{name} ×{count}" for name, count in body["alerts"].items()) or "none",
    }


def _amount(value: float | None, decimals: int = 0, *, signed: bool = False) -> str:
    return "–" if value is None else f"{value:{'+' if signed else ''}.{decimals}f}"


def _clock(seconds: float | None) -> str:
    whole = int(seconds or 0)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
