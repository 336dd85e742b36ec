"""Found against true contacts, where every initial contact and toe-off is known (force plates, foot sensors)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from backbeat.evaluation.dataset import TrueEvent
from backbeat.evaluation.found import FoundStep
from backbeat.samples import FloatArray

TOLERANCE_S = 0.08
"""A found contact is right within this of a true one."""
LONGEST_CONTACT_S = 1.2
FORCE_WINDOW_S = 0.35


@dataclass(frozen=True, slots=True)
class ContactTally:
    """Counts and errors (found minus true) of one recording.

    Attributes:
        true: contacts in the scored part.
        hit: those that were found.
        extra: found ones that are near no true contact.
        contact_errors: of the initial contact, s.
        toe_off_errors: s.
        contact_times: true ground contact times of the steps in `contact_time_errors`, s.
        contact_time_errors: s.
        side_good: hits with the right side.
        side_bad: with the wrong one.
        side_unknown: with none.
        toe_off_given: hits that have a toe-off.
        delays: `known_at` minus toe-off of all found steps, s.
        force_errors: of the peak vertical force, body weights.
    """

    true: int = 0
    hit: int = 0
    extra: int = 0
    contact_errors: list[float] = field(default_factory=list)
    toe_off_errors: list[float] = field(default_factory=list)
    contact_times: list[float] = field(default_factory=list)
    contact_time_errors: list[float] = field(default_factory=list)
    side_good: int = 0
    side_bad: int = 0
    side_unknown: int = 0
    toe_off_given: int = 0
    delays: list[float] = field(default_factory=list)
    force_errors: list[float] = field(default_factory=list)


def matched(found: FloatArray, true: FloatArray, tolerance: float) -> list[tuple[int, int]]:
    """One-to-one pairs (index of found, index of true): each true time takes its nearest found one if that is free."""
    pairs: list[tuple[int, int]] = []
    used: set[int] = set()
    for j, time in enumerate(true if len(found) else ()):
        i = int(np.argmin(np.abs(found - time)))
        if abs(found[i] - time) <= tolerance and i not in used:
            used.add(i)
            pairs.append((i, j))
    return pairs


def score_contacts(
    steps: Sequence[FoundStep],
    truth: Sequence[TrueEvent],
    start: float,
    end: float,
    force: tuple[FloatArray, FloatArray] | None,
    *,
    sides_may_swap: bool = False,
) -> ContactTally:
    """Score the contacts between start and end.

    Args:
        steps: found, in the order of time.
        truth: true events.
        start: s.
        end: s.
        force: time and vertical force, where known.
        sides_may_swap: without a gyroscope nothing tells left from right for certain: count the better naming.
    """
    contacts = [event for event in truth if event.event == "initial_contact"]
    true = [event for event in contacts if start <= event.time <= end]
    near = [step for step in steps if start - TOLERANCE_S <= step.time <= end + TOLERANCE_S]
    times = np.array([step.time for step in near])
    pairs = matched(times, np.array([event.time for event in true]), TOLERANCE_S)
    outside = np.array([event.time for event in contacts if not start <= event.time <= end])
    taken = {i for i, _ in pairs}
    extra = sum(
        1
        for i, time in enumerate(times)
        if start <= time <= end
        and i not in taken
        and not (len(outside) and np.abs(outside - time).min() <= TOLERANCE_S)
    )
    tally = ContactTally(true=len(true), hit=len(pairs), extra=extra)
    good, bad, unknown, given = 0, 0, 0, 0
    toe_offs = [event for event in truth if event.event == "toe_off"]
    for i, j in pairs:
        step, contact = near[i], true[j]
        tally.contact_errors.append(step.time - contact.time)
        given += step.toe_off is not None
        _compare_toe_off(tally, step, contact, toe_offs)
        if contact.side:
            unknown += step.side is None
            good += step.side is not None and step.side[0].upper() == contact.side
            bad += step.side is not None and step.side[0].upper() != contact.side
    if sides_may_swap and bad > good:
        good, bad = bad, good
    delays = [s.known_at - s.toe_off for s in near if s.known_at is not None and s.toe_off is not None]
    errors = [] if force is None else _force_errors(steps, true, *force)
    return replace(
        tally,
        side_good=good,
        side_bad=bad,
        side_unknown=unknown,
        toe_off_given=given,
        delays=delays,
        force_errors=errors,
    )


def _compare_toe_off(tally: ContactTally, step: FoundStep, contact: TrueEvent, toe_offs: Sequence[TrueEvent]) -> None:
    """Add the errors of toe-off and contact time, if this contact's true toe-off is known and one was found."""
    own = next((t.time for t in toe_offs if t.time > contact.time and t.side == contact.side), None)
    if own is None or step.toe_off is None or own - contact.time >= LONGEST_CONTACT_S:
        return
    tally.toe_off_errors.append(step.toe_off - own)
    tally.contact_times.append(own - contact.time)
    tally.contact_time_errors.append((step.toe_off - step.time) - (own - contact.time))


def _force_errors(
    steps: Sequence[FoundStep], true: Sequence[TrueEvent], time: FloatArray, force: FloatArray
) -> list[float]:
    """Estimated minus measured peak of each true contact that has a found one."""
    found = np.array([step.time for step in steps])
    errors = []
    for contact in true if len(found) else ():
        i = int(np.argmin(np.abs(found - contact.time)))
        estimate = steps[i].peak_force_bw
        if abs(found[i] - contact.time) <= TOLERANCE_S and estimate is not None:
            window = (time >= contact.time) & (time < contact.time + FORCE_WINDOW_S)
            measured = force[window & np.isfinite(force)]
            if len(measured):  # the plate may have been on for a part of the recording
                errors.append(estimate - float(measured.max()))
    return errors
