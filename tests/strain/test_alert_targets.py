"""The targets for alerts, on simulated runners; the full table is made by tests/benchmarks/alerts.py."""

import math
from pathlib import Path

import numpy as np
import pytest

from backbeat.strain.blocks import BlockBuilder
from backbeat.strain.measures import NAMES, to_model
from rigs.alert_trials import BLOCK_NOISE, CORRELATION, trials, wilson
from rigs.steps import Runner, steps
from rigs.whole_runs import whole_runs


def test_blocks_of_the_trials_are_as_noisy_as_blocks_of_steps() -> None:
    values = []
    for seed in range(3):
        builder = BlockBuilder(20.0)
        run = steps(Runner(seconds=1500, seed=seed, wander=0.0, correlation=CORRELATION))
        values += [to_model(block.values) for step in run if (block := builder.add(step)) is not None]
    seen = np.std(values, axis=0)
    for name, is_, said in zip(NAMES, seen, BLOCK_NOISE, strict=True):
        assert said == pytest.approx(is_, rel=0.25), name


def test_interval_of_a_share() -> None:
    share, low, high = wilson(90, 100)
    assert share == 0.9
    assert (low, high) == pytest.approx((0.826, 0.945), abs=0.002)
    assert math.isclose(wilson(0, 10)[1], 0.0, abs_tol=1e-12)


@pytest.mark.slow
def test_targets_are_reached() -> None:
    result = trials(12, seed=7)
    assert result.drift_pooled.share()[0] >= 0.9
    assert result.asymmetry.share()[2] >= 0.9  # 72 runs: not below the target beyond chance
    assert 10 * sum(result.false.values()) / result.hours <= 1.0 + 2 * 10 * math.sqrt(result.hours / 10) / result.hours


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_runs_through_the_whole_analysis_are_quiet_until_something_changes(tmp_path: Path) -> None:
    result = whole_runs(1, 2, tmp_path, seed=5)
    assert result.hours == pytest.approx(3.0, abs=0.1)
    assert sum(result.false.values()) <= 1
    assert result.asymmetry.runs == 4
    assert result.asymmetry.found >= 3
