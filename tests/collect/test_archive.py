"""What goes into the database is there once, on PostgreSQL as on SQLite."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, inspect, select, text

from backbeat.collect.archive import Archive, DatabaseAwayError
from backbeat.collect.messages import Rejected, Row, read
from backbeat.collect.tables import ALERTS, BY_KIND, LIVE, REJECTED, SUMMARIES
from backbeat.errors import UserError
from rigs.postgres import Postgres
from rigs.reader import wait_until
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


@pytest.mark.parametrize("slip", ["nope", "postgresql"])
def test_a_bare_word_is_no_database(slip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no database's address; write postgresql://user@host/"):
        Archive(slip)
    assert list(tmp_path.iterdir()) == []


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


def test_a_run_is_kept_with_all_its_figures(archive: Archive) -> None:
    counts = archive.store(a_run(), [], NOW)
    assert (counts["live"], counts["alert"], counts["summary"], counts["again"]) == (10, 3, 1, 0)
    with archive.transaction() as connection:
        alert = connection.execute(select(ALERTS).order_by(ALERTS.c.seq)).mappings().first()
        live = connection.execute(select(LIVE)).mappings().first()
        summary = connection.execute(select(SUMMARIES)).mappings().one()
    assert alert is not None
    assert live is not None
    assert (alert["alert"], alert["value"], alert["usual"], alert["spoken"]) == ("impact_high", 3.9, 3.1, False)
    assert (alert["at"].hour, alert["received"].hour) == (7, 8)
    assert (live["cadence_spm"], live["state"], live["steps"]) == (170.5, "running", 0)
    assert (summary["end_s"], summary["steps"], summary["more"]["alerts"]) == (1800.0, 5040, {})


def test_the_same_again_changes_nothing(archive: Archive) -> None:
    archive.store(a_run(), [], NOW)
    counts = archive.store([*a_run(), row("alert", alert_told(4))], [], NOW)
    assert (counts["again"], counts["alert"], counts["rejected"]) == (14, 1, 0)
    assert [count(archive, table) for table in (LIVE, ALERTS, SUMMARIES, REJECTED)] == [10, 4, 1, 0]


def test_a_double_within_a_batch_is_one(archive: Archive) -> None:
    counts = archive.store([row("alert", alert_told(1))] * 3, [], NOW)
    assert (counts["alert"], counts["again"], counts["rejected"]) == (1, 2, 0)


def test_runners_and_sessions_have_numbers_of_their_own(archive: Archive) -> None:
    archive.store([row("alert", alert_told(1), name) for name in ("anna", "ben")], [], NOW)
    archive.store([row("alert", alert_told(1, session="20250616-151000"))], [], NOW)
    assert count(archive, ALERTS) == 3


def test_a_different_message_with_the_key_of_another_is_put_aside(archive: Archive) -> None:
    archive.store([row("alert", alert_told(1))], [], NOW)
    counts = archive.store([row("alert", alert_told(1, cause="something else"))], [], NOW)
    assert counts["rejected"] == 1
    with archive.transaction() as connection:
        kept = connection.execute(select(REJECTED)).mappings().one()
        assert connection.execute(select(ALERTS.c.cause)).scalar_one() is None
    assert "different message" in kept["reason"]
    assert b"something else" in kept["payload"]


def test_what_is_no_row_is_kept_once_with_its_reason(archive: Archive) -> None:
    stray = Rejected(f"{root()}/alert", b"\x00rubbish\xff", "it is not JSON in UTF-8")
    archive.store([], [stray, stray], NOW)
    archive.store([], [stray], NOW)
    with archive.transaction() as connection:
        kept = connection.execute(select(REJECTED)).mappings().one()
    assert (kept["topic"], kept["payload"], kept["reason"]) == (stray.topic, stray.payload, stray.reason)


def test_a_number_that_a_column_cannot_hold_costs_that_message_alone(archive: Archive) -> None:
    rows = [row("live", live_told(1)), row("live", live_told(2, impact_peak_g=1e300)), row("live", live_told(3))]
    counts = archive.store(rows, [], NOW)
    if archive.engine.dialect.name == "postgresql":  # SQLite's REAL is a double
        assert (counts["live"], counts["rejected"]) == (2, 1)
    else:
        assert (counts["live"], counts["rejected"]) == (3, 0)


def test_a_key_too_long_for_an_index_costs_that_message_alone(archive: Archive) -> None:
    endless = row("alert", alert_told(2))
    text = "".join(chr(ord("a") + n * n % 26) + str(n) for n in range(20_000))  # it can hardly be packed
    rows = [row("alert", alert_told(1)), replace(endless, values=endless.values | {"topic": text})]
    counts = archive.store(rows, [], NOW)
    assert counts["alert"] + counts["rejected"] == 2
    assert counts["rejected"] == (archive.engine.dialect.name == "postgresql")  # SQLite has no such limit


def test_a_column_that_is_new_is_added_to_an_old_archive(database: str) -> None:
    old = Archive(database)
    old.store(a_run(), [], NOW)
    with old.engine.begin() as connection:
        connection.execute(text("ALTER TABLE live DROP COLUMN grade_pct"))
    old.close()
    new = Archive(database)
    new.store([row("live", live_told(99, grade_pct=2.5))], [], NOW)
    with new.transaction() as connection:
        assert connection.execute(select(LIVE.c.grade_pct).where(LIVE.c.seq == 99)).scalar_one() == 2.5
    assert count(new, LIVE) == 11
    new.close()


@settings(deadline=None, derandomize=True, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(
        st.lists(st.tuples(st.sampled_from(["live", "alert"]), st.integers(1, 6), st.sampled_from("ab")), max_size=8),
        max_size=4,
    )
)
def test_any_order_and_any_repetition_gives_each_message_once(
    archive: Archive, batches: list[list[tuple[str, int, str]]]
) -> None:
    archive.store([], [], NOW)
    with archive.engine.begin() as connection:
        for table in BY_KIND.values():
            connection.execute(table.delete())
    for batch in batches:
        told = {"live": live_told, "alert": alert_told}
        archive.store([row(end, told[end](seq), runner) for end, seq, runner in batch], [], NOW)
    for kind in ("live", "alert"):
        table = BY_KIND[kind]
        with archive.transaction() as connection:
            there = connection.execute(select(table.c.runner, table.c.seq)).all()
        assert sorted(tuple(each) for each in there) == sorted(
            {(runner, seq) for batch in batches for end, seq, runner in batch if end == kind}
        )


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


def test_of_what_is_rejected_the_newest_are_kept(database: str) -> None:
    archive = Archive(database, most_rejected=5)
    for number in range(8):
        stray = Rejected(f"{root()}/alert", f"rubbish {number}".encode(), "it is not JSON")
        counts = archive.store([], [stray], NOW + timedelta(seconds=number))
        assert counts["forgotten"] == (number >= 5)
    with archive.transaction() as connection:
        kept = set(connection.execute(select(REJECTED.c.payload)).scalars())
    assert kept == {f"rubbish {number}".encode() for number in range(3, 8)}
    archive.close()


def test_two_workers_that_write_the_same_in_other_orders_do_not_wait_for_each_other(postgres: Postgres) -> None:
    one, two = (row("alert", alert_told(seq)) for seq in (1, 2))
    first, second = archives = [Archive(url := postgres.new_database()), Archive(url)]
    first.store([], [], NOW)
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor(1) as pool:
        with first.transaction() as connection:
            insert = first.insert(ALERTS).on_conflict_do_nothing()
            connection.execute(insert, {**one.values, "received": NOW})
            other = pool.submit(second.store, [two, one], [], NOW)
            wait_until(lambda: connection.execute(waits).scalar_one() > 0, "the other waits")
            connection.execute(insert, {**two.values, "received": NOW})
        assert other.result(60)["again"] == 2
    for archive in archives:
        archive.close()


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


def test_another_program_s_table_is_left_alone(database: str) -> None:
    archive = Archive(database)
    with archive.engine.begin() as connection:
        connection.execute(text("CREATE TABLE alerts (x INTEGER)"))
    with pytest.raises(UserError, match="has another table 'alerts'; give the archive one of its own"):
        archive.store([], [], NOW)
    with archive.engine.begin() as connection:
        assert [column["name"] for column in inspect(connection).get_columns("alerts")] == ["x"]
        assert inspect(connection).get_table_names() == ["alerts"]
    archive.close()


def test_tables_that_somebody_dropped_are_made_again(archive: Archive) -> None:
    archive.store(a_run(), [], NOW)
    with archive.engine.begin() as connection:
        connection.execute(text("DROP TABLE alerts"))
    with pytest.raises(DatabaseAwayError, match="alerts"):
        archive.store([row("alert", alert_told(4))], [], NOW)
    assert archive.store([row("alert", alert_told(4))], [], NOW)["alert"] == 1


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


def test_numbers_that_a_database_writes_in_its_own_way_are_the_same_still(archive: Archive) -> None:
    told = [row("alert", alert_told(1).replace(b"{", b'{"deep": [1e23],', 1))]
    archive.store(told, [], NOW)
    assert archive.store(told, [], NOW)["rejected"] == 0


def test_a_reason_is_no_longer_than_a_sentence(archive: Archive) -> None:
    archive.store([], [Rejected("a/alert", b"x", "k" * 1_000_000)], NOW)
    with archive.transaction() as connection:
        assert connection.execute(select(func.length(REJECTED.c.reason))).scalar_one() == 500


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


@pytest.mark.parametrize("url", ["mysql://host/db", "postgresql://host:port/db", "http://host"])
def test_what_is_no_database_of_ours_is_one_sentence(url: str) -> None:
    with pytest.raises(UserError, match=r"postgresql://user@host/database"):
        Archive(url)


def test_workers_that_start_together_make_the_tables_once(database: str) -> None:
    code = (
        "import sys; from datetime import datetime, UTC; from backbeat.collect.archive import Archive;"
        "Archive(sys.argv[1]).store([], [], datetime.now(UTC))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, database], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    faults = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], faults


def test_the_address_that_people_see_has_no_password() -> None:
    assert "secret" not in Archive("postgresql://anna:secret@localhost/club").name


def test_the_sqlite_file_is_one_that_every_tool_reads(tmp_path: Path) -> None:
    archive = Archive(str(tmp_path / "archive.db"))
    archive.store(a_run(), [], NOW)
    archive.close()
    with sqlite3.connect(tmp_path / "archive.db") as plain:
        assert plain.execute("SELECT at, runner FROM alerts").fetchone() == ("2026-05-01 07:30:00.000000", "anna")
    plain.close()
