"""Commands: strict reading, rates, answers; nothing unvalidated acts."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.errors import UserError
from backbeat.mqtt.attendant import BURST, Attendant
from backbeat.mqtt.commands import COMMANDS, InvalidCommandError, RateLimit, Report, Resend, Speed, read_command
from backbeat.mqtt.link import Incoming
from backbeat.mqtt.payloads import Reply
from rigs.reader import wait_until

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
field_names = st.sampled_from(
    [
        "id",
        "session",
        "first",
        "last",
        "seq",
        "by",
        "action",
        "about",
        "value",
        "when",
        "text",
        "shoe",
        "speed_m_s",
        "x",
    ]
)
payloads = st.one_of(
    st.binary(max_size=200),
    st.dictionaries(field_names | st.text(max_size=5), json_values, max_size=5).map(
        lambda body: json.dumps(body).encode()
    ),
)


class Office:
    """What an attendant asks of the desk, written down."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.told: list[tuple[str, Any]] = []
        self.now = 0.0
        self.handlers: dict[Any, Any] = {}
        self.reports: list[str] = []

    def resend(self, session: str | None, first: int, last: int, most: int) -> list[int]:
        return [number for number in range(first, last + 1) if number % 2][:most]

    def acknowledge(self, session: str, seq: int, by: str) -> bool:
        return seq == 1

    def reply(self, reply: Reply, correlation: bytes | None) -> None:
        self.replies.append(reply)

    def tell(self, kind: str, value: Any) -> bool:
        self.told.append((kind, value))
        return True

    def attendant(self, *allowed: str) -> Attendant:
        return Attendant(
            self,
            allowed=frozenset(allowed),
            tell=self.tell,
            handlers=self.handlers,
            post=lambda job: job(),
            report=self.reports.append,
            clock=lambda: self.now,
        )


def ask(attendant: Attendant, name: str, body: Any, *, retained: bool = False) -> None:
    payload = body if isinstance(body, bytes) else json.dumps(body).encode()
    attendant.received(name, Incoming(topic=f"r/cmd/{name}", payload=payload, retained=retained))


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.sampled_from([*COMMANDS, "nonsense"]), payloads)
def test_whatever_comes_is_a_command_or_refused_in_words(name: str, payload: bytes) -> None:
    try:
        answer: Any = read_command(name, payload)
    except InvalidCommandError as error:
        answer = error
    assert type(answer) is COMMANDS.get(name) or str(answer).endswith(".")


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(st.tuples(st.sampled_from([*COMMANDS, "nonsense"]), payloads), max_size=30))
def test_with_every_command_off_nothing_acts_and_answers_are_limited(requests: list[tuple[str, bytes]]) -> None:
    office = Office()
    attendant = office.attendant()
    for name, payload in requests:
        ask(attendant, name, payload)
    assert office.told == []
    for name in (*COMMANDS, "nonsense"):
        assert sum(reply.command == name for reply in office.replies) <= BURST


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("session", {"action": "start"}, ("command", "start_session")),
        (
            "note",
            {"about": "effort", "value": 4, "when": "during"},
            ("effort", {"value": 4, "when": "during", "text": ""}),
        ),
        ("note", {"about": "surface", "text": "trail"}, ("surface", "trail")),
        ("note", {"about": "note", "text": "windy"}, ("note", "windy")),
        ("shoe", {"shoe": "old-blue"}, ("shoe", "old-blue")),
        ("speed", {"speed_m_s": 3}, ("speed_m_s", 3.0)),
        ("speed", {"speed_m_s": None}, ("speed_m_s", None)),
        ("incline", {"grade_pct": -4.5}, ("grade_pct", -4.5)),
    ],
)
def test_a_command_that_is_on_becomes_context_of_the_run(name: str, body: Any, told: Any) -> None:
    office = Office()
    ask(office.attendant(name), name, {**body, "id": "a7"})
    assert office.told == [told]
    assert office.replies == [Reply(command=name, id="a7", ok=True)]


@pytest.mark.parametrize(
    ("name", "payload", "sentence"),
    [
        ("speed", {"speed_m_s": 13}, "'speed_m_s' is out of range"),
        ("speed", {"speed_m_s": "3"}, "'speed_m_s' is a number."),
        ("speed", {"speed_m_s": True}, "'speed_m_s' is a number."),
        ("speed", b'{"speed_m_s": NaN}', "not JSON"),
        ("speed", b'{"speed_m_s": 1e999}', "'speed_m_s' is a number."),
        ("speed", {}, "The field 'speed_m_s' is missing."),
        ("speed", {"speed_m_s": 3, "and": 1}, "It has no field 'and'"),
        ("note", {"about": "pain"}, "0 (none) to 10"),
        ("note", {"about": "surface", "text": " "}, "'text' is missing"),
        ("note", {"about": "pain", "value": 1, "red_flag": True}, "'red_flag' is one of emergency, soon."),
        ("note", {"about": "mood"}, "'about' is one of pain, stiffness, effort, note, surface."),
        ("note", {"about": "note", "text": "a\x00b"}, "control characters"),
        ("note", b'{"about": "note", "text": "\\ud800"}', "half a character"),
        ("ack", b'{"session": "s", "seq": 1, "by": "\\udfff"}', "half a character"),
        ("shoe", b'{"id": "\\ud800", "and": 1}', "It has no field 'and'"),
        ("shoe", [], "not a JSON object"),
        ("shoe", b"\xff", "not JSON in UTF-8"),
        ("shoe", b"[" * 4000, "not JSON"),
        ("shoe", b"x" * 5000, "at most 4096 bytes"),
        ("identify", b"", "This device cannot do that."),
        ("dance", {}, "There is no command of this name"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(name: str, payload: Any, sentence: str) -> None:
    office = Office()
    ask(office.attendant(*COMMANDS), name, payload)
    (reply,) = office.replies
    assert not reply.ok
    assert sentence in reply.error
    assert office.told == []


def test_commands_are_off_until_they_are_turned_on() -> None:
    office = Office()
    ask(office.attendant("shoe"), "speed", {"speed_m_s": 3, "id": "1"})
    assert office.replies[0].error.startswith("This command is off")
    assert office.replies[0].id == "1"
    assert office.told == []


def test_old_wishes_and_second_deliveries_do_nothing() -> None:
    office = Office()
    attendant = office.attendant("shoe")
    ask(attendant, "shoe", {"shoe": "a"}, retained=True)
    ask(attendant, "shoe", {"shoe": "b", "id": "1"})
    ask(attendant, "shoe", {"shoe": "b", "id": "1"})
    assert office.told == [("shoe", "b")]


def test_a_flood_is_cut_and_time_heals() -> None:
    office = Office()
    attendant = office.attendant("shoe")
    for _ in range(100):
        ask(attendant, "shoe", {"shoe": "a"})
    assert len(office.told) == 10
    office.now += 3.0
    for _ in range(100):
        ask(attendant, "shoe", {"shoe": "a"})
    assert len(office.told) == 13


def test_resend_says_what_it_sent_and_what_it_has_no_more() -> None:
    office = Office()
    attendant = office.attendant()
    ask(attendant, "resend", {"session": "s", "first": 3, "last": 6})
    assert office.replies[0].result == {"resent": [3, 5], "missing": [4, 6]}
    ask(attendant, "resend", {"session": "s", "first": 1, "last": 1000})
    assert "1 to 200" in office.replies[1].error
    ask(attendant, "ack", {"session": "s", "seq": 2, "by": "Jo"})
    assert office.replies[2].error == "There is no such alert."


def test_types_are_exact() -> None:
    assert read_command("speed", b'{"speed_m_s": 3}') == Speed(speed_m_s=3.0)
    assert read_command("resend", b'{"session": null, "first": 1, "last": 2}') == Resend(session=None, first=1, last=2)


def test_a_clock_that_stands_still_gives_nothing_back() -> None:
    limit = RateLimit(2, 1)
    assert [limit.allows(5.0) for _ in range(4)] == [True, True, False, False]


def test_pain_is_answered_with_advice_and_the_questions_about_warning_signs() -> None:
    office = Office()
    attendant = office.attendant("note")
    ask(attendant, "note", {"about": "pain", "value": 6})
    ask(attendant, "note", {"about": "pain", "value": 6, "red_flag": "emergency"})
    ask(attendant, "note", {"about": "pain", "value": 0})
    asked, answered, none = (reply.result for reply in office.replies)
    assert "stop running for today" in asked["advice"]
    assert list(asked["red_flags"]) == ["emergency", "soon"]
    assert any("bladder" in sign for sign in asked["red_flags"]["emergency"])
    assert "see a professional at once" in answered["advice"]
    assert "red_flags" not in answered
    assert none == {}
    assert office.told[1] == ("pain", {"value": 6, "when": None, "text": "", "red_flag": "emergency"})


def test_what_takes_long_is_done_elsewhere_one_at_a_time() -> None:
    office, go = Office(), threading.Event()

    def page(command: Report) -> dict[str, str]:
        go.wait(20.0)
        return {"file": f"{command.session}.html"}

    office.handlers = {Report: page}
    attendant = office.attendant("report")
    ask(attendant, "report", {"id": "1", "session": "a"})
    assert office.replies == []  # the courier's thread goes on
    ask(attendant, "report", {"id": "2", "session": "b"})
    assert [(reply.id, reply.ok) for reply in office.replies] == [("2", False)]
    assert "already" in office.replies[0].error
    go.set()
    wait_until(lambda: len(office.replies) == 2, "the page")
    assert (office.replies[1].id, office.replies[1].ok, office.replies[1].result) == ("1", True, {"file": "a.html"})
    ask(attendant, "report", {"id": "3", "session": "c"})
    wait_until(lambda: len(office.replies) == 3, "the next page")
    assert office.replies[2].ok


@pytest.mark.parametrize(
    ("trouble", "told", "reports"),
    [(UserError("There is no session 'x'."), "There is no session 'x'.", 0), (KeyError("x"), "inside Backbeat", 1)],
)
def test_what_cannot_be_done_is_answered(trouble: Exception, told: str, reports: int) -> None:
    office = Office()

    def refuse(_command: Report) -> dict[str, str]:
        raise trouble

    office.handlers = {Report: refuse}
    ask(office.attendant("report"), "report", {})
    wait_until(lambda: len(office.replies) == 1, "the answer")
    assert not office.replies[0].ok
    assert told in office.replies[0].error
    assert len(office.reports) == reports


def test_nobody_there_who_could_is_answered_at_once() -> None:
    office = Office()
    ask(office.attendant("identify"), "identify", {"id": "7"})
    assert [(reply.id, reply.error) for reply in office.replies] == [("7", "This device cannot do that.")]
