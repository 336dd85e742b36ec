import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backbeat.errors import UserError
from backbeat.history.keeper import HistoryKeeper
from backbeat.history.notes import Note
from backbeat.history.store import MIGRATIONS, History
from backbeat.history.usual import baseline_of
from backbeat.samples import Context, SourceInfo
from rigs.kept import DAY_S, FIRST_UTC, keep, session_events
from rigs.steps import Runner, steps


def run(seed: int, seconds: float = 200.0) -> Runner:
    return Runner(seconds=seconds, seed=seed, speed=lambda _: 3.0)


def test_a_session_is_kept_whole(tmp_path: Path) -> None:
    file = tmp_path / "me.sqlite"
    keep(file, "one", run(1, 400), 0.0, notes=[Context(1.0, "pain", {"value": 4, "when": "before", "text": "stiff"})])
    with History(file) as history:
        session = history.session("last")
        assert session.id == "one"
        assert session.start_utc == pytest.approx(FIRST_UTC, abs=1)
        assert session.summary is not None
        assert session.summary["steps"] == pytest.approx(400 * 170 / 60, rel=0.02)
        assert session.worst_pain == 4
        assert [note.text for note in history.notes("one")] == ["stiff"]
        minutes = history.minutes("one")
        assert len(minutes) == 7
        assert sum(m["steps"] for m in minutes) == session.summary["steps"]
        assert minutes[0]["measures"]["impact_peak_g"] == pytest.approx(3.1, abs=0.4)
        assert [a["alert"] for a in history.alerts("one")] == ["pain_report", "pain_report"]


@settings(deadline=None, max_examples=6, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gone=st.integers(0, 3), pain=st.booleans())
def test_deleting_a_session_is_never_having_run_it(tmp_path: Path, gone: int, pain: bool) -> None:
    notes = [Context(1.0, "pain", 5)] if pain else []
    files = (tmp_path / f"{gone}{pain}a.sqlite", tmp_path / f"{gone}{pain}b.sqlite")
    for file, left_out in zip(files, (None, gone), strict=True):
        with History(file) as history:
            history.add_shoe("blue", "Blue", 100.0)
            history.use_shoe("blue")
        for k in (k for k in range(4) if k != left_out):
            keep(file, f"s{k}", run(k, 90), float(k), notes=notes if k == gone else [])
    with History(files[0]) as a, History(files[1]) as b:
        a.delete(f"s{gone}")
        now = FIRST_UTC + 5 * DAY_S
        assert kept_of(a) == kept_of(b)
        assert a.shoes() == b.shoes()
        assert a.notes() == b.notes()
        assert baseline_of(a, "sacrum", now).as_json() == baseline_of(b, "sacrum", now).as_json()


def kept_of(history: History) -> list[object]:
    """All that is kept but what a later session was told of the usual of its own day (index, exposure alerts)."""
    told_that_day = ("index", "alerts")
    return [
        (s.id, s.start_utc, s.shoe, {k: v for k, v in (s.summary or {}).items() if k not in told_that_day})
        for s in history.sessions()
    ] + [history.minutes(s.id) for s in history.sessions()]


def test_sessions_with_pain_teach_nothing_about_usual(tmp_path: Path) -> None:
    file = tmp_path / "me.sqlite"
    for k in range(3):
        keep(file, f"s{k}", run(k, 250), float(k), notes=[Context(1.0, "pain", 6)] if k == 1 else [])
    with History(file) as history:
        assert baseline_of(history, "sacrum", FIRST_UTC + 5 * DAY_S).sessions == 2
        assert baseline_of(history, "left_hip", FIRST_UTC + 5 * DAY_S).sessions == 0


def test_exposure_knows_the_longest_of_thirty_days_and_rest(tmp_path: Path) -> None:
    file = tmp_path / "me.sqlite"
    keep(file, "long", run(1, 500), 0.0)
    keep(file, "short", run(2, 200), 36.0)
    keep(file, "today", run(3, 100), 36.9)
    with History(file) as history:
        near = baseline_of(history, "sacrum", FIRST_UTC + 20 * DAY_S).exposure
        far = baseline_of(history, "sacrum", FIRST_UTC + 37 * DAY_S).exposure
    assert near.longest_distance_m == pytest.approx(1500, rel=0.02)
    assert far.longest_distance_m == pytest.approx(600, rel=0.02)
    assert far.run_free_days == 6
    assert far.week_distance_m == pytest.approx(900, rel=0.02)


def test_exposure_knows_who_begins_easily(tmp_path: Path) -> None:
    """By the minutes themselves: five of them at 2.4 m/s, then 3 m/s."""
    file = tmp_path / "me.sqlite"
    for k in range(3):
        easy = Runner(seconds=660, seed=k, speed=lambda t, k=k: 2.4 if t < 300 and k != 1 else 3.0)
        keep(file, f"s{k}", easy, float(k))
        with History(file) as history:
            exposure = baseline_of(history, "sacrum", FIRST_UTC + (k + 0.5) * DAY_S).exposure
        assert exposure.sessions == k + 1
        assert exposure.starts_easy is (k != 1)  # one of one, one of two, two of three
    with History(file) as history:
        assert baseline_of(history, "sacrum", FIRST_UTC + 100 * DAY_S).exposure.starts_easy is None


def test_shoes_add_up_what_was_run_in_them(tmp_path: Path) -> None:
    file = tmp_path / "me.sqlite"
    with History(file) as history:
        history.add_shoe("blue", "Blue", 499.0)
        history.use_shoe("blue")
        with pytest.raises(UserError, match="already"):
            history.add_shoe("blue", "Blue", 0.0)
        with pytest.raises(UserError, match="no shoes 'red'"):
            history.use_shoe("red")
    events = keep(file, "one", run(1, 400), 0.0)
    with History(file) as history:
        (blue,) = history.shoes()
        assert blue.km == pytest.approx(499 + 1.2, abs=0.02)
        assert blue.load_bw > 1000
    assert "shoe_km" in {getattr(e, "alert", None) for e in events}


def test_a_broken_or_newer_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"this is not a database, whatever it is called" * 100)
    with pytest.raises(UserError, match=r"broken\.sqlite.*move it away"):
        History(broken)
    newer = tmp_path / "newer.sqlite"
    with sqlite3.connect(newer) as db:
        db.execute(f"PRAGMA user_version={len(MIGRATIONS) + 1}")
    db.close()
    with pytest.raises(UserError, match="newer Backbeat"):
        History(newer)


def test_a_full_disk_ends_the_keeping_not_the_run(tmp_path: Path) -> None:
    history = History(tmp_path / "me.sqlite")
    history._db.execute("PRAGMA max_page_count=12")
    told: list[str] = []
    keeper = HistoryKeeper(history, SourceInfo("test", "simulated"), told.append)
    for event in session_events("one", steps(run(1, 2000))):
        keeper.take(Context(0.0, "battery_pct", 50), [event])
    keeper.finish([])
    assert len(told) == 1
    assert "no longer kept" in told[0]


def test_a_file_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    old = tmp_path / "me.sqlite"
    with sqlite3.connect(old) as db:
        db.executescript(f"{MIGRATIONS[0]} PRAGMA user_version=1;")
        db.execute("INSERT INTO notes VALUES (NULL, 1.0, 'pain', 4, 'after', 'stiff')")
    db.close()
    with History(old) as history:
        assert history.notes() == [Note("pain", 4, "after", "stiff", 1.0)]
        history.add_note(Note("pain", 2, red_flag="soon"))
    with History(old) as history:
        assert [note.red_flag for note in history.notes()] == [None, "soon"]


def test_what_is_entered_outside_a_session_belongs_to_the_next_or_to_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "me.sqlite"
    keeper = HistoryKeeper(History(file), SourceInfo("test", "live", utc_offset_s=FIRST_UTC), print)
    keeper.take(Context(0.0, "pain", {"value": 1, "when": "before"}), [])
    with History(file) as history:
        assert [note.session for note in history.notes()] == [None]  # a power cut does not cost it
    keeper.take(Context(0.0, "surface", "track"), session_events("one", steps(run(1, 90))))
    keeper.take(Context(99.0, "pain", {"value": 5, "when": "after"}), [])
    keeper.take(Context(99.0, "stiffness", {"value": 2, "when": "before"}), [])
    keeper.finish([])
    with History(file) as history:
        assert [(note.level, note.session) for note in history.notes()] == [(1, "one"), (5, "one"), (2, None)]
        assert history.session("one").surface == "track"
