"""Found steps against the contacts of one leg, whose clock is only roughly known: counts and left/right parity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backbeat.evaluation.dataset import TrueEvent
from backbeat.evaluation.found import FoundStep

FEWEST = 10
"""Contacts that a block needs to be scored."""


@dataclass(frozen=True, slots=True)
class BlockTally:
    """One block of running: true and found steps; contacts of the leg and how many carry the same side."""

    true_steps: int
    found_steps: int
    contacts: int
    consistent: int


def score_blocks(
    steps: Sequence[FoundStep], truth: Sequence[TrueEvent], blocks: Sequence[tuple[float, float]], warm_up_s: float
) -> list[BlockTally]:
    """Score each block of running that has enough contacts."""
    tallies = []
    for begin, end in blocks:
        known = np.array([event.time for event in truth if begin <= event.time <= end])
        if len(known) < FEWEST:
            continue
        first, last = max(float(known[0]), begin + warm_up_s), float(known[-1])
        leg = known[(known >= first) & (known <= last)]
        if len(leg) < FEWEST:
            continue
        running = [s for s in steps if first - 0.2 <= s.time <= last + 0.2 and s.activity == "running"]
        tallies.append(_score(running, leg))
    return tallies


def _score(steps: Sequence[FoundStep], leg: np.ndarray[tuple[int], np.dtype[np.float64]]) -> BlockTally:
    """Shift the leg's clock to where its contacts lie nearest to steps; then every one must carry one same side."""
    true_steps = 2 * (len(leg) - 1) + 1
    if not steps:
        return BlockTally(true_steps, 0, len(leg), 0)
    times = np.array([step.time for step in steps])

    def nearest_steps(shift: float) -> tuple[float, list[int]]:
        """The median distance to the nearest step, and those steps."""
        nearest = np.abs(times[None, :] - (leg + shift)[:, None]).argmin(axis=1)
        return float(np.median(np.abs(times[nearest] - leg - shift))), nearest.tolist()

    _, nearest = min((nearest_steps(shift) for shift in np.arange(-0.3, 0.31, 0.02)), key=lambda found: found[0])
    sides = [steps[i].side for i in nearest]
    return BlockTally(
        true_steps,
        nearest[-1] - nearest[0] + 1,
        len(leg),
        max(sides.count("left"), sides.count("right")),
    )
