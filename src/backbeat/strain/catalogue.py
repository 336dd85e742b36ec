"""Every alert that Backbeat can give, as data: one row each, to be read and argued about.

The evidence for and against and its grade stand with the cause (`backbeat.strain.causes`). What a row says can be
changed by `AlertOverride`. `{…}` in a message is filled in: {side}, {value}, {usual}, {minutes} (the value over 60); in
a trigger: {threshold}, {levels}, {persistence}, from the row as it is in force, so that words and figures cannot part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from backbeat.strain.settings import AlertOverride

HARD_COUNT = 3
HARD_WINDOW_S = 60.0
HARD_SHARE = 1.3
"""Landings within so long, each above this times the runner's own hardest half per cent."""
HARDER_DOWNHILL_SD = 1.5
"""So many SD of one-minute means above usual on the level is a harder landing than a level road's."""
LEANING_DEG = 5.0
"""Tilt of the pelvis from the run's own start that counts as leaning."""
ENOUGH_SESSIONS = 10
"""So many of 90 days make a longest and a fastest. With fewer, the next run is often beyond all of them and nothing has
happened: that alone made 2.7 alerts in ten hours of uneventful simulated sessions."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert.

    Attributes:
        name: as it stands in messages and settings.
        cause: key of `backbeat.strain.causes.CAUSES`.
        trigger: in words, with places for the figures; `when` has them filled in.
        watch: how it is decided: "change" watches `measure` against usual (`backbeat.strain.drift`); "state" holds
            while a condition does; "once" is told once a session.
        measure: the field it watches, for "change".
        direction: +1 when more is worth telling, -1 when less is, 0 for both.
        threshold: least change or value that is worth telling, in `threshold_unit`.
        threshold_unit: "% of usual", "SD" or the unit of the measure.
        certainty: for "change", how many standard errors the change has to be from zero; with it false alerts about
            form stay below one in ten hours of simulated runs (docs/validation.md).
        levels: values at each of which a "once" alert is told.
        unit: of the figures in the alert.
        persistence_s: for how long the condition has to hold.
        clear_s: for how long it has to be over.
        refractory_s: how long the alert stays quiet after it was cleared.
        enabled: False is opt-in.
        spoken: worth a spoken cue during the run.
        about_form: suspended while the signal is bad.
        message: what the runner is told.
    """

    name: str
    cause: str
    trigger: str
    watch: Literal["change", "state", "once"]
    message: str
    measure: str | None = None
    direction: Literal[-1, 0, 1] = 1
    threshold: float = 0.0
    certainty: float = 4.0
    levels: tuple[float, ...] = ()
    threshold_unit: str = ""
    unit: str | None = None
    persistence_s: float = 0.0
    clear_s: float = 60.0
    refractory_s: float = 300.0
    enabled: bool = True
    spoken: bool = True
    about_form: bool = True

    @property
    def has_threshold(self) -> bool:
        """Whether there is a figure to set."""
        return bool(self.threshold or self.levels)

    @property
    def when(self) -> str:
        """What raises it, in words, with the figures in force."""
        return self.trigger.format(
            threshold=f"{abs(self.threshold):g}",
            levels=_listed([f"{level:g}" for level in self.levels]),
            persistence=_lasting(self.persistence_s),
        )


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _lasting(seconds: float) -> str:
    if seconds < 60 or seconds % 60:
        return f"{seconds:g} s"
    return f"{seconds / 60:g} min"


RULES: tuple[Rule, ...] = (
    Rule(
        "impact_high",
        "pounding",
        "impact peak at least {threshold} % above the runner's usual at this pace and slope",
        "change",
        "Landing harder than your usual at this pace and slope ({value:.1f} g, usually {usual:.1f} g). "
        "Try softer, slightly quicker steps.",
        measure="impact_peak_g",
        threshold=8.0,
        threshold_unit="% of usual",
        unit="g",
    ),
    Rule(
        "hard_landing",
        "pounding",
        f"{HARD_COUNT} landings within {HARD_WINDOW_S:g} s, each above {HARD_SHARE:g} times the runner's own hardest "
        "half per cent, or above {threshold} g",
        "state",
        "Several hard landings in the last minute.",
        measure="impact_peak_g",
        threshold=8.0,
        threshold_unit="g",
        unit="g",
    ),
    Rule(
        "asymmetry_change",
        "one_sided_landing",
        "impact of right against left has moved at least {threshold} points from the runner's own",
        "change",
        "{side} landings are firmer than usual for you. This is common and often harmless; look at the camber of the "
        "road, your laces, and whether something is sore.",
        measure="impact_pct",
        direction=0,
        threshold=2.5,
        certainty=4.0,
        threshold_unit="percentage points",
        unit="%",
    ),
    Rule(
        "cadence_drop",
        "long_steps",
        "cadence at least {threshold} % below the runner's usual at this pace and slope",
        "change",
        "Your steps are slower than your usual at this pace ({value:.0f} a minute, usually {usual:.0f}).",
        measure="cadence_spm",
        direction=-1,
        threshold=3.0,
        threshold_unit="% of usual",
        unit="steps/min",
    ),
    Rule(
        "pelvis_drop",
        "core_and_hips",
        "the free side of the pelvis sinks at least {threshold}° further than usual",
        "change",
        "Your hips dip more than usual with each step ({value:.1f}°, usually {usual:.1f}°); perhaps you are tired.",
        measure="pelvic_drop_deg",
        threshold=3.0,
        threshold_unit="°",
        unit="°",
    ),
    Rule(
        "tilt_drift",
        "posture",
        "mean tilt of the pelvis has moved at least {threshold}° from the run's own start",
        "change",
        "The angle of your pelvis has changed by {value:.0f}° since the start. Stand tall for a few steps.",
        measure="pelvic_tilt_drift_deg",
        direction=0,
        threshold=5.0,
        threshold_unit="°",
        unit="°",
    ),
    Rule(
        "rotation_up",
        "posture",
        "the pelvis rotates at least {threshold}° further than usual",
        "change",
        "Your pelvis turns more than usual with each stride ({value:.0f}°, usually {usual:.0f}°).",
        measure="pelvic_rotation_range_deg",
        threshold=4.0,
        threshold_unit="°",
        unit="°",
    ),
    Rule(
        "form_drift",
        "too_fast",
        "all measures of form together have moved at least {threshold} SD in the direction in which runners tire",
        "change",
        "Your form has drifted from your usual. Easing off is reasonable.",
        measure="form",
        threshold=0.25,
        certainty=3.3,
        threshold_unit="SD",
        unit="SD",
    ),
    Rule(
        "longest_run",
        "too_much_too_soon",
        "distance (time, where no speed is known) {levels} % beyond the longest run of the last 30 days, "
        f"with {ENOUGH_SESSIONS} sessions in 90 days to compare with",
        "once",
        "You are now {value:.0f} % past your longest run in 30 days. In a study of 5,205 runners, runs more than 10 % "
        "beyond it went with more overuse injuries.",
        levels=(10.0, 30.0, 100.0),
        threshold_unit="% beyond",
        unit="%",
        about_form=False,
    ),
    Rule(
        "downhill_load",
        "hills",
        "downhill of {threshold} % and more for {persistence}, with an impact above usual for level ground",
        "state",
        "A long downhill: shorter steps soften the landings.",
        threshold=-5.0,
        threshold_unit="% slope",
        unit="% slope",
        persistence_s=120.0,
    ),
    Rule(
        "uphill_lean",
        "hills",
        "uphill of {threshold} % and more for {persistence}, with the pelvis leaning "
        f"{LEANING_DEG:g}° further forward than at the start",
        "state",
        "A long climb: lean from the ankles, not from the waist.",
        threshold=5.0,
        threshold_unit="% slope",
        unit="% slope",
        persistence_s=180.0,
    ),
    Rule(
        "check_in_30",
        "too_fast",
        "{threshold} s of running (opt-in)",
        "once",
        "{minutes:.0f} minutes. How does your back feel, 0 to 10?",
        threshold=1800.0,
        threshold_unit="s",
        unit="s",
        enabled=False,
        about_form=False,
    ),
    Rule(
        "warmup_missing",
        "warm_up",
        "first five minutes faster than 95 % of the runner's own minutes of 90 days, where most sessions of "
        f"{ENOUGH_SESSIONS} or more began easily",
        "once",
        "A quick start. A few easy minutes first?",
        unit="m/s",
        about_form=False,
    ),
    Rule(
        "too_fast",
        "too_fast",
        "faster than 95 % of the runner's own minutes of 90 days for {persistence}, while form drifts, with "
        f"{ENOUGH_SESSIONS} sessions in 90 days to compare with",
        "state",
        "This is among your fastest running of three months, and your form has begun to drift.",
        unit="m/s",
        persistence_s=180.0,
    ),
    Rule(
        "rest_days",
        "rest_days",
        "fewer than {threshold} days without a run in the last seven",
        "once",
        "Days without a run in the last seven: {value:.0f}.",
        threshold=2.0,
        threshold_unit="days",
        unit="days",
        spoken=False,
        about_form=False,
    ),
    Rule(
        "shoe_km",
        "worn_shoes",
        "this pair of shoes has passed {levels} km",
        "once",
        "These shoes have {value:.0f} km. Many runners look at replacing them between 500 and 800 km; that is "
        "opinion, not evidence.",
        levels=(500.0, 800.0),
        threshold_unit="km",
        unit="km",
        spoken=False,
        about_form=False,
    ),
    Rule(
        "pain_report",
        "own_report",
        "the runner enters pain of {threshold} or more, or a warning sign",
        "state",
        "You reported {value:.0f} of 10.",
        measure="pain",
        threshold=3.0,
        threshold_unit="0-10",
        unit="0-10",
        refractory_s=0.0,
        about_form=False,
    ),
    Rule(
        "signal_bad",
        "signal",
        "signal quality below `minimum_quality` for {persistence}",
        "state",
        "The sensor may be loose or faulty; alerts about form are paused.",
        persistence_s=10.0,
        clear_s=10.0,
        refractory_s=0.0,
        about_form=False,
    ),
)

CATALOGUE: dict[str, Rule] = {rule.name: rule for rule in RULES}


def with_override(rule: Rule, change: AlertOverride | None) -> Rule:
    """The rule as this user wants it."""
    if change is None:
        return rule
    names = ("enabled", "threshold", "persistence_s", "clear_s", "refractory_s")
    wanted = {n: getattr(change, n) for n in names if getattr(change, n) is not None}
    if change.threshold is not None and rule.levels:
        wanted["levels"] = (change.threshold,)
    return replace(rule, **wanted)
