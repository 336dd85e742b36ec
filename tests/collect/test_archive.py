"""What goes into the database is there once, on PostgreSQL as on SQLite."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, inspect, select, text

from backbeat.collect.archive import Archive, DatabaseAwayError
from backbeat.collect.messages import Rejected
from backbeat.collect.tables import ALERTS, BY_KIND, LIVE, REJECTED, SUMMARIES
from backbeat.errors import UserError
from rigs.postgres import Postgres
from rigs.reader import wait_until
from rigs.rows import NOW, a_run, count, row
from rigs.told import alert_told, live_told, root


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


def test_numbers_that_a_database_writes_in_its_own_way_are_the_same_still(archive: Archive) -> None:
    told = [row("alert", alert_told(1).replace(b"{", b'{"deep": [1e23],', 1))]
    archive.store(told, [], NOW)
    assert archive.store(told, [], NOW)["rejected"] == 0


def test_a_reason_is_no_longer_than_a_sentence(archive: Archive) -> None:
    archive.store([], [Rejected("a/alert", b"x", "k" * 1_000_000)], NOW)
    with archive.transaction() as connection:
        assert connection.execute(select(func.length(REJECTED.c.reason))).scalar_one() == 500


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


def test_the_sqlite_file_is_one_that_every_tool_reads(tmp_path: Path) -> None:
    archive = Archive(str(tmp_path / "archive.db"))
    archive.store(a_run(), [], NOW)
    archive.close()
    with sqlite3.connect(tmp_path / "archive.db") as plain:
        assert plain.execute("SELECT at, runner FROM alerts").fetchone() == ("2026-05-01 07:30:00.000000", "anna")
    plain.close()
