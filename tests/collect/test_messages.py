"""What becomes a row, and what is put aside."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.collect.messages import CLOCK_UNKNOWN, IN_SECONDS, Rejected, Row, read, read_list
from backbeat.events import Alert, Summary
from backbeat.live import Live
from rigs.told import SESSION, alert_told, live_told, root, summary_told

TOPICS = {
    "alert": f"{root()}/alert",
    "summary": f"{root()}/session/{SESSION}/summary",
    "live": f"{root()}/live",
}
GOOD = {"alert": alert_told(3), "summary": summary_told(), "live": live_told(3)}
BY_KIND = {"alert": Alert, "summary": Summary, "live": Live}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


def changed(kind: str, /, **values: Any) -> bytes:
    return json.dumps({**json.loads(GOOD[kind]), **values}).encode()


@pytest.mark.parametrize("kind", GOOD)
def test_every_field_of_a_message_is_in_its_row(kind: str) -> None:
    row = read(TOPICS[kind], GOOD[kind])
    assert isinstance(row, Row)
    assert row.kind == kind
    assert row.values["at"] == datetime(2026, 5, 1, 7, 30, tzinfo=UTC)
    assert (row.values["team"], row.values["runner"], row.values["session"]) == ("home", "anna", SESSION)
    for field in fields(BY_KIND[kind]):
        value = json.loads(GOOD[kind])[field.name]
        column = IN_SECONDS.get(field.name, field.name)
        kept = row.values[column] if column in row.values else row.values["more"][field.name]
        assert kept == value


def test_a_field_of_a_later_version_is_kept_too() -> None:
    row = read(TOPICS["alert"], changed("alert", wind_m_s=3.5))
    assert isinstance(row, Row)
    assert row.values["more"] == {"wind_m_s": 3.5}


def test_a_device_without_a_clock_and_a_message_outside_a_session_have_a_key_all_the_same() -> None:
    row = read(TOPICS["live"], live_told(7, session=None, utc=None))
    assert isinstance(row, Row)
    assert (row.values["session"], row.values["at"]) == ("", CLOCK_UNKNOWN)


def test_a_root_of_one_s_own_names_team_and_runner_by_its_last_levels() -> None:
    row = read("club/backbeat/berlin/eve/alert", GOOD["alert"])
    assert isinstance(row, Row)
    assert (row.values["team"], row.values["runner"]) == ("berlin", "eve")


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        ("alert", b"", "not JSON"),
        ("alert", b"\xff\xfe", "not JSON"),
        ("alert", b"[" * 100_000, "not JSON"),
        ("alert", b"[1, 2]", "not a JSON object"),
        ("alert", b"{}", "Field required"),
        ("alert", changed("alert", seq=None), "seq"),
        ("alert", changed("alert", seq=0), "seq"),
        ("alert", changed("alert", seq=10**30), "seq|too large"),
        ("alert", changed("alert", seq="3"), "seq"),
        ("alert", changed("alert", v=2), "version 2"),
        ("alert", changed("alert", session="Anna's run"), "session"),
        ("alert", changed("alert", utc="yesterday"), "utc"),
        ("alert", changed("alert", utc="2026-05-01T07:30:00"), "utc"),
        ("alert", changed("alert", utc="9999-12-31T23:59:59Z"), "utc"),
        ("alert", changed("alert", utc="0001-01-01T00:00:00Z"), "utc"),
        ("alert", changed("alert", utc="0001-01-01T00:00:00+14:00"), "utc"),
        ("alert", changed("alert", kind="summary"), "kind"),
        ("alert", changed("alert", message="nul \0 in it"), "character"),
        ("alert", changed("alert", note={"deep": ["\0"]}), "character"),
        ("alert", changed("alert", note="half \ud800"), "character|JSON|surrogate"),
        ("alert", changed("alert").replace(b"Land", b"\xed\xa0\x80"), "not JSON"),
        ("alert", changed("alert").replace(b"Land", b"\x00"), "not JSON"),
        ("alert", json.dumps(json.loads(GOOD["alert"])).encode("utf-16"), "not JSON"),
        ("alert", changed("alert", extra=10**400), "too large"),
        ("alert", changed("alert", value=float("nan")), "value|finite"),
        ("alert", changed("alert", extra=float("inf")), "finite|JSON"),
        ("alert", changed("alert", state="perhaps"), "state"),
        ("summary", changed("summary", steps="many"), "steps"),
        ("live", changed("live", cadence_spm=[170]), "cadence_spm"),
    ],
)
def test_what_is_no_message_of_ours_says_why(kind: str, payload: bytes, reason: str) -> None:
    found = read(TOPICS[kind], payload)
    assert isinstance(found, Rejected)
    assert found.payload == payload
    assert any(part in found.reason for part in reason.split("|")), found.reason


@pytest.mark.parametrize(
    "topic", [f"{root()}/status", f"{root()}/session/x/notes", "alert", "", f"{root()}/alert/more"]
)
def test_other_topics_are_none_of_ours(topic: str) -> None:
    assert isinstance(read(topic, GOOD["alert"]), Rejected)


def test_a_topic_too_long_for_a_key_is_put_aside_and_stops_nobody() -> None:
    found = read(f"{root()}/session/{'é' * 600}/summary", GOOD["summary"])
    assert isinstance(found, Rejected)
    assert "1000 bytes" in found.reason


@settings(deadline=None, derandomize=True, max_examples=100)
@given(topic=st.sampled_from(sorted(TOPICS.values())) | st.text(), payload=st.binary(max_size=200))
def test_any_bytes_are_a_row_or_put_aside(topic: str, payload: bytes) -> None:
    assert isinstance(read(topic, payload), Rejected | Row)
    assert all(isinstance(each, Rejected | Row) for each in read_list(topic, payload))


@settings(deadline=None, derandomize=True, max_examples=150)
@given(data=st.data(), kind=st.sampled_from(sorted(GOOD)))
def test_any_value_in_any_field_is_a_row_or_put_aside(data: st.DataObject, kind: str) -> None:
    body = json.loads(GOOD[kind])
    name = data.draw(st.sampled_from(sorted(body)) | st.text(max_size=10))
    body[name] = data.draw(JSON)
    payload = json.dumps(body).encode()
    assert isinstance(read(TOPICS[kind], payload), Rejected | Row)
    listed = json.dumps({"kind": "session-alerts", "alerts": [body, body[name]]}).encode()
    assert all(isinstance(e, Rejected | Row) for e in read_list(f"{root()}/session/{SESSION}/alerts", listed))


def test_a_retained_list_gives_the_alerts_as_they_were_sent() -> None:
    sent = [json.loads(alert_told(seq)) for seq in (1, 2)]
    sent[1] |= {"acknowledged_by": "coach", "acknowledged_utc": "2026-05-01T08:00:00.000Z"}
    listed = json.dumps({"kind": "session-alerts", "alerts": sent, "dropped": 0}).encode()
    rows = read_list(f"{root()}/session/{SESSION}/alerts", listed)
    plain = [read(TOPICS["alert"], alert_told(seq)) for seq in (1, 2)]
    assert [row.values for row in rows if isinstance(row, Row)] == [r.values for r in plain if isinstance(r, Row)]


@pytest.mark.parametrize("bad", [float("nan"), "half \ud800", "\0", 10**400])
def test_one_bad_alert_in_a_list_costs_no_other(bad: object) -> None:
    sent = [json.loads(alert_told(seq)) for seq in (1, 2, 3)]
    sent[1]["extra"] = bad
    listed = json.dumps({"kind": "session-alerts", "alerts": sent, "dropped": 0}).encode()
    found = read_list(f"{root()}/session/{SESSION}/alerts", listed)
    assert [type(each) for each in found] == [Row, Rejected, Row]


def test_a_list_longer_than_a_device_s_is_put_aside_as_it_is() -> None:
    listed = json.dumps({"alerts": [{"a": number} for number in range(100_000)]}).encode()
    (found,) = read_list(f"{root()}/session/{SESSION}/alerts", listed)
    assert isinstance(found, Rejected)
    assert "more than 500" in found.reason
