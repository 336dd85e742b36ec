"""How each cue feels and what is said with it. A runner can tell a few patterns apart, so alerts share them by advice.

Pure data. A pattern is written in pulses: `.` short, `-` long, `'` a tick. Ticks answer the button; alerts have none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

PULSES_S = {"'": 0.1, ".": 0.2, "-": 0.7}
"""A small vibration motor takes some 50 ms to be felt; shorter ticks would be lost on a runner."""

PAUSE_S = 0.2
"""Between two pulses."""

LONGEST = 12
"""Pulses in a pattern; nobody counts further."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Something to tell the runner now.

    Attributes:
        pattern: in pulses; empty vibrates not at all.
        words: to be said, short enough for one breath.
    """

    pattern: str
    words: str


def pulses(pattern: str) -> Iterator[tuple[float, float]]:
    """Each pulse of a pattern: seconds on, then seconds off."""
    for mark in pattern:
        yield PULSES_S[mark], PAUSE_S


ADVICE = {
    "..": "softer landings",
    "...": "quicker steps",
    "-.": "the left side",
    "-..": "the right side",
    "-": "stand tall",
    "--": "ease off",
    ".-.": "a question",
    ".....": "look at the sensor",
}
"""What an alert's pattern asks for, whichever alert it is."""

CUES: dict[str, Cue] = {
    "impact_high": Cue("..", "Softer, quicker steps."),
    "hard_landing": Cue("..", "Hard landings. Softer steps."),
    "downhill_load": Cue("..", "Downhill. Shorter steps."),
    "cadence_drop": Cue("...", "Quicker steps."),
    "asymmetry_change:left": Cue("-.", "Left lands firmer than usual."),
    "asymmetry_change:right": Cue("-..", "Right lands firmer than usual."),
    "pelvis_drop": Cue("-", "Hips level, stand tall."),
    "tilt_drift": Cue("-", "Stand tall."),
    "rotation_up": Cue("-", "Hips quiet, stand tall."),
    "uphill_lean": Cue("-", "Lean from the ankles."),
    "form_drift": Cue("--", "Your form has drifted. Ease off."),
    "too_fast": Cue("--", "A fast one. Ease off."),
    "longest_run": Cue("--", "Longer than your longest lately."),
    "warmup_missing": Cue("--", "A quick start. Go easy first."),
    "pain_report": Cue("--", "Pain noted. Ease off, or stop."),
    "check_in_30": Cue(".-.", "Thirty minutes. How is your back?"),
    "signal_bad": Cue(".....", "Check the sensor."),
}
"""Alert, with its side where that matters, to its cue."""

STARTED = Cue("'", "Session started.")
ENDED = Cue("''", "Session over.")
NOTED = Cue("'''", "Noted.")
REFUSED = Cue("---", "That was not taken.")
IDENTIFY = Cue("-.-.-.", "Here I am.")
"""Answers to the button, and to a coach who asks which device this is."""

ANSWERS = {
    "session started": STARTED,
    "session over": ENDED,
    "pain noted": NOTED,
    "the button was not heard": REFUSED,
    "a coach asks which device this is": IDENTIFY,
}
