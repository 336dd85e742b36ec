"""How the steps of two legs differ: a template of both, and a matched filter for the difference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backbeat.gait.legs import POINTS
from backbeat.samples import FloatArray

FIRST_NOISE = 0.7
"""Spread of the matched filter's output that a new template starts with."""
BREAK_PENALTY = 1.5
"""How much more difference a sequence that breaks the alternation has to show: alternation is far likelier."""


@dataclass(frozen=True, slots=True)
class Template:
    """What the two legs have in common and how they differ, for one activity.

    A step of the positive leg is common + differ, one of the other leg common - differ.

    Attributes:
        common: shape (features,).
        differ: likewise.
        variance: of what is left, likewise.
        noise: spread of the matched filter's output.
        steps: learned from.
    """

    common: FloatArray
    differ: FloatArray
    variance: FloatArray
    noise: float
    steps: float

    def compare(self, feature: FloatArray) -> tuple[FloatArray, float]:
        """A step less what is common, and the matched filter's output: about 1 on the positive leg, -1 on the other."""
        off = feature - self.common
        weight = self.differ / self.variance
        return off, float(off @ weight) / (float(self.differ @ weight) or 1e-12)

    def learned(
        self, off: FloatArray, leg: float, output: float, memory: float, common_memory: float, least_noise: float
    ) -> Template:
        """The template after one more step.

        Args:
            off: from `compare`.
            leg: 1.0 for the positive leg, else -1.0.
            output: from `compare`.
            memory: steps that the difference and the spread remember.
            common_memory: steps that the common part remembers.
            least_noise: lower bound of the spread of the output.
        """
        k = 1.0 / min(self.steps + 1.0, memory)
        residual = off - leg * self.differ
        noise = math.sqrt(self.noise**2 + k * ((leg * output - 1.0) ** 2 - self.noise**2))
        return Template(
            self.common + max(k, 1.0 / common_memory) * residual,
            self.differ + (k * leg) * residual,
            self.variance + k * (residual * residual - self.variance),
            max(least_noise, noise),
            self.steps + 1.0,
        )


def first_template(features: Sequence[FloatArray], same: Sequence[float]) -> tuple[Template, list[float]]:
    """Template from the first steps.

    The sequence with the largest left-right difference is taken among strict alternation and alternation broken once
    (a step missed or doubled while the bout starts).

    Args:
        features: of n steps, at least 4.
        same: chances that each step is on the leg of the one before; the first is not used.

    Returns:
        The template, and the legs (1.0 or -1.0), up to one common sign.
    """
    steps, n = np.array(features), len(features)
    turns = np.where(np.array(same[1:]) > 0.5, 0.0, 1.0)
    legs = np.where(np.concatenate([[0.0], turns]).cumsum() % 2 == 0, 1.0, -1.0)
    breaks = np.where(np.arange(n) >= np.arange(1, n - 1)[:, None], -1.0, 1.0)
    tries = legs * np.concatenate([np.ones((1, n)), breaks])
    unit = (steps - steps.mean(axis=0)) / (steps.std(axis=0) + 1e-6)
    size = (((tries - tries.mean(axis=1, keepdims=True)) @ unit) ** 2).sum(axis=1)
    size[0] *= BREAK_PENALTY
    legs = tries[int(size.argmax())]
    if abs(legs.sum()) == n:  # every interval was doubtful: nothing better than alternation
        legs = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    positive, negative = steps[legs > 0].mean(axis=0), steps[legs < 0].mean(axis=0)
    common, differ = 0.5 * (positive + negative), 0.5 * (positive - negative)
    residual = steps - common - legs[:, None] * differ
    variance = (residual**2).sum(axis=0) / max(1, n - 2)
    # few steps say little of single points: half of the variance is that of the channel
    channel = np.tile(variance.reshape(POINTS, -1).mean(axis=0), POINTS)
    return Template(common, differ, 0.5 * variance + 0.5 * channel + 1e-8, FIRST_NOISE, float(n)), legs.tolist()
