"""Messages as a device tells them, without a device."""

from __future__ import annotations

from typing import Any

from backbeat.event_json import as_json
from backbeat.live import Live
from backbeat.mqtt.payloads import Envelope, encoded, message
from rigs.runs import alert, summary

SESSION = "20250615-151000"
UTC = "2026-05-01T07:30:00.000Z"


def root(runner: str = "anna", team: str = "home") -> str:
    return f"backbeat/v1/{team}/{runner}"


def envelope(seq: int | None, session: str | None = SESSION, utc: str | None = UTC) -> Envelope:
    return Envelope(utc=utc, session=session, seq=seq, origin="simulated")


def alert_told(seq: int, session: str | None = SESSION, **more: Any) -> bytes:
    return encoded(message(envelope(seq, session), as_json(alert(90.0 + seq, **more))))


def summary_told(session: str = SESSION, seq: int = 1, end: float = 1800.0) -> bytes:
    return encoded(message(envelope(seq, session), as_json(summary(end, session))))


def live_told(seq: int, session: str | None = SESSION, utc: str | None = UTC, **more: Any) -> bytes:
    body = Live(time=float(seq), session=session, state="running", cadence_spm=170.5, **more)
    return encoded(message(envelope(seq, session, utc), as_json(body)))
