"""What the rules about form say to the change that was measured."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from backbeat.strain.alerts import Alerts, Finding
from backbeat.strain.blocks import Block, conditions
from backbeat.strain.catalogue import HARDER_DOWNHILL_SD, LEANING_DEG, RULES, Rule
from backbeat.strain.drift import Change, DriftWatch
from backbeat.strain.measures import LOGARITHMIC, POSITION
from backbeat.strain.settings import DriftSettings

_WATCHED = tuple(rule.name for rule in RULES if rule.watch == "change")
_FLAT_AGAIN_PCT = 2.0
_SHARE_OF_LOPSIDED = 1 / 2
"""Beyond 5 % an index must change by half of itself: so large a one comes from where the sensor sits, and then it
follows pace and slope as well."""


def change_findings(
    change: Change, alerts: Alerts, settings: DriftSettings, sides_withheld: bool
) -> Iterator[tuple[str, Finding]]:
    """A finding for each rule that watches a measure.

    Args:
        change: of the last minutes against usual.
        alerts: the rules as this user wants them.
        settings: when a change is over.
        sides_withheld: worn off the midline; only the change of an index may be told, not the index.
    """
    for name in _WATCHED:
        rule = alerts.rule(name)
        finding = _form(change, rule, settings) if name == "form_drift" else _one(change, rule, settings)
        if finding is None:
            continue
        if rule.measure == "impact_pct":
            finding = _sided(finding, sides_withheld)
        yield name, finding


def _one(change: Change, rule: Rule, settings: DriftSettings) -> Finding | None:
    i = POSITION[rule.measure or ""]
    amount, score = float(change.amount[i]), float(change.score[i])
    if math.isnan(score):
        return None
    expected, error = float(change.expected[i]), float(change.error[i])
    if LOGARITHMIC[i]:
        usual, value = math.exp(expected), math.exp(expected + amount)
        size, error = 100 * (value / usual - 1), error * value
    else:
        usual, value, size = expected, expected + amount, amount
    sign = rule.direction or (1 if amount >= 0 else -1)
    worth_telling = rule.threshold
    if rule.measure == "impact_pct":
        worth_telling = max(worth_telling, abs(usual) * _SHARE_OF_LOPSIDED)
    on = sign * score >= rule.certainty and sign * size >= worth_telling
    off = sign * score < settings.clear * rule.certainty or sign * size < settings.clear * worth_telling
    return Finding(on, off, value, usual, error)


def _form(change: Change, rule: Rule, settings: DriftSettings) -> Finding | None:
    if math.isnan(change.form_score):
        return None
    on = change.form_score >= rule.certainty and change.form >= rule.threshold
    off = change.form_score < settings.clear * rule.certainty or change.form < settings.clear * rule.threshold
    return Finding(on, off, change.form, 0.0, abs(change.form / change.form_score) if change.form_score else None)


def _sided(finding: Finding, withheld: bool) -> Finding:
    moved = (finding.value or 0.0) - (finding.usual or 0.0)
    value, usual = (moved, None) if withheld else (finding.value, finding.usual)
    return Finding(finding.on, finding.off, value, usual, finding.uncertainty, "right" if moved > 0 else "left")


def hill_findings(block: Block, drift: DriftWatch, alerts: Alerts) -> Iterator[tuple[str, Finding]]:
    """The rules about long climbs and descents; nothing where the slope is unknown."""
    grade = block.grade_pct
    if grade is None:
        return
    impact = float(block.values[POSITION["impact_peak_g"]])
    level = conditions(block) * [1.0, 1.0, 0.0, 0.0]
    i = POSITION["impact_peak_g"]
    usual = float(np.exp(drift.usual(level)[i]))
    harder = not math.isnan(impact) and math.log(impact / usual) > HARDER_DOWNHILL_SD * float(drift.baseline.within[i])
    steep = alerts.rule("downhill_load").threshold
    yield "downhill_load", Finding(grade <= steep and harder, grade > steep + _FLAT_AGAIN_PCT, grade)
    tilt = float(block.values[POSITION["pelvic_tilt_drift_deg"]])
    steep = alerts.rule("uphill_lean").threshold
    leaning = tilt >= LEANING_DEG  # forward; False where there is none
    yield "uphill_lean", Finding(grade >= steep and leaning, grade < steep - _FLAT_AGAIN_PCT, grade)
