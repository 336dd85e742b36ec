"""The outbox keeps what it is given, in order, within its limits, and says what is wrong with the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.mqtt.outbox import Limits, Message, Outbox

_OPENED: list[Outbox] = []


@pytest.fixture(autouse=True)
def _closed_again() -> Iterator[None]:
    """Python 3.13 warns of databases that nobody closed."""
    yield
    while _OPENED:
        _OPENED.pop()._database.close()


def opened(path: Path | None, reports: list[str] | None = None, limits: Limits | None = None) -> Outbox:
    outbox = Outbox(path, limits, report=(reports if reports is not None else []).append, wall=lambda: 1_800_000_000.0)
    _OPENED.append(outbox)
    return outbox


def put(outbox: Outbox, text: str, topic: str = "r/alert", *, retain: bool = False, session: str = "s1") -> Message:
    return outbox.put(topic, "alert", session, lambda seq: f"{text} {seq}".encode(), retain=retain)


def payloads(messages: list[Message]) -> list[str]:
    return [message.payload.decode() for message in messages]


def test_what_was_flushed_survives_and_comes_back_in_order(tmp_path: Path) -> None:
    outbox = opened(tmp_path / "outbox.db")
    first = put(outbox, "a")
    put(outbox, "b")
    assert outbox.flush()
    put(outbox, "never flushed")
    outbox._database.close()  # killed
    outbox = opened(tmp_path / "outbox.db")
    assert payloads(outbox.waiting(0, 10)) == ["a 1", "b 2"]
    outbox.delivered(first)
    assert payloads(outbox.waiting(0, 10)) == ["b 2"]
    outbox.close()
    outbox = opened(tmp_path / "outbox.db")
    assert payloads(outbox.waiting(0, 10)) == ["b 2"]
    assert payloads(outbox.find("r/alert", "s1", 1, 9, 10)) == ["a 1", "b 2"]
    assert put(outbox, "c").seq == 3


def test_a_retained_topic_holds_one_message(tmp_path: Path) -> None:
    outbox = opened(tmp_path / "outbox.db")
    for text in "abc":
        put(outbox, text, "r/session/s1/alerts", retain=True)
        outbox.flush()
    assert payloads(outbox.waiting(0, 10)) == ["c 3"]
    kept = outbox.retained("r/session/s1/alerts")
    assert kept is not None
    assert kept.payload == b"c 3"


def test_a_broker_that_forgot_is_told_again_with_the_same_numbers(tmp_path: Path) -> None:
    outbox = opened(tmp_path / "outbox.db")
    message = put(outbox, "a", "r/session/last", retain=True)
    outbox.delivered(message)
    outbox.flush()
    assert outbox.waiting(0, 10) == []
    outbox.tell_again()
    assert payloads(outbox.waiting(0, 10)) == ["a 1"]


def test_sessions_beyond_the_last_ones_are_cleared_at_the_broker() -> None:
    outbox = opened(None, limits=Limits(sessions=2))
    for session in ("s1", "s2", "s3"):
        for message in (put(outbox, "x", f"r/session/{session}/{n}", retain=True, session=session) for n in "ab"):
            outbox.delivered(message)
        put(outbox, "x", "r/session/last", retain=True, session=session)
        outbox.forget_old_sessions()
    waiting = outbox.waiting(0, 10)
    assert [(m.topic, m.payload) for m in waiting] == [
        ("r/session/last", b"x 3"),
        ("r/session/s1/a", b""),
        ("r/session/s1/b", b""),
    ]
    for message in waiting:
        outbox.delivered(message)
    outbox.flush()
    outbox.forget_old_sessions()
    assert outbox.waiting(0, 10) == []


def test_a_full_disk_is_told_once_and_messages_still_go(tmp_path: Path) -> None:
    reports: list[str] = []
    outbox = opened(tmp_path / "outbox.db", reports)
    put(outbox, "saved")
    outbox.flush()
    pages = outbox._database.execute("PRAGMA page_count").fetchone()[0]
    outbox._database.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own "disk is full"
    put(outbox, "x" * 50_000)
    assert not outbox.flush()
    last = put(outbox, "another")
    assert not outbox.flush()
    assert [text.split()[0][:5] for text in payloads(outbox.waiting(0, 10))] == ["saved", "xxxxx", "anoth"]
    assert len(reports) == 1
    assert "database or disk is full" in reports[0]
    outbox.delivered(last)
    outbox._database.execute("PRAGMA max_page_count = 100000")
    assert outbox.flush()
    assert reports[1].endswith("can be written again.")
    outbox.close()
    assert [m.seq for m in opened(tmp_path / "outbox.db").waiting(0, 10)] == [1, 2]


def test_a_folder_that_is_not_there_is_told_and_memory_takes_over(tmp_path: Path) -> None:
    reports: list[str] = []
    outbox = opened(tmp_path / "absent" / "outbox.db", reports)
    assert "cannot be opened" in reports[0]
    put(outbox, "a")
    assert outbox.flush()
    assert payloads(outbox.waiting(0, 10)) == ["a 1"]


def test_a_damaged_file_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "outbox.db").write_bytes(b"not a database at all" * 1000)
    reports: list[str] = []
    outbox = opened(tmp_path / "outbox.db", reports)
    put(outbox, "a")
    assert outbox.flush()
    assert (tmp_path / "outbox.db.damaged-1").exists()
    assert "damaged" in reports[0]


def test_only_one_process_has_the_file(tmp_path: Path) -> None:
    first, reports = opened(tmp_path / "outbox.db"), []
    opened(tmp_path / "outbox.db", reports)
    assert "locked" in reports[0]
    first.close()


def test_refused_messages_are_offered_again_at_the_next_start(tmp_path: Path) -> None:
    outbox = opened(tmp_path / "outbox.db")
    outbox.refused(put(outbox, "a"))
    outbox.flush()
    assert outbox.waiting(0, 10) == []
    outbox.close()
    assert payloads(opened(tmp_path / "outbox.db").waiting(0, 10)) == ["a 1"]


@pytest.mark.parametrize("limits", [Limits(rows=300), Limits(megabytes=0.006)])
def test_it_stays_within_its_limits_and_says_what_it_dropped(limits: Limits) -> None:
    reports: list[str] = []
    outbox = opened(None, reports, limits)
    kept = put(outbox, "kept", "r/session/last", retain=True)
    for number in range(1500):
        message = put(outbox, f"message number {number:4}")
        if number < 200:
            outbox.delivered(message)
        outbox.flush()
    waiting = outbox.waiting(0, 5000)
    assert waiting[-1].payload == b"message number 1499 1500"
    assert kept in waiting
    assert [m.seq for m in waiting[1:]] == list(range(waiting[1].seq, 1501))
    assert 100 < len(waiting) <= 300 + 256 + 1
    assert "dropped" in reports[0]


def test_old_messages_go_but_not_because_the_clock_was_unset(tmp_path: Path) -> None:
    now = [0.0]
    outbox = Outbox(tmp_path / "o.db", Limits(days=90), report=lambda _: None, wall=lambda: now[0])
    _OPENED.append(outbox)
    put(outbox, "before the clock was set")
    outbox.flush()
    now[0] = 1_800_000_000.0
    put(outbox, "old")
    outbox.flush()
    now[0] += 91 * 86_400
    for _ in range(300):
        put(outbox, "new")
        outbox.flush()
    texts = payloads(outbox.waiting(0, 1000))
    assert texts[0].startswith("before")
    assert texts[1].startswith("new")


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.lists(st.sampled_from(["put", "deliver", "flush", "kill"]), max_size=40))
def test_whatever_happens_nothing_flushed_is_lost_and_the_order_holds(acts: list[str]) -> None:
    database = sqlite3.connect(":memory:")
    database.close()
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outbox.db"
        outbox = opened(path)
        safe: list[int] = []  # flushed and not delivered, for sure
        fresh: list[int] = []
        for act in acts:
            if act == "put":
                fresh.append(put(outbox, "m").id)
            elif act == "deliver" and (waiting := outbox.waiting(0, 1)):
                outbox.delivered(waiting[0])
                safe = [i for i in safe if i != waiting[0].id]
                fresh = [i for i in fresh if i != waiting[0].id]
            elif act == "flush":
                assert outbox.flush()
                safe, fresh = safe + fresh, []
            else:
                outbox._database.close()
                outbox, fresh = opened(path), []
            ids = [message.id for message in outbox.waiting(0, 100)]
            assert ids == sorted(ids)
            assert set(safe) <= set(ids)
        outbox._database.close()
