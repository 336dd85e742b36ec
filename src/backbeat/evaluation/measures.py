"""What the scores are called, their units, and what Backbeat aims at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """A score for people.

    Attributes:
        label: its name.
        unit: "" for counts and shares.
        decimals: shown.
        factor: of the shown number (100 for shares in %).
        low: aimed at or above this, in the score's own unit.
        high: aimed at or below this.
    """

    label: str
    unit: str = ""
    decimals: int = 1
    factor: float = 1.0
    low: float | None = None
    high: float | None = None

    def shown(self, value: float) -> str:
        """The value as people read it."""
        number = f"{value * self.factor:.{self.decimals}f}"
        return f"{number} {self.unit}" if self.unit else number

    @property
    def aim(self) -> str:
        """What is aimed at, in words."""
        if self.low is not None:
            return f"≥ {self.shown(self.low)}"
        return f"≤ {self.shown(self.high)}" if self.high is not None else ""

    def reached(self, value: float) -> bool | None:
        """Whether it is; None where nothing is aimed at."""
        if self.low is not None:
            return value >= self.low
        return None if self.high is None else value <= self.high


def _share(label: str, low: float | None = None, high: float | None = None, decimals: int = 1) -> Measure:
    return Measure(label, "%", decimals, 100.0, low, high)


MEASURES: Mapping[str, Measure] = {
    "recordings": Measure("recordings", decimals=0),
    "unscored": Measure("… with nothing to hold them against", decimals=0),
    "contacts": Measure("true contacts", decimals=0),
    "contact_f1": Measure("contacts found, F1", decimals=4, low=0.995),
    "initial_contact_bias_ms": Measure("initial contact, mean error", "ms"),
    "initial_contact_sd_ms": Measure("initial contact, SD of the error", "ms", high=9.0),
    "toe_off_bias_ms": Measure("toe-off, mean error", "ms"),
    "toe_off_sd_ms": Measure("toe-off, SD of the error", "ms", high=12.0),
    "contact_time_rmse_ms": Measure("contact time, RMSE of steps", "ms"),
    "contact_time_trial_rmse_ms": Measure("contact time, RMSE of trial means", "ms", high=15.0),
    "toe_off_given": _share("contacts with a toe-off", low=0.98),
    "known_after_toe_off_p99_s": Measure("settled after toe-off, 99th percentile", "s", 3, high=0.4),
    "peak_force_bias_bw": Measure("peak vertical force, mean error", "BW", 3),
    "peak_force_rmse_bw": Measure("peak vertical force, RMSE", "BW", 3, high=0.13),
    "side_correct": _share("side right", low=0.99),
    "side_wrong": _share("side wrong"),
    "side_unknown": _share("side not told"),
    "one_leg_true_steps": Measure("true steps (one leg counted)", decimals=0),
    "one_leg_found_steps": Measure("steps found", decimals=0),
    "step_count_error": _share("step count error beyond ±1 a block", high=0.002, decimals=2),
    "no_parity_slip": _share("no left/right slip", low=0.99),
    "running_found": _share("running time found", low=0.98),
    "false_running_s_per_hour": Measure("called running wrongly", "s/h", high=10.0),
}
"""Score name to what it is, in the order in which they are shown; the aims are those for running."""

WALKING_AIMS: Mapping[str, Measure] = {
    "contact_f1": Measure("contacts found, F1", decimals=4, low=0.97),
    "initial_contact_sd_ms": Measure("initial contact, SD of the error", "ms"),
    "toe_off_sd_ms": Measure("toe-off, SD of the error", "ms"),
    "contact_time_trial_rmse_ms": Measure("contact time, RMSE of trial means", "ms"),
    "toe_off_given": _share("contacts with a toe-off"),
    "side_correct": _share("side right", low=0.95),
}
"""Other aims for a set that is walked."""

WITHOUT_GYROSCOPE: Mapping[str, float] = {"running": 0.97, "walking": 0.90}
"""`side_correct` aimed at without a gyroscope, up to one swap a recording."""
