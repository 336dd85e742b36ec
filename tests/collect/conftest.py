"""An archive to test with, on PostgreSQL and on SQLite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backbeat.collect.archive import Archive


@pytest.fixture
def archive(database: str) -> Iterator[Archive]:
    opened = Archive(database)
    yield opened
    opened.close()
