"""From tallies of single recordings to the scores of a set, with intervals by resampling its recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from backbeat.evaluation.contacts import ContactTally, score_contacts
from backbeat.evaluation.dataset import ONE_LEG, Labelled
from backbeat.evaluation.found import Found
from backbeat.evaluation.one_leg import BlockTally, score_blocks
from backbeat.evaluation.running import RunningTally, score_running

WARM_UP_S = 4.0
"""The begin of a recording that is not scored: the analysis may use it to find the body's axes."""
TAIL_S = 0.6
DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Tally:
    """All that was counted in one recording."""

    name: str
    contacts: ContactTally = field(default_factory=ContactTally)
    blocks: Sequence[BlockTally] = ()
    running: RunningTally = field(default_factory=RunningTally)


def scored_part(last: float) -> tuple[float, float]:
    """From the warm-up (half of a recording shorter than twice that) to just before the last reading."""
    return (WARM_UP_S if last > 2.0 * WARM_UP_S else 0.5 * last), last - TAIL_S


def tally(recording: Labelled, found: Found, *, accelerometer_only: bool = False) -> Tally:
    """Compare what was found in a recording with its truth."""
    kinds = {event.event for event in recording.truth}
    contacts = ContactTally()
    if "initial_contact" in kinds:
        start, end = scored_part(found.last)
        contacts = score_contacts(
            found.steps, recording.truth, start, end, recording.force(), sides_may_swap=accelerometer_only
        )
    blocks = score_blocks(found.steps, recording.truth, recording.blocks, WARM_UP_S) if kinds & ONE_LEG else []
    return Tally(recording.name, contacts, blocks, score_running(found, recording, WARM_UP_S))


def scores(tallies: Sequence[Tally]) -> dict[str, float]:
    """The scores of a set; those that its truth cannot give are absent."""
    unscored = sum(not _measured([each]) for each in tallies)
    return {
        "recordings": len(tallies),
        **({"unscored": unscored} if unscored else {}),
        **_measured(tallies),
    }


def intervals(tallies: Sequence[Tally], draws: int = DRAWS, seed: int = 0) -> dict[str, tuple[float, float]]:
    """95 % percentile intervals from drawing whole recordings with replacement; none for a single recording.

    Steps of one recording are alike, so recordings are drawn and not steps (Efron & Tibshirani 1993, ch. 8,
    doi:10.1201/9780429246593). With few recordings such intervals are too narrow; they say how far the figure hangs
    on the choice of recordings, not how far it holds for other people.
    """
    if len(tallies) < 2:
        return {}
    rng = np.random.default_rng(seed)
    drawn = [_measured([tallies[i] for i in rng.integers(0, len(tallies), len(tallies))]) for _ in range(draws)]
    result = {}
    for name in _measured(tallies):
        values = [score[name] for score in drawn if name in score]
        if name not in COUNTS and values:
            low, high = np.percentile(values, (2.5, 97.5))
            result[name] = float(low), float(high)
    return result


COUNTS = {"contacts", "one_leg_true_steps", "one_leg_found_steps"}


def _measured(tallies: Sequence[Tally]) -> Mapping[str, float]:
    return {
        **_contact_scores([t.contacts for t in tallies]),
        **_one_leg_scores([block for t in tallies for block in t.blocks]),
        **_running_scores([t.running for t in tallies]),
    }


def _pooled(of: Sequence[ContactTally], errors: Callable[[ContactTally], list[float]]) -> list[float]:
    return [error for one in of for error in errors(one)]


def _rms(values: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def _contact_scores(of: Sequence[ContactTally]) -> Mapping[str, float]:
    true, hit, extra = sum(c.true for c in of), sum(c.hit for c in of), sum(c.extra for c in of)
    if not true:
        return {}
    precision, recall = hit / max(1, hit + extra), hit / true
    result = {"contacts": true, "contact_f1": 2 * precision * recall / max(1e-9, precision + recall)}
    if contact := _pooled(of, lambda c: c.contact_errors):
        result["initial_contact_bias_ms"] = 1e3 * float(np.mean(contact))
        result["initial_contact_sd_ms"] = 1e3 * float(np.std(contact))
    if toe_off := _pooled(of, lambda c: c.toe_off_errors):
        result["toe_off_bias_ms"] = 1e3 * float(np.mean(toe_off))
        result["toe_off_sd_ms"] = 1e3 * float(np.std(toe_off))
        result["contact_time_rmse_ms"] = 1e3 * _rms(_pooled(of, lambda c: c.contact_time_errors))
        trials = [float(np.mean(c.contact_time_errors)) for c in of if c.contact_time_errors]
        result["contact_time_trial_rmse_ms"] = 1e3 * _rms(trials)
    result["toe_off_given"] = sum(c.toe_off_given for c in of) / max(1, hit)
    if delays := _pooled(of, lambda c: c.delays):
        result["known_after_toe_off_p99_s"] = float(np.percentile(delays, 99))
    if force := _pooled(of, lambda c: c.force_errors):
        result["peak_force_bias_bw"] = float(np.mean(force))
        result["peak_force_rmse_bw"] = _rms(force)
    good, bad, unknown = sum(c.side_good for c in of), sum(c.side_bad for c in of), sum(c.side_unknown for c in of)
    if sides := good + bad + unknown:
        result |= {"side_correct": good / sides, "side_wrong": bad / sides, "side_unknown": unknown / sides}
    return result


def _one_leg_scores(blocks: Sequence[BlockTally]) -> Mapping[str, float]:
    if not blocks:
        return {}
    true = sum(b.true_steps for b in blocks)
    beyond = sum(max(0, abs(b.true_steps - b.found_steps) - 1) for b in blocks)
    return {
        "one_leg_true_steps": true,
        "one_leg_found_steps": sum(b.found_steps for b in blocks),
        "step_count_error": beyond / max(1, true),
        "no_parity_slip": sum(b.consistent for b in blocks) / max(1, sum(b.contacts for b in blocks)),
    }


def _running_scores(of: Sequence[RunningTally]) -> Mapping[str, float]:
    result = {}
    true, other = sum(r.true_s for r in of), sum(r.other_s for r in of)
    if true:
        result["running_found"] = sum(r.found_s for r in of) / true
    if other:
        result["false_running_s_per_hour"] = 3600.0 * sum(r.false_s for r in of) / other
    return result
