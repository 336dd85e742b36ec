"""Has something changed? Blocks of running against what is usual under the same conditions.

Each measure y (log scale where it is positive) is modelled as y = level + a·pace + b·uphill + c·downhill + noise. What
is known beforehand (population or the runner's own baseline) is the prior; the run's own start updates it as a Bayesian
linear regression (a Kalman filter without motion) and is then frozen, so that a slow decline cannot become normal.
After that the last 1, 2 and 3 minutes are each compared with it; the standard error of the comparison counts the noise
of the window, the uncertainty of usual, that of the slopes where pace or grade are now different, and the wander that
every runner shows. More than a rule's `certainty` standard errors, and more than is worth telling, is a change.

Why moving averages and not a CUSUM: to be found within five minutes, a change must be large against the noise of one
minute (derived in docs/validation.md), and for such changes an average over just that time is the most powerful test
there is; several lengths keep large changes quick.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from backbeat.samples import FloatArray
from backbeat.strain.baseline import Baseline
from backbeat.strain.blocks import Block
from backbeat.strain.measures import NAMES, TIRES
from backbeat.strain.settings import DriftSettings

MINUTE_S = 60.0
WANDER = 0.5
"""Slow wander that no averaging removes, in SD of one-minute means."""
FORM_CORRELATION = 0.2
"""How far the measures of form go together by chance, for the spread of their mean."""
_SCALE_PRIOR = 12.0
"""Weight of the expected noise against the run's own, in blocks."""


@dataclass(frozen=True, slots=True)
class Change:
    """How far the last minutes are from usual.

    Attributes:
        amount: on the model's scale (share, or the unit), shape (measures,), of the window most surely changed.
        error: standard error of it, likewise.
        score: amount over error, likewise; NaN where nothing can be said.
        expected: what was usual under the conditions of that window, model's scale.
        form: mean over the measures of form, in SD of one-minute means, signed so that + is tiring; and its score.
        since: start of the window, s.
    """

    amount: FloatArray
    error: FloatArray
    score: FloatArray
    expected: FloatArray
    form: float
    form_score: float
    since: float


@dataclass(slots=True)
class DriftWatch:
    """The model of usual in a run, and the last blocks against it."""

    settings: DriftSettings
    baseline: Baseline
    mean: FloatArray = field(default_factory=lambda: np.zeros((len(NAMES), 4)))
    cov: FloatArray = field(default_factory=lambda: np.zeros((len(NAMES), 4, 4)))
    scale: FloatArray = field(default_factory=lambda: np.full((len(NAMES), 2), _SCALE_PRIOR))
    waiting: list[tuple[float, float, FloatArray, FloatArray]] = field(default_factory=list)
    running_s: float = 0.0
    learned_s: float = 0.0

    def __post_init__(self) -> None:
        self.mean, self.cov = self.baseline.prior()

    def block(self, block: Block, row: FloatArray, values: FloatArray) -> Change | None:
        """Take a block, with its conditions and its values on the model's scale.

        Returns:
            How far the last minutes are from usual, once there is a usual.
        """
        self.running_s += block.running_s
        if self.running_s - block.running_s < self.settings.settle_s:
            return None
        self.waiting.append((block.start, block.running_s, row, values))
        kept = round(self.settings.window_s / self.settings.block_s)
        if len(self.waiting) > kept:
            _, length_s, row, values = self.waiting.pop(0)
            if self.learned_s < self.settings.reference_s:
                self._learn(row, values, length_s)
        return self._judge() if self.learned_s >= min(MINUTE_S, self.settings.reference_s) else None

    def usual(self, row: FloatArray) -> FloatArray:
        """What is usual under these conditions, model's scale, shape (measures,)."""
        return self.mean @ row

    def _learn(self, row: FloatArray, values: FloatArray, length_s: float) -> None:
        self.learned_s += length_s
        noise = self.baseline.within**2 * MINUTE_S / length_s
        spread = self.cov @ row
        variance = spread @ row + noise
        surprise = values - self.mean @ row
        known = ~np.isnan(surprise)
        gain = spread / variance[:, None]
        self.mean[known] += gain[known] * surprise[known, None]
        self.cov[known] -= gain[known, :, None] * spread[known, None, :]
        settled = known & (spread @ row < noise)  # the first blocks only find the level, they say nothing of the noise
        self.scale[settled, 0] += (surprise**2 / variance)[settled]
        self.scale[settled, 1] += 1.0

    def _judge(self) -> Change | None:
        best: Change | None = None
        scale = np.sqrt(self.scale[:, 0] / self.scale[:, 1])
        noise = self.baseline.within * np.maximum(scale, 0.7)
        per_minute = max(round(MINUTE_S / self.settings.block_s), 1)
        for count in range(per_minute, len(self.waiting) + 1, per_minute):
            window = self.waiting[-count:]
            rows = np.array([row for _, _, row, _ in window])
            residuals = np.array([values for _, _, _, values in window]) - rows @ self.mean.T
            seconds = sum(length for _, length, _, _ in window)
            amount = residuals.mean(axis=0)
            row = rows.mean(axis=0)
            error = np.sqrt(noise**2 * (MINUTE_S / seconds + WANDER**2) + self.cov @ row @ row)
            change = self._with_form(amount, error, noise, self.mean @ row, window[0][0])
            best = change if best is None else _surer(best, change)
        return best

    def _with_form(
        self, amount: FloatArray, error: FloatArray, noise: FloatArray, expected: FloatArray, since: float
    ) -> Change:
        parts = np.flatnonzero((TIRES != 0) & ~np.isnan(amount))
        form = score = math.nan
        if len(parts) >= 3:
            form = float((TIRES * amount / noise)[parts].mean())
            errors = (error / noise)[parts]
            square = (1 - FORM_CORRELATION) * float(errors @ errors) + FORM_CORRELATION * float(errors.sum()) ** 2
            score = form * len(parts) / math.sqrt(square)
        return Change(amount, error, amount / error, expected, form, score, since)


def _surer(a: Change, b: Change) -> Change:
    """For each measure the window that says more."""
    take = np.abs(np.nan_to_num(b.score)) > np.abs(np.nan_to_num(a.score))
    form_b = b.form_score > a.form_score or math.isnan(a.form_score)
    return Change(
        np.where(take, b.amount, a.amount),
        np.where(take, b.error, a.error),
        np.where(take, b.score, a.score),
        np.where(take, b.expected, a.expected),
        b.form if form_b else a.form,
        b.form_score if form_b else a.form_score,
        b.since if form_b else a.since,
    )
