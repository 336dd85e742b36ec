"""Rows of the archive, from messages as a device tells them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from backbeat.collect.archive import Archive
from backbeat.collect.messages import Row, read
from rigs.told import SESSION, alert_told, live_told, root, summary_told

NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)


def row(end: str, payload: bytes, runner: str = "anna") -> Row:
    found = read(f"{root(runner)}/{end}", payload)
    assert isinstance(found, Row), found
    return found


def count(archive: Archive, table: Any) -> int:
    with archive.transaction() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def a_run() -> list[Row]:
    return [
        *(row("live", live_told(seq)) for seq in range(1, 11)),
        *(row("alert", alert_told(seq)) for seq in range(1, 4)),
        row(f"session/{SESSION}/summary", summary_told()),
    ]
