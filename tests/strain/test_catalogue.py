"""The catalogue of alerts and causes: complete, readable, and honest in its words."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

import backbeat
from backbeat.events import Step
from backbeat.pain import EMERGENCY, NOT_MEDICAL, QUESTIONS, SOON, pain_advice
from backbeat.strain.catalogue import CATALOGUE, RULES, with_override
from backbeat.strain.causes import CAUSES
from backbeat.strain.measures import NAMES
from backbeat.strain.settings import AlertOverride

WANTED = [
    *("impact_high", "hard_landing", "asymmetry_change", "cadence_drop", "pelvis_drop", "tilt_drift", "rotation_up"),
    *("form_drift", "longest_run", "downhill_load", "uphill_lean", "check_in_30", "warmup_missing", "too_fast"),
    *("rest_days", "shoe_km", "pain_report", "signal_bad"),
]


def test_every_alert_has_its_row_once() -> None:
    assert sorted(CATALOGUE) == sorted(WANTED)
    assert len(RULES) == len(CATALOGUE)


def test_every_rule_belongs_to_a_cause_and_says_when() -> None:
    for rule in RULES:
        assert rule.cause in CAUSES
        assert rule.trigger
        assert rule.message
        assert rule.clear_s >= 0
        if rule.watch == "change":
            assert rule.measure in (*NAMES, "form")
    assert not CATALOGUE["check_in_30"].enabled


def test_every_cause_has_an_answer_with_both_sides() -> None:
    for key, cause in CAUSES.items():
        assert cause.seen
        assert cause.evidence
        assert cause.contrary
        if key not in ("own_report", "signal"):
            assert cause.sources
            assert all(source.startswith("https://") for source in cause.sources)


@pytest.mark.parametrize("word", ["cannot"])
@pytest.mark.parametrize("cause", ["posture", "core_and_hips", "one_sided_muscles", "dehydration", "hard_surface"])
def test_what_the_sensor_cannot_see_is_said(cause: str, word: str) -> None:
    assert word in CAUSES[cause].seen


def test_an_override_changes_only_what_it_names() -> None:
    rule = CATALOGUE["impact_high"]
    assert with_override(rule, None) is rule
    changed = with_override(rule, AlertOverride(threshold=20.0))
    assert changed.threshold == 20.0
    assert changed.clear_s == rule.clear_s
    assert with_override(CATALOGUE["shoe_km"], AlertOverride(threshold=300.0)).levels == (300.0,)


def test_the_words_follow_the_figures() -> None:
    for rule in RULES:
        assert "{" not in rule.when
        if rule.has_threshold:
            other = with_override(rule, AlertOverride(threshold=17.25, persistence_s=77.0))
            assert "17.25" in other.when, rule.name
            assert ("77 s" in other.when) == ("{persistence}" in rule.trigger)
    assert "at least 8 % above" in CATALOGUE["impact_high"].when
    assert "for 2 min" in CATALOGUE["downhill_load"].when
    assert "10, 30 and 100 % beyond" in CATALOGUE["longest_run"].when
    assert "3 landings within 60 s, each above 1.3 times" in CATALOGUE["hard_landing"].when


FORBIDDEN = re.compile(
    r"injury risk|risk of|your risk|at risk|\brisky?\b|predict|prevents|diagnos(e|es|ed) you|unsafe|abnormal|"
    r"dysfunction|spinal load",
    re.IGNORECASE,
)


def test_no_word_that_may_not_be_said_to_a_runner() -> None:
    said = [rule.message for rule in RULES]
    said += [text for c in CAUSES.values() for text in (c.title, c.seen, c.evidence, c.contrary)]
    said += [*EMERGENCY, *SOON, NOT_MEDICAL, *(pain_advice(level) for level in (0, 3, 6))]
    said += [pain_advice(0, kind) for kind in QUESTIONS]
    for text in said:
        assert not FORBIDDEN.search(text), text


def test_messages_blame_nobody_in_any_file_of_the_page() -> None:
    folder = Path(backbeat.__file__).parent / "report"
    for file in folder.glob("*.py"):
        assert not re.search(r"injury risk|your risk", file.read_text(), re.IGNORECASE), file.name


def test_watched_measures_are_fields_of_a_step() -> None:
    known = {field.name for field in fields(Step)}
    assert set(NAMES) - {"impact_pct"} <= known
