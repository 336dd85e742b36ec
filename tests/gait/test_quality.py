"""What is wrong with a signal, what it cannot give, and for how long that is said."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from backbeat.events import ActivityChange, SignalQuality, Stability, Step, Symmetry
from backbeat.gait.quality import LOST_LOOKS, PENALTY, PROBLEMS, Quality, absences
from backbeat.monitor import Monitor
from backbeat.sources import open_source
from simulated_gait import analysed, run_of


def test_a_problem_counts_for_ten_seconds() -> None:
    quality = Quality()
    assert quality.changed(0.0)
    assert not quality.changed(0.5)
    quality.saw("gap", 1.0)
    assert quality.changed(1.0)
    assert quality.now(10.5) == (pytest.approx(0.7), {"gap": PROBLEMS["gap"]})
    assert quality.changed(11.0)
    assert quality.now(11.0) == (1.0, {})


def test_every_problem_has_a_sentence_and_a_weight() -> None:
    assert PROBLEMS.keys() == PENALTY.keys()
    quality = Quality()
    for name in PROBLEMS:
        quality.saw(name, 0.0)
    assert quality.now(0.0) == (0.0, PROBLEMS)


def test_a_wrong_scale_is_told_once_it_is_the_rule() -> None:
    quality = Quality()
    for look in range(9):
        quality.moved(1.3 if look > 3 else 1.0, 0.5 * look)
    assert quality.now(4.0)[1].keys() == {"scale"}


def test_a_shuffle_is_no_loose_sensor() -> None:
    """190 short steps a minute: no flight, hardly a bounce."""
    events = analysed(run_of("cadence=190&speed=2.4&seconds=120"))
    assert "walking" not in {e.activity for e in events if isinstance(e, ActivityChange)}
    assert [e.problems for e in events if isinstance(e, SignalQuality) and e.problems] == []


@pytest.mark.parametrize(("whole", "problem"), [(False, "forward"), (True, "front")])
def test_forward_is_missed_after_some_looks_at_a_gait(whole: bool, problem: str) -> None:
    quality = Quality()
    for look in range(LOST_LOOKS + 1):
        assert quality.now(0.5 * look)[0] == 1.0
        quality.looked(1.0, 0.5 * look, moving=True, axes=None, whole=whole)
    assert quality.now(0.5 * LOST_LOOKS)[1].keys() == {problem}


def reasons(rate_hz: float = 100.0, **known: object) -> dict[str, str]:
    usual = {"gyroscope": True, "absent": {}, "axes": np.eye(3), "position": "sacrum"}
    return absences(rate_hz, **{**usual, **known})  # type: ignore[arg-type]


@pytest.mark.parametrize("query", ["rate=50", "gyroscope=no", "position=left_hip", "position=right_hip&gyroscope=no"])
def test_every_figure_that_no_step_and_no_index_has_is_told_with_a_reason(query: str) -> None:
    with open_source(f"sim:?stand=2&seconds=160&{query}") as source:
        monitor = Monitor(source.info)
        events = [*(event for block in source for event in monitor.feed(block)), *monitor.end()]
    absent = [event for event in events if isinstance(event, SignalQuality)][-1].absent
    for kind in (Step, Symmetry, Stability):
        of_kind = [event for event in events if isinstance(event, kind)]
        names = {f.name for f in fields(kind)} - {"speed_m_s", "grade_pct"}  # the source gives these, or not
        missing = {name for name in names if all(getattr(event, name) is None for event in of_kind)}
        assert missing == names & absent.keys()
        assert all(absent[name] for name in missing)


def test_absent_fields_have_reasons() -> None:
    assert reasons() == {}
    assert {name for name in reasons(rate_hz=50.0) if not name.endswith("_pct")} == {
        "impact_peak_g",
        "impact_rate_g_s",
    }
    assert reasons(gyroscope=False)["pelvic_drop_deg"] == "no gyroscope"
    assert reasons(position="left_hip")["step_time_pct"].startswith("worn on the left hip")
    assert "step_time_change_pct" not in reasons(position="left_hip")
    lost = reasons(absent={"acc_y": "broken"})
    assert lost["medio_lateral_sway_cm"] == "acc_y is missing: broken"
    assert "braking_m_s" not in lost


@pytest.mark.parametrize("query", ["stand=0&seconds=12", "stand=0&seconds=12&range=2", "stand=2&seconds=2.6"])
def test_what_a_recording_cannot_give_is_on_no_step_of_it(query: str) -> None:
    """Not on the first steps of a recording that begins in mid-run either, nor on those that are clipped."""
    for more, missing, names in (
        ("", (1,), ("medio_lateral_sway_cm",)),
        ("&rate=50", (), ("impact_peak_g", "impact_rate_g_s")),
        ("&gyroscope=no", (), ("pelvic_drop_deg", "pelvic_drop_range_deg", "pelvic_tilt_drift_deg")),
    ):
        steps, signal = told(query + more, *missing)
        assert len(steps) > 3
        assert {getattr(step, name) for step in steps for name in names} == {None}
        assert signal.absent.keys() & set(names)


def test_a_clipped_step_is_marked_and_has_no_impact() -> None:
    run = run_of("stand=0&seconds=30&range=4&speed=4.5&grade=-10")
    samples = run.samples()
    clipped = samples.time[samples.saturated]
    steps = [e for e in analysed(run) if isinstance(e, Step)]
    assert {step.saturated for step in steps} == {True, False}
    for step in steps:
        assert step.saturated == bool(((clipped >= step.time) & (clipped <= step.toe_off)).any())
        assert (step.impact_peak_g is None) == (step.impact_rate_g_s is None) == step.saturated


def test_a_jog_that_was_long_on_trial_has_its_clipped_steps_marked() -> None:
    run = run_of("programme=stand:3,jog:20@1.6")
    samples = run.samples()
    steps = [e for e in analysed(run, replace(samples, saturated=samples.time < 5.0)) if isinstance(e, Step)]
    assert steps[0].time < 3.1
    assert [step.saturated for step in steps] == [step.time < 5.0 for step in steps]


def told(query: str, *missing: int) -> tuple[list[Step], SignalQuality]:
    run = run_of(query)
    samples = run.samples()
    acc = samples.acc.copy()
    acc[:, missing] = np.nan
    absent = {f"acc_{'xyz'[axis]}": "broken" for axis in missing if len(missing) < 3}
    events = analysed(run, replace(samples, acc=acc, absent=absent))
    return [e for e in events if isinstance(e, Step)], [e for e in events if isinstance(e, SignalQuality)][-1]


@pytest.mark.parametrize(
    ("query", "missing", "problem"),
    [
        pytest.param("rate=15", (), "slow", id="15 readings a second"),
        pytest.param("rate=25&jitter=5", (), "slow", id="25, unevenly"),
        pytest.param("rate=100", (0, 1, 2), "unusable", id="no numbers"),
        pytest.param("rate=100", (2,), "vertical", id="no axis that points up"),
        pytest.param("rate=100", (0,), "forward", id="no axis that points forward"),
    ],
)
def test_where_no_step_can_be_found_it_is_said_why(query: str, missing: tuple[int, ...], problem: str) -> None:
    steps, signal = told(f"stand=2&seconds=20&{query}", *missing)
    assert steps == []
    assert problem in signal.problems
    assert signal.quality == 0.0


@pytest.mark.parametrize("query", ["cadence=110&speed=2.5", "cadence=242&speed=4", "step_asymmetry=45"])
def test_a_runner_whom_no_step_is_told_of_is_told_so(query: str) -> None:
    steps, signal = told(f"stand=2&seconds=15&{query}")
    assert steps == []
    assert "rhythm" in signal.problems
    assert signal.quality == 1.0  # the readings are good


QUICK = ("run:20@3&cadence=210", "run:20@2.5&cadence=200&contact_time=260", "run:20@2.5&cadence=190&position=left_hip")


@pytest.mark.parametrize("doing", ["run:20@3", "jog:20@1.8", "walk:20", "stairs_down:20", "tap:10", "stand:10", *QUICK])
def test_what_is_known_or_on_trial_or_still_is_no_strange_rhythm(doing: str) -> None:
    events = analysed(run_of(f"programme=stand:3,{doing}"))
    assert not any("rhythm" in event.problems for event in events if isinstance(event, SignalQuality))
