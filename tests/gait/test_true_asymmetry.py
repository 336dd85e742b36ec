"""A true difference between left and right is read as what it is, over hundreds of runs of 60 s, and none as none."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from backbeat.events import Summary, Symmetry
from backbeat.monitor import Monitor
from backbeat.simulator.source import SimulatedSource
from simulated_gait import run_of

SEEDS = 200
TRUE_PCT = 4.0
PARAMETER = {"impact": "asymmetry", "step_time": "step_asymmetry", "contact_time": "contact_asymmetry"}

pytestmark = pytest.mark.slow


@cache
def indices(query: str) -> tuple[Symmetry, ...]:
    """The symmetry of each of many runs of 60 s with realistic variation from step to step.

    Every run has another mount, and half of them begin with either foot.
    """
    found = []
    for seed in range(SEEDS):
        mount = f"roll={seed * 37 % 360}&pitch={seed * 101 % 360}&yaw={seed * 71 % 360}"
        first = "left" if seed % 2 else "right"
        run = run_of(f"stand=3&seconds=62&seed={seed}&first={first}&{mount}{query}")
        monitor = Monitor(SimulatedSource(run).info)
        events = [*monitor.feed(run.samples()), *monitor.end()]
        found.append(next(e.symmetry for e in events if isinstance(e, Summary)))
    return tuple(found)


def read(of: tuple[Symmetry, ...], measure: str) -> np.ndarray:
    """Index and the ends of its interval, shape (runs, 3)."""
    names = (f"{measure}_pct", f"{measure}_low_pct", f"{measure}_high_pct")
    return np.array([[getattr(symmetry, name) for name in names] for symmetry in of])


@pytest.mark.parametrize("measure", sorted(PARAMETER))
def test_a_true_difference_of_4_percent_reads_3_8_to_4_2(measure: str) -> None:
    values = read(indices(f"&{PARAMETER[measure]}={TRUE_PCT}"), measure)[:, 0]
    assert 3.8 <= values.mean() <= 4.2, f"{values.mean():.2f} ± {values.std() / SEEDS**0.5:.2f}"


@pytest.mark.parametrize("measure", sorted(PARAMETER))
def test_no_difference_reads_none(measure: str) -> None:
    values = read(indices(""), measure)[:, 0]
    assert abs(values.mean()) <= 0.1, f"{values.mean():.3f} ± {values.std() / SEEDS**0.5:.3f}"


@pytest.mark.parametrize("measure", sorted(PARAMETER))
def test_the_95_percent_interval_covers_the_truth_in_93_to_97_percent(measure: str) -> None:
    inside = []
    for true, query in ((0.0, ""), (TRUE_PCT, f"&{PARAMETER[measure]}={TRUE_PCT}")):
        _, low, high = read(indices(query), measure).T
        inside += list((low <= true) & (true <= high))
    assert 0.93 <= np.mean(inside) <= 0.97, f"covered in {100 * np.mean(inside):.1f} % of {len(inside)} runs"
