"""The queries in docs/archive.md run, on both databases, and find what they say."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from backbeat.collect.archive import Archive
from backbeat.collect.gaps import claim, holes
from backbeat.collect.messages import Rejected, Row, read
from backbeat.collect.tables import LIVE, METADATA
from rigs.told import SESSION, alert_told, live_told, root, summary_told

PAGE = Path(__file__).parents[2] / "docs" / "archive.md"
NOW = datetime(2026, 5, 1, 8, tzinfo=UTC)


def queries() -> list[str]:
    blocks = re.findall(r"(?m)^    SELECT (?:.*\n)(?:    .*\n)*", PAGE.read_text(encoding="utf-8"))
    return [block for block in blocks if "hypertable" not in block]


def fill(archive: Archive) -> None:
    later = "20250616-151000"
    messages = [
        *((f"{root(name)}/alert", alert_told(seq)) for name in ("anna", "ben") for seq in (1, 2, 4)),
        *((f"{root('anna')}/live", live_told(seq, impact_left_g=2.5, impact_right_g=3.0)) for seq in range(1, 6)),
        (f"{root('anna')}/session/{SESSION}/summary", summary_told()),
        (f"{root('anna')}/session/{later}/summary", summary_told(later, end=3600.0)),
        (f"{root('ben')}/session/{SESSION}/summary", summary_told()),
    ]
    rows = [row for row in (read(*message) for message in messages) if isinstance(row, Row)]
    assert len(rows) == len(messages)
    archive.store(rows, [Rejected(f"{root()}/alert", b"?", "it is not JSON in UTF-8")], NOW)
    with archive.transaction() as connection:
        later_on = NOW + timedelta(minutes=1)
        claim(archive, connection, holes(connection, f"{root('anna')}/alert", later_on), later_on)


def test_every_query_of_the_page_finds_something(archive: Archive) -> None:
    fill(archive)
    asked = queries()
    assert len(asked) == 6
    for query in asked:
        with archive.transaction() as connection:
            found = connection.execute(text(query)).mappings().all()
        assert found, query
        if "AS latest" in query:
            assert sorted(row["runner"] for row in found) == ["anna", "anna", "ben"]  # both ended in the same moment
        if "left_g" in query:
            assert [(row["seconds"], row["left_g"], row["right_g"]) for row in found] == [(5, 2.5, 3.0)]
        if "sessions" in query:
            assert [(row["sessions"], row["hours"]) for row in found] == [(2, 1.5), (1, 0.5)]


def test_live_can_become_a_hypertable() -> None:
    assert "at" in LIVE.primary_key.columns
    assert not any(table.foreign_keys for table in METADATA.tables.values())
