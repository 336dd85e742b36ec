"""docs/cues.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from backbeat.cues.button import HOLD_S
from backbeat.cues.patterns import CUES, ENDED, NOTED, PULSES_S, REFUSED, STARTED
from backbeat.cues.performer import STALE_S
from backbeat.cues.settings import CueSettings

PAGE = (Path(__file__).parents[2] / "docs" / "cues.md").read_text(encoding="utf-8")


def test_the_table_of_patterns_is_that_of_the_code() -> None:
    rows = re.findall(r"(?m)^\| `([.-]+)` \| [^|]+ \| ([^|]+) \|$", PAGE)
    told = {(pattern, name) for pattern, names in rows for name in re.findall(r"`(\w+)`", names)}
    assert told == {(cue.pattern, name.partition(":")[0]) for name, cue in CUES.items()}


def test_times_and_answers_are_those_of_the_code() -> None:
    assert f"A `.` lasts {PULSES_S['.']} s, a `-` {PULSES_S['-']} s" in PAGE
    assert f"`{STARTED.pattern}` started, `{ENDED.pattern}` over ({PULSES_S[STARTED.pattern]} s ticks)" in PAGE
    assert f"`{NOTED.pattern}` noted" in PAGE
    assert f"`{REFUSED.pattern}` says that it was not" in PAGE
    assert f"long ({HOLD_S} s)" in PAGE
    assert f"({CueSettings().pain_level} unless set)" in PAGE
    assert f"within {STALE_S:g} s" in PAGE
