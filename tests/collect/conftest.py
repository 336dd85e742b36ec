"""Archives to test with: each test runs on PostgreSQL and on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backbeat.collect.archive import Archive
from rigs.postgres import Postgres, programs


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL that runs; who restarts it leaves it running."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    with Postgres(folder) as server:
        yield server


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that nobody has used."""
    if request.param == "sqlite":
        return str(tmp_path / "archive.db")
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture
def archive(database: str) -> Iterator[Archive]:
    opened = Archive(database)
    yield opened
    opened.close()
