"""Which alert is cued, and how: the runner's wishes and the promise not to nag."""

from __future__ import annotations

from datetime import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.cues.patterns import ADVICE, ANSWERS, CUES, PULSES_S, pulses
from backbeat.cues.rules import QuietHours, Rules, check, wished
from backbeat.cues.settings import CueSettings
from backbeat.events import Alert
from backbeat.strain.alerts import Alerts, Finding
from backbeat.strain.catalogue import RULES
from backbeat.strain.settings import AlertSettings

NOON = time(12, 0)


def raised(name: str = "impact_high", **changes: object) -> Alert:
    return Alert(**{"time": 1.0, "known_at": 1.0, "alert": name, "state": "raised", "spoken": True, **changes})


def test_every_alert_that_may_be_spoken_has_a_cue_and_no_other() -> None:
    assert {name.partition(":")[0] for name in CUES} == {rule.name for rule in RULES if rule.spoken}
    sided = {name.partition(":")[0] for name in CUES if ":" in name}
    assert {f"{name}:{side}" for name in sided for side in ("left", "right")} == {n for n in CUES if ":" in n}


def test_a_pattern_means_one_thing_and_words_fit_into_a_breath() -> None:
    assert {cue.pattern for cue in CUES.values()} == set(ADVICE)
    answers = [cue.pattern for cue in ANSWERS.values()]
    assert len(set(answers)) == len(answers)
    assert not set(answers) & set(ADVICE)
    for cue in [*CUES.values(), *ANSWERS.values()]:
        assert cue.words.isascii()
        assert len(cue.words.split()) <= 6, cue.words
        assert sum(on + off for on, off in pulses(cue.pattern)) < 4.0


def test_alerts_are_cued_that_may_be_spoken_now() -> None:
    rules = Rules(CueSettings())
    assert rules.cue(raised(), NOON) == CUES["impact_high"]
    assert rules.cue(raised(spoken=False), NOON) is None
    assert rules.cue(raised(state="cleared"), NOON) is None
    assert rules.cue(raised("from_a_later_version"), NOON) is None


def test_left_and_right_feel_different() -> None:
    rules = Rules(CueSettings())
    left, right = (rules.cue(raised("asymmetry_change", side=side), NOON) for side in ("left", "right"))
    assert left is not None
    assert right is not None
    assert left.pattern != right.pattern
    assert rules.cue(raised("impact_high", side="left"), NOON) == CUES["impact_high"]


def test_quiet_hours_over_midnight() -> None:
    rules = Rules(CueSettings(quiet_hours="21:30-06:30"))
    for quiet in (time(21, 30), time(23, 59), time(0, 0), time(6, 29)):
        assert rules.cue(raised(), quiet) is None
    for loud in (time(6, 30), NOON, time(21, 29)):
        assert rules.cue(raised(), loud) is not None


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.times(), st.times(), st.times())
def test_a_time_is_in_the_hours_or_in_those_that_are_left(start: time, end: time, now: time) -> None:
    if start != end:
        assert (now in QuietHours(start, end)) != (now in QuietHours(end, start))


def test_patterns_of_one_s_own() -> None:
    wish = CueSettings(patterns={"impact_high": ".-.-", "signal_bad": "", "asymmetry_change": "-"})
    rules = Rules(wish)
    cue = rules.cue(raised(), NOON)
    assert cue is not None
    assert (cue.pattern, cue.words) == (".-.-", CUES["impact_high"].words)
    assert rules.cue(raised("signal_bad"), NOON) is None
    assert wished(wish)["asymmetry_change:left"].pattern == "-"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (CueSettings(quiet_hours="22"), "not a time of day to another"),
        (CueSettings(quiet_hours="22:00-25:00"), "not a time of day to another"),
        (CueSettings(quiet_hours="22:00-22:00"), "two different local times"),
        (CueSettings(quiet_hours="22:00Z-06:00"), "two different local times"),
        (CueSettings(patterns={"impact": "."}), "no cue for 'impact'; there are asymmetry_change,"),
        (CueSettings(patterns={"impact_high": "'"}), "not up to 12 of . and -"),
        (CueSettings(patterns={"impact_high": "." * 13}), "not up to 12 of . and -"),
        (CueSettings(motor_pin=17, button_pin=17), "a pin of its own"),
    ],
)
def test_wishes_that_cannot_be_met_are_told(wrong: CueSettings, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        check(wrong)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from([rule.name for rule in RULES]), st.integers(0, 400)), max_size=60))
def test_never_two_cues_within_three_minutes_whatever_is_found(found: list[tuple[str, int]]) -> None:
    """What the analysis lets be spoken is all that is cued, so its rule holds for the motor too."""
    alerts, rules, now, cued = Alerts(AlertSettings()), Rules(CueSettings()), 0.0, []
    for name, later in found:
        now += later
        finding = Finding(True, False, 5.0, 4.0, side="left")
        cued += [a.known_at for a in alerts.tell_once(name, finding, now, now) if rules.cue(a, NOON)]
    assert all(b - a >= 180.0 for a, b in pairwise(cued))
    assert bool(cued) == any(rule.spoken for rule in RULES if rule.enabled and rule.name in {n for n, _ in found})


def test_the_words_for_pulses_are_known() -> None:
    marks = set("".join(cue.pattern for cue in [*CUES.values(), *ANSWERS.values()]))
    assert marks == set(PULSES_S)
