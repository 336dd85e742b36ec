"""Running steps gathered into blocks of equal running time: what change is measured on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from backbeat.events import Step
from backbeat.samples import FloatArray
from backbeat.strain.measures import NAMES, POSITION, covariates, step_values, trimmed_means

LONGEST_STEP_S = 1.5
"""Contacts further apart than this are not one bout of running."""


@dataclass(frozen=True, slots=True)
class Block:
    """Averages over a stretch of running.

    Attributes:
        start: first contact, s.
        end: last contact, s.
        known_at: s.
        running_s: running time in it.
        steps: running steps.
        values: shape (measures,), in the order of `backbeat.strain.measures.NAMES`, NaN where unknown.
        speed_m_s: mean speed, None where unknown.
        grade_pct: mean slope, None where unknown.
        distance_m: distance run in it, 0 where the speed is unknown.
        rows: the watched measures of each step, in the order of `backbeat.strain.measures.STEP_NAMES`.
    """

    start: float
    end: float
    known_at: float
    running_s: float
    steps: int
    values: FloatArray
    speed_m_s: float | None
    grade_pct: float | None
    distance_m: float
    rows: list[tuple[float | None, ...]]


@dataclass(slots=True)
class BlockBuilder:
    """Gathers running steps; a block is complete after `length_s` seconds of running, however often it was paused."""

    length_s: float
    rows: list[tuple[float | None, ...]] = field(default_factory=list)
    steps: list[tuple[str | None, float | None, float | None, float | None]] = field(default_factory=list)
    start: float = math.nan
    last: float = math.nan
    running_s: float = 0.0
    distance_m: float = 0.0

    def add(self, step: Step) -> Block | None:
        """Take a running step; the block that it completes, if it does."""
        elapsed = step.time - self.last
        if elapsed <= LONGEST_STEP_S:
            self.running_s += elapsed
            self.distance_m += elapsed * (step.speed_m_s or 0.0)
        self.last = step.time
        if not self.rows:
            self.start = step.time
        self.rows.append(step_values(step))
        self.steps.append((step.side, None if step.saturated else step.impact_peak_g, step.speed_m_s, step.grade_pct))
        return self.close(step.known_at) if self.running_s >= self.length_s else None

    def close(self, known_at: float) -> Block | None:
        """The block as it stands, None without steps; a new one begins."""
        if not self.rows:
            return None
        values = np.full(len(NAMES), math.nan)
        values[:-1] = trimmed_means(self.rows)
        values[-1] = _impact_index(self.steps)
        block = Block(
            start=self.start,
            end=self.last,
            known_at=known_at,
            running_s=self.running_s,
            steps=len(self.rows),
            values=values,
            speed_m_s=_mean([s[2] for s in self.steps]),
            grade_pct=_mean([s[3] for s in self.steps]),
            distance_m=self.distance_m,
            rows=self.rows,
        )
        self.rows, self.steps = [], []
        self.running_s = self.distance_m = 0.0
        return block


def conditions(block: Block) -> FloatArray:
    """The block's row of the model, shape (4,)."""
    cadence = float(block.values[POSITION["cadence_spm"]])
    return covariates(block.speed_m_s, None if math.isnan(cadence) else cadence, block.grade_pct)


def _mean(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None


def _impact_index(steps: list[tuple[str | None, float | None, float | None, float | None]]) -> float:
    """100·(R−L)/(½(R+L)) of the impact over pairs of consecutive steps; NaN with fewer than five pairs."""
    left = right = 0.0
    pairs, i = 0, 0
    while i + 1 < len(steps):
        (side, first, _, _), (other, second, _, _) = steps[i], steps[i + 1]
        if first is None or second is None or side is None or other is None or side == other:
            i += 1
            continue
        left, right = (left + first, right + second) if side == "left" else (left + second, right + first)
        pairs, i = pairs + 1, i + 2
    return 200.0 * (right - left) / (right + left) if pairs >= 5 and right + left > 0 else math.nan
