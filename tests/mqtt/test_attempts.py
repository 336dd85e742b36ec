"""What comes after a connection that failed."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbeat.mqtt.attempts import Pauses, Versions
from backbeat.mqtt.link import BROKE
from backbeat.mqtt.refusals import WRONG_VERSION


def test_pauses_double_up_to_the_longest_and_begin_again() -> None:
    pauses = Pauses(1.0, 10.0, lambda: 1.0)
    assert [pauses.after_failure() for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert pauses.failures == 6
    pauses.succeeded()
    assert pauses.after_failure() == 1.0


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=2000))
def test_a_pause_is_between_half_of_the_longest_and_the_longest(chances: list[float]) -> None:
    pauses, most = Pauses(1.0, 60.0, iter(chances).__next__), Pauses(1.0, 60.0, lambda: 1.0)
    longest = [most.after_failure() for _ in chances]
    assert all(before <= after <= 60.0 for before, after in pairwise(longest))
    assert all(most / 2 <= pauses.after_failure() <= most for most in longest)


@pytest.mark.parametrize(("reason", "code"), [("refused", WRONG_VERSION), (BROKE, None)])
def test_a_broker_that_does_not_understand_version_5_gets_3_1_1_at_once(reason: str, code: int | None) -> None:
    versions = Versions("auto")
    assert versions.present == "5"
    assert versions.failed(reason, code, was_up=False)
    assert versions.present == "3.1.1"
    assert not versions.failed(reason, code, was_up=False)  # neither is understood: wait
    assert versions.present == "5"


@pytest.mark.parametrize(("reason", "code"), [("Connection refused", None), ("no answer", None), ("busy", 0x89)])
def test_a_broker_that_is_away_is_asked_in_the_same_version(reason: str, code: int | None) -> None:
    versions = Versions("auto")
    assert not versions.failed(reason, code, was_up=False)
    assert versions.present == "5"


def test_a_broker_that_has_spoken_version_5_is_not_given_up_for_a_broken_connection() -> None:
    versions = Versions("auto")
    versions.connected()
    assert not versions.failed(BROKE, None, was_up=True)
    assert not versions.failed(BROKE, None, was_up=False)
    assert versions.present == "5"
    assert versions.failed("another one runs there now", WRONG_VERSION, was_up=False)


def test_what_worked_is_kept() -> None:
    versions = Versions("auto")
    versions.failed(BROKE, None, was_up=False)
    versions.connected()
    assert not versions.failed(BROKE, None, was_up=True)
    assert versions.present == "3.1.1"


@pytest.mark.parametrize("wanted", ["5", "3.1.1"])
def test_what_is_set_is_what_is_tried(wanted: str) -> None:
    versions = Versions(wanted)  # type: ignore[arg-type]
    assert versions.present == wanted
    assert not versions.failed(BROKE, WRONG_VERSION, was_up=False)
    assert versions.present == wanted
