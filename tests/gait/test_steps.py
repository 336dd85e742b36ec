"""What a step says of itself and of the ones before it agrees with the others' own word."""

from __future__ import annotations

from itertools import pairwise

import pytest

from backbeat.events import Step
from simulated_gait import analysed, run_of, steps_of

RUN = "stand=2&seconds=25&speed=3"


def running(query: str, at_least: int = 10) -> list[Step]:
    steps = [step for step in steps_of(analysed(run_of(query))) if step.activity == "running"]
    assert len(steps) >= at_least
    return steps


@pytest.mark.parametrize("query", [RUN, f"{RUN}&rate=208&asymmetry=10", f"{RUN}&gap=14:2&gyroscope=no"])
def test_times_agree_from_step_to_step(query: str) -> None:
    for before, step in pairwise(running(query)):
        assert step.toe_off is not None
        assert before.toe_off is not None
        assert step.contact_time_ms == pytest.approx(1000 * (step.toe_off - step.time), abs=1e-6)
        if step.step_time_ms is None:
            assert step.flight_time_ms is None
            assert step.time - before.time > 0.6
        else:
            assert step.step_time_ms == pytest.approx(1000 * (step.time - before.time), abs=1e-6)
            assert step.flight_time_ms == pytest.approx(1000 * (step.time - before.toe_off), abs=1e-6)


def test_duty_factor_is_contact_over_stride() -> None:
    for step in running(RUN):
        assert step.contact_time_ms is not None
        assert step.cadence_spm is not None
        assert step.duty_factor_pct == pytest.approx(100 * step.contact_time_ms / (2 * 60000 / step.cadence_spm))


def test_only_the_first_step_of_a_bout_has_no_step_before_it() -> None:
    steps = running(RUN)
    assert [step.step_time_ms is None for step in steps] == [True] + [False] * (len(steps) - 1)
    assert steps[0].pelvic_drop_range_deg is None
    assert all(step.pelvic_drop_range_deg is not None for step in steps[1:])


def test_walking_steps_have_times_and_sides_and_nothing_that_cannot_be_known() -> None:
    steps = steps_of(analysed(run_of("programme=stand:3,walk:20")))
    assert len(steps) > 25
    for step in steps:
        assert step.activity == "walking"
        assert step.side is not None
        assert (step.toe_off, step.contact_time_ms, step.peak_force_bw, step.impact_peak_g) == (None,) * 4


def test_a_bout_too_short_to_tell_the_legs_apart_has_steps_without_sides() -> None:
    steps = running("programme=stand:4,run:1.4,stand:6", at_least=3)
    assert 0 < len(steps) < 5
    assert {step.side for step in steps} == {None}
