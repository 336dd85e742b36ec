"""The team's state from messages: what is taken in, what is stale, what is lost, and any bytes are borne."""

from __future__ import annotations

import json
import tracemalloc
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.dashboard.message import read, weight
from backbeat.dashboard.reports import report
from backbeat.dashboard.runner import MAX_LISTED, MAX_SESSIONS, POINTS, Runner
from backbeat.dashboard.team import MAX_RUNNERS, Layout, Team
from backbeat.dashboard.wording import (
    SIGNAL,
    alert_title,
    condition,
    last_seen,
    moment,
    note,
    session_title,
    signal,
    since,
    usual_impact,
    why,
)
from backbeat.gait.quality import PROBLEMS
from backbeat.mqtt.payloads import encoded
from rigs.told import SESSION, UTC, alert_told, live_told, root, summary_told

REST = [
    "live",
    "status",
    "info",
    "alert",
    "reply/ack",
    "session/last",
    "session/s1/summary",
    "session/s1/alerts",
    "session/s1/notes",
    "cmd/ack",
    "x",
]


def team(*messages: tuple[str, bytes], retained: bool = False, at: float = 0.0) -> Team:
    told = Team()
    for topic, payload in messages:
        told.take(f"{root()}/{topic}", payload, retained, at)
    return told


def anna(*messages: tuple[str, bytes], retained: bool = False, at: float = 0.0) -> Runner:
    return team(*messages, retained=retained, at=at).runners["home", "anna"]


def status(state: str, reason: str = "") -> tuple[str, bytes]:
    return "status", json.dumps({"state": state, "reason": reason, "origin": "live"}).encode()


def listed(*alerts: dict[str, Any]) -> tuple[str, bytes]:
    body = {"kind": "session-alerts", "session": SESSION, "alerts": list(alerts), "dropped": 0}
    return f"session/{SESSION}/alerts", encoded(body)


def shown(told: Team) -> None:
    """Everything that a page says of it."""
    for runner in told.ordered():
        condition(runner, 5.0), last_seen(runner, 5.0), usual_impact(runner), runner.trend()
        for session in runner.newest_first():
            session_title(runner, session)
            [(alert_title(each), why(each), since(each)) for each in session.alerts.values()]
            [note(each) for each in session.notes]
            report(runner, session)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner))
names = st.sampled_from(
    [
        "session",
        "seq",
        "utc",
        "origin",
        "alert",
        "state",
        "side",
        "measure",
        "value",
        "usual",
        "lasted_s",
        "uncertainty",
        "alerts",
        "notes",
        "about",
        "summary",
        "time",
        "symmetry",
        "index",
        "running_s",
        "id",
        "ok",
        "error",
        "reason",
        "live",
        "acknowledged_by",
    ]
)
bodies = st.dictionaries(names, values | st.just("s1") | st.integers(1, 5), max_size=12)
payloads = st.binary(max_size=40) | bodies.map(lambda body: json.dumps(body).encode())
topics = st.builds("backbeat/v1/home/{}/{}".format, st.sampled_from("abc"), st.sampled_from(REST)) | st.text(
    max_size=30
)


@settings(deadline=None, max_examples=150, derandomize=True)
@given(st.lists(st.tuples(topics, payloads, st.booleans(), st.floats(0, 1e6)), max_size=12))
def test_any_bytes_on_any_topic_are_borne_and_can_be_shown(messages: list[tuple[str, bytes, bool, float]]) -> None:
    told = Team()
    for topic, payload, retained, at in messages:
        told.take(topic, payload, retained, at)
    shown(told)


@settings(deadline=None, max_examples=80, derandomize=True)
@given(
    st.sampled_from(["live", "alert", "summary"]),
    st.dictionaries(st.sampled_from(sorted(json.loads(live_told(1)) | json.loads(alert_told(1)))), values, max_size=6),
)
def test_a_message_with_some_wrong_fields_is_borne_too(kind: str, wrong: dict[str, Any]) -> None:
    right = {"live": live_told(1), "alert": alert_told(1), "summary": summary_told()}[kind]
    topic = {"summary": f"session/{SESSION}/summary"}.get(kind, kind)
    shown(team((topic, json.dumps(json.loads(right) | wrong).encode())))


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 100_000,
        b'{"time":' + b"9" * 5000 + b"}",
        b'{"time":NaN}',
        b'{"time":1e999}',
        b"\xff\xfe",
        b"{}" + b" " * 600_000,
    ],
    ids=["deep", "huge number", "NaN", "infinite", "not UTF-8", "long"],
)
def test_nasty_payloads(payload: bytes) -> None:
    told = team(("live", payload))
    shown(told)
    assert all(runner.live is None or runner.live.time is None for runner in told.runners.values())


def test_figures_of_a_second_that_is_over_are_stale_and_a_last_will_is_a_loss() -> None:
    runner = anna(status("online"), ("live", live_told(1)), at=10.0)
    assert condition(runner, 11.0) == ("running", "Running")
    assert condition(runner, 14.0) == ("stale", "Stale")
    assert last_seen(runner, 70.0) == "Last seen 60 s ago"
    lost = anna(status("online"), ("live", live_told(1)), status("offline", "connection lost"), at=10.0)
    assert condition(lost, 11.0) == ("lost", "Connection lost")
    ended = anna(("live", live_told(1)), status("offline", "ended"), at=10.0)
    assert condition(ended, 11.0) == ("ended", "Offline")


def test_what_the_broker_kept_is_not_the_present() -> None:
    runner = anna(status("online"), ("live", live_told(1)), retained=True, at=10.0)
    assert condition(runner, 10.0)[0] == "stale"
    assert last_seen(runner, 10.0).startswith("Last seen 01 May 2026")
    assert not runner.points


def test_an_alert_stands_until_it_is_cleared_or_its_session_ends() -> None:
    raised = ("alert", alert_told(1))
    assert [why(told) for told in anna(raised).active()] == ["usual 3.1 g at this pace, now 3.9 g"]
    assert anna(raised, ("alert", alert_told(2, state="cleared"))).active() == []
    assert len(anna(raised, ("alert", alert_told(2, state="cleared", side="left"))).active()) == 1
    assert anna(raised, (f"session/{SESSION}/summary", summary_told())).active() == []
    assert anna(raised, ("live", live_told(1, session=None))).active() == []


def test_the_list_of_a_session_has_the_last_word_also_on_who_has_seen_an_alert() -> None:
    first, second = json.loads(alert_told(1)), json.loads(alert_told(2, name="hard_landing"))
    runner = anna(listed(first, second), retained=True)
    assert [told.seq for told in runner.active()] == [2, 1]
    runner = anna(("alert", alert_told(1)), listed(first | {"acknowledged_by": "Kim"}))
    assert runner.active()[0].seen_by == "Kim"
    again = anna(listed(first | {"acknowledged_by": "Kim"}), ("alert", alert_told(1)))
    assert again.active()[0].seen_by == "Kim"


def test_only_what_happens_now_cannot_wait() -> None:
    told = Team()
    assert not told.take(f"{root()}/live", live_told(1), False, 0.0)
    assert told.take(f"{root()}/alert", alert_told(1), False, 0.0)
    assert not told.take(f"{root()}/session/{SESSION}/summary", summary_told(), True, 0.0)


def test_memory_has_limits() -> None:
    told = Team()
    for k in range(MAX_RUNNERS + 20):
        told.take(f"{root(f'r{k}')}/live", live_told(1), False, 0.0)
    assert (len(told.runners), told.left_out) == (MAX_RUNNERS, 20)
    runner = anna(
        *[("live", live_told(k)) for k in range(1, POINTS + 50)],
        *[("alert", alert_told(k)) for k in range(1, MAX_LISTED + 50)],
        *[(f"session/s{k}/summary", summary_told(f"s{k}", k)) for k in range(MAX_SESSIONS + 20)],
    )
    assert len(runner.points) == POINTS
    assert len(runner.sessions) == MAX_SESSIONS
    assert all(len(session.alerts) <= MAX_LISTED for session in runner.sessions.values())


def test_memory_has_a_limit_in_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backbeat.dashboard.team.MAX_WEIGHT", 2_000_000)
    told = Team()
    tracemalloc.start()
    for k in range(30):  # one runner among others, whose messages are as heavy as they can be
        for name in ("ada", "bob", "eve"):
            more = {"more": [[{"a": [1.5]}] for _ in range(2000)]} if name == "eve" else {}
            summary = json.dumps(json.loads(summary_told(f"s{k:02}", k + 1)) | more).encode()
            told.take(f"{root(name)}/session/s{k:02}/summary", summary, True, 0.0)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 2_000_000
    assert [len(told.runners["home", name].sessions) for name in ("ada", "bob")] == [30, 30]
    eve = told.runners["home", "eve"].sessions
    assert told.forgotten == 30 - len(eve) > 20
    assert "s29" in eve


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=200))
@settings(deadline=None, max_examples=60, derandomize=True)
def test_no_message_takes_more_memory_than_it_is_weighed(value: Any) -> None:
    payload = json.dumps({"value": value}).encode()
    tracemalloc.start()
    body = read(payload)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert body is not None
    assert used <= weight(payload) + 2000


def test_another_run_begins_its_charts_anew() -> None:
    runner = anna(*[("live", live_told(k)) for k in (5, 6, 7, 1, 2)])
    assert [point.time for point in runner.points] == [1.0, 2.0]


def test_another_session_begins_its_charts_anew_also_where_time_goes_on() -> None:
    def second(k: int, session: str | None, session_s: float | None) -> tuple[str, bytes]:
        return "live", live_told(k, session=session, session_s=session_s)

    first = [second(k, "a", k - 1.0) for k in range(40, 50)]
    rest = [second(k, None, None) for k in range(50, 60)]
    assert [point.time for point in anna(*first, *rest).points] == list(range(40, 60))
    following = anna(*first, *rest, second(60, "b", 4.0), second(61, "b", 5.2))
    assert [point.time for point in following.points] == list(range(54, 62))
    assert following.began == 56.0


def test_a_session_is_called_by_its_begin() -> None:
    ended = ("session/s1/summary", summary_told("s1", end=3600.0))
    runner = anna(("live", live_told(1)), ended)
    assert session_title(runner, runner.sessions[SESSION]) == "Under way"
    begin = datetime.fromisoformat(UTC) - timedelta(hours=1)
    assert session_title(runner, runner.sessions["s1"]) == moment(begin.isoformat())
    runner = anna(("session/s1/summary", json.dumps(json.loads(ended[1]) | {"utc": None}).encode()))
    assert session_title(runner, runner.sessions["s1"]) == "Time not known (s1)"
    runner = anna(("session/s2/notes", json.dumps({"utc": UTC, "notes": []}).encode()))
    assert session_title(runner, runner.sessions["s2"]) == moment(UTC), "nobody knows whether it goes on"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"alert": "form_drift", "unit": "SD", "value": 0.312, "usual": 0.0, "uncertainty": 0.05},
         "away from usual by 0.31 of the usual scatter (± 0.05)"),
        ({"alert": "signal_bad", "unit": None, "value": 0.5, "usual": None, "lasted_s": 10.0},
         "now signal 50 %, for 10 s"),
        ({"alert": "pain_report", "unit": "0-10", "value": 4.0, "usual": None}, "now 4 of 10"),
        ({"alert": "asymmetry_change", "unit": "%", "value": -16.12, "usual": -4.92}, "usual −4.92 %, now −16.1 %"),
    ],
)  # fmt: skip
def test_the_why_of_an_alert_is_in_words_that_need_no_statistics(more: dict[str, Any], says: str) -> None:
    (told,) = anna(("alert", json.dumps(json.loads(alert_told(1)) | more).encode())).active()
    assert why(told) == says


def test_what_is_wrong_with_a_signal_is_in_words() -> None:
    told = live_told(1, signal_quality=0.7, signal_problems="gap, rhythm, brand_new")
    assert signal(anna(("live", told)).live) == "70 %, readings missing, neither running nor walking, brand new"
    assert signal(anna(("live", live_told(1, signal_quality=1.0, signal_problems=""))).live) == "100 %"
    assert set(SIGNAL) == set(PROBLEMS)


def test_an_empty_message_takes_away_what_was_kept() -> None:
    told = team((f"session/{SESSION}/summary", summary_told()), (f"session/{SESSION}/summary", b""))
    assert told.runners["home", "anna"].sessions == {}
    told.take(f"{root()}/status", b"", True, 0.0)
    assert told.runners == {}


def test_usual_is_the_median_of_earlier_sessions_and_says_of_how_many() -> None:
    def session(k: int, impact: float) -> tuple[str, bytes]:
        return f"session/s{k}/summary", json.dumps(
            json.loads(summary_told(f"s{k}")) | {"impact_peak_g": impact}
        ).encode()

    assert usual_impact(anna(session(1, 3.0), session(2, 3.2))) == "usual not known yet"
    assert usual_impact(anna(session(1, 3.0), session(2, 3.2), session(3, 9.0))) == "median of 3 sessions 3.20 g"


def test_other_teams_and_own_roots() -> None:
    told = Team(Layout(team="club"))
    assert told.layout.filter == "backbeat/v1/club/+/#"
    told.take("backbeat/v1/home/anna/live", live_told(1), False, 0.0)
    told.take("backbeat/v1/club/Anna X/live", live_told(1), False, 0.0)
    assert told.runners == {}
    own = Team(Layout(root="my/own", runner=("home", "anna")))
    own.take("my/own/live", live_told(1), False, 0.0)
    assert list(own.runners) == [("home", "anna")]
    assert own.layout.root_of("home", "anna") == "my/own"


def test_a_report_shows_nothing_as_markup_and_refuses_what_is_no_summary() -> None:
    bad = "<script>alert(1)</script>"
    info = json.dumps({"runner_name": bad, "source": bad, "position": bad, "origin": "simulated"}).encode()
    notes = json.dumps({"notes": [{"about": bad, "value": bad}]}).encode()
    runner = anna(("info", info), (f"session/{SESSION}/summary", summary_told()), (f"session/{SESSION}/notes", notes))
    page = report(runner, runner.sessions[SESSION])
    assert page is not None
    assert "simulated runner" in page
    assert "<script" not in page
    broken = json.dumps(json.loads(summary_told()) | {"steps": bad}).encode()
    runner = anna((f"session/{SESSION}/summary", broken))
    assert report(runner, runner.sessions[SESSION]) is None


@pytest.mark.parametrize("utc", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z"])
def test_a_wild_clock_or_number_takes_no_page_away(utc: str) -> None:
    assert moment(utc)
    wild = json.dumps(json.loads(summary_told()) | {"utc": utc}).encode()
    runner = anna((f"session/{SESSION}/summary", summary_told()), ("session/a/summary", wild))
    assert all(report(runner, session) is not None for session in runner.sessions.values())
    endless = summary_told().replace(b'"running_s":', b'"running_s":1e999,"was":')
    assert endless != summary_told()
    runner = anna((f"session/{SESSION}/summary", endless))
    assert report(runner, runner.sessions[SESSION]) is None
