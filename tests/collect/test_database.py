"""Where the archive is: what is no database of ours, which troubles end the command, and which are waited for."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from backbeat.collect.archive import Archive, DatabaseAwayError
from backbeat.collect.tables import ALERTS
from backbeat.errors import UserError
from rigs.postgres import Postgres
from rigs.reader import wait_until
from rigs.rows import NOW, a_run, count, row
from rigs.told import alert_told


@pytest.mark.parametrize("slip", ["nope", "postgresql"])
def test_a_bare_word_is_no_database(slip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no database's address; write postgresql://user@host/"):
        Archive(slip)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["mysql://host/db", "postgresql://host:port/db", "http://host"])
def test_what_is_no_database_of_ours_is_one_sentence(url: str) -> None:
    with pytest.raises(UserError, match=r"postgresql://user@host/database"):
        Archive(url)


def test_a_path_that_can_be_no_archive_is_said_at_once_and_not_waited_for(tmp_path: Path) -> None:
    words = tmp_path / "words.db"
    words.write_text("this is a letter")
    with pytest.raises(UserError, match=r"words\.db is no SQLite database; name another file"):
        Archive(str(words))
    with pytest.raises(UserError, match=r"there is no folder .*absent; make it"):
        Archive(f"sqlite:///{tmp_path}/absent/archive.db")
    with pytest.raises(UserError, match=r"cannot be read \(is a directory\)"):
        Archive(f"sqlite:///{tmp_path}")
    assert words.read_text() == "this is a letter"


def test_the_name_of_a_database_is_what_was_written_without_the_password() -> None:
    assert Archive("postgresql://eve:secret@host/club").name == "postgresql://eve:***@host/club"
    assert Archive("postgresql://anna:secret@localhost/club").name == "postgresql://anna:***@localhost/club"


@pytest.fixture
def strict(postgres: Postgres) -> Iterator[str]:
    """A database with some that cannot be used beside it; others' addresses are made of its own."""
    url = postgres.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in (
            "CREATE ROLE weak LOGIN",
            "CREATE ROLE late LOGIN SUPERUSER",
            "CREATE ROLE guarded LOGIN PASSWORD 'right'",
            "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
            "CREATE DATABASE crowded CONNECTION LIMIT 0",
            "CREATE DATABASE closed ALLOW_CONNECTIONS false",
        ):
            connection.execute(statement)
        rights = postgres.folder / "data" / "pg_hba.conf"
        rights.write_text("host all guarded 127.0.0.1/32 scram-sha-256\n" + rights.read_text())
        connection.execute("SELECT pg_reload_conf()")
        wait_until(lambda: refuses(other(url, user="guarded")), "the new rules")
        yield url
        for statement in (
            "DROP DATABASE latin",
            "DROP DATABASE crowded",
            "DROP DATABASE closed",
            "DROP ROLE weak",
            "DROP ROLE guarded",
            "REASSIGN OWNED BY late TO tester",
            "DROP ROLE late",
        ):
            connection.execute(statement)


def other(url: str, *, user: str = "tester", name: str | None = None) -> str:
    server, _, own = url.rpartition("/")
    return f"{server.replace('tester@', f'{user}@')}/{name or own}"


def refuses(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return True
    return False


def test_what_waiting_does_not_mend_is_one_sentence_at_once(strict: str) -> None:
    for url, told in (
        (other(strict, name="nix"), r'database "nix" does not exist; create it \(createdb\), or name another'),
        (other(strict, user="nobody"), r'role "nobody" does not exist; check user and password'),
        (other(strict, user="guarded"), "no password supplied; write it into ~/.pgpass"),
        (other(strict, user="guarded:wrong"), 'password authentication failed for user "guarded"; check user and pass'),
        (other(strict, user="weak"), "permission denied for schema public; give this user the right"),
        (other(strict, name="latin"), "keeps texts as LATIN1.*createdb --encoding UTF8"),
        (f"{strict}?colour=red", 'invalid connection option "colour"; check the address'),
    ):
        archive = Archive(url)
        with pytest.raises(UserError, match=told):
            archive.store([], [], NOW)
        archive.close()


def test_what_may_pass_is_waited_for(strict: str) -> None:
    for url, told in (
        (other(strict, name="crowded", user="weak"), "too many connections"),
        (other(strict, name="closed"), "not currently accepting connections"),
    ):
        archive = Archive(url)
        with pytest.raises(DatabaseAwayError, match=told):
            archive.store([], [], NOW)
        archive.close()
    archive = Archive(other(strict, user="late"))
    archive.store(a_run(), [], NOW)
    with psycopg.connect(strict, autocommit=True) as connection:
        connection.execute("ALTER ROLE late NOLOGIN")
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'late'")
        with pytest.raises(DatabaseAwayError, match="not permitted to log in"):  # somebody is at work there
            archive.store([row("alert", alert_told(4))], [], NOW)
        connection.execute("ALTER ROLE late LOGIN")
    assert archive.store([row("alert", alert_told(4))], [], NOW)["alert"] == 1
    archive.close()


def test_a_database_that_restarts_is_away_and_then_used_again(postgres: Postgres) -> None:
    archive = Archive(postgres.new_database())
    archive.store(a_run(), [], NOW)
    postgres.stop()
    with pytest.raises(DatabaseAwayError, match="refused"):
        archive.store([row("alert", alert_told(4))], [], NOW)
    postgres.start()
    assert archive.store([row("alert", alert_told(4))], [], NOW)["alert"] == 1
    archive.close()


def test_a_database_that_is_frozen_is_away_and_then_used_again(postgres: Postgres) -> None:
    archive = Archive(postgres.new_database(), patience_s=0.5)
    archive.store(a_run(), [], NOW)
    postgres.freeze()
    try:
        with pytest.raises(DatabaseAwayError, match=r"no answer for 0\.5 s|timeout"):
            archive.store([row("alert", alert_told(4))], [], NOW)
        with pytest.raises(DatabaseAwayError, match=r"timeout|timed out|no answer"):  # a new connection is not taken
            archive.store([row("alert", alert_told(4))], [], NOW)
    finally:
        postgres.thaw()
    patient = Archive(archive.engine.url.render_as_string())
    counts = patient.store([row("alert", alert_told(4))], [], NOW)
    assert counts["alert"] + counts["again"] == 1
    assert count(patient, ALERTS) == 4
    for each in (archive, patient):
        each.close()


def test_who_is_to_end_does_not_wait_long_for_a_lock(postgres: Postgres) -> None:
    archive = Archive(url := postgres.new_database(), patience_s=300.0)
    archive.store([], [], NOW)
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    other_one = Archive(url)
    with other_one.transaction() as connection, ThreadPoolExecutor(1) as pool:
        connection.execute(text("LOCK TABLE alerts IN ACCESS EXCLUSIVE MODE"))
        storing = pool.submit(archive.store, a_run(), [], NOW)
        wait_until(lambda: connection.execute(waits).scalar_one() > 0, "it waits")
        archive.hurry(0.1)
        with pytest.raises(DatabaseAwayError, match="no answer"):
            storing.result(60)
    for each in (archive, other_one):
        each.close()


def test_a_folder_that_goes_and_a_file_that_is_no_database_any_more_are_a_database_that_is_away(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    text_file = tmp_path / "text.db"
    gone, overwritten = Archive(str(folder / "archive.db")), Archive(str(text_file))
    folder.rmdir()
    text_file.write_bytes(b"this is no database at all, but a text file" * 100)
    for archive, reason in ((gone, "unable to open"), (overwritten, "not a database")):
        with pytest.raises(DatabaseAwayError, match=reason):
            archive.store(a_run(), [], NOW)
        archive.close()


def test_a_file_that_is_moved_away_takes_no_more_that_is_thanked_for(tmp_path: Path) -> None:
    file, away = tmp_path / "archive.db", tmp_path / "away.db"
    archive = Archive(str(file))
    archive.store(a_run(), [], NOW)
    file.rename(away)
    with pytest.raises(DatabaseAwayError, match="its file is gone; put it back"):
        archive.store([row("alert", alert_told(4))], [], NOW)
    assert not file.exists()
    away.rename(file)
    assert archive.store([row("alert", alert_told(4))], [], NOW)["alert"] == 1
    shutil.copy(file, away)
    archive.store([row("alert", alert_told(5))], [], NOW)
    away.replace(file)  # an older copy, from before the fifth
    with pytest.raises(DatabaseAwayError, match="moved away or replaced"):
        archive.store([row("alert", alert_told(6))], [], NOW)
    assert archive.store([row("alert", alert_told(6))], [], NOW)["alert"] == 1
    archive.close()
    with sqlite3.connect(file) as plain:
        assert plain.execute("SELECT count(*) FROM alerts WHERE seq = 6").fetchone() == (1,)
    plain.close()
