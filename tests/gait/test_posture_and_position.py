"""Tilt since the start, and the distance from the midline, of motions made to have them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from backbeat.events import SignalQuality, Summary, Symmetry
from backbeat.gait.engine import Engine, GaitSettings
from backbeat.gait.position import ARM_WINDOW, ARM_WINDOWS, LeverArm, update
from backbeat.gait.posture import MEMORY, START, Posture
from backbeat.monitor import Monitor
from backbeat.samples import STANDARD_GRAVITY
from backbeat.sources import open_source
from simulated_gait import run_of

STEP_HZ = 2.8
T = np.arange(ARM_WINDOW) / 100.0


def pull(tilt_deg: float) -> np.ndarray:
    angle = math.radians(tilt_deg)
    return np.array([-math.sin(angle), 0.0, math.cos(angle)])


@pytest.mark.parametrize("lean", [-4.0, 6.0])
def test_a_pelvis_that_tilts_is_told_by_how_much_since_the_start(lean: float) -> None:
    posture = Posture()
    before = [posture.add(pull(10.0), np.eye(3)) for _ in range(START)]
    assert before[:-1] == [None] * (START - 1)
    assert before[-1] == pytest.approx(0.0)
    after = [posture.add(pull(10.0 + lean), np.eye(3)) for _ in range(8 * MEMORY)]
    assert after[-1] == pytest.approx(lean, abs=0.01)
    assert abs(after[MEMORY] or 0.0) < abs(lean)


def worn(left_m: float, windows: int = ARM_WINDOWS) -> LeverArm:
    """A midline that moves alike on both legs, and a sensor beside it on a pelvis that turns once a stride."""
    stride, step = np.pi * STEP_HZ * T, 2 * np.pi * STEP_HZ * T
    yaw, roll = 0.8 * np.sin(stride), 1.1 * np.cos(stride)
    turning_yaw, turning_roll = (np.gradient(rate) * 100 / STANDARD_GRAVITY for rate in (yaw, roll))
    acc = np.stack(
        [0.3 * np.sin(step) - left_m * turning_yaw, np.zeros(ARM_WINDOW), np.cos(step) + left_m * turning_roll]
    )
    gyr = np.stack([roll, np.zeros(ARM_WINDOW), yaw])
    arm = LeverArm()
    for _ in range(windows):
        arm = update(arm, acc, gyr, STEP_HZ)
    return arm


@pytest.mark.parametrize(("left_m", "position"), [(0.0, "sacrum"), (0.12, "left_hip"), (-0.12, "right_hip")])
def test_the_lever_arm_is_the_distance_from_the_midline(left_m: float, position: str) -> None:
    arm = worn(left_m)
    assert arm.offset_m == pytest.approx(left_m, abs=0.01)
    assert arm.position == position


def test_between_sacrum_and_hip_and_after_few_windows_nothing_is_claimed() -> None:
    assert worn(0.07).position == "unknown"
    assert worn(0.12, ARM_WINDOWS - 1).position == "unknown"
    assert LeverArm().offset_m == LeverArm().correlation == 0.0


@pytest.mark.parametrize("hip", ["left_hip", "right_hip"])
def test_beside_the_midline_only_the_change_of_an_index_is_told_also_where_nobody_said_so(hip: str) -> None:
    with open_source(f"sim:?stand=2&seconds=160&position={hip}&hip_gain=30") as source:
        monitor = Monitor(replace(source.info, position="unknown"))
        events = [*(event for block in source for event in monitor.feed(block)), *monitor.end()]
    signal = [event for event in events if isinstance(event, SignalQuality)][-1]
    assert signal.position == hip
    (summary,) = (event for event in events if isinstance(event, Summary))
    indices = [*(event for event in events if isinstance(event, Symmetry)), summary.symmetry]
    for measure in ("impact", "contact_time", "flight_time", "step_time"):
        assert {getattr(index, f"{measure}_pct") for index in indices} == {None}
        assert hip.replace("_", " ") in summary.absent[f"{measure}_pct"]
        assert abs(getattr(indices[-2], f"{measure}_change_pct")) < 5.0


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("sacrum", "left_hip", ["sacrum", "left_hip"]),
        ("left_hip", "right_hip", ["left_hip", "right_hip"]),
        ("right_hip", "sacrum", ["right_hip"]),
    ],
)
def test_a_sensor_that_slips_round_the_belt_is_sought_again(before: str, after: str, told: list[str]) -> None:
    """Who had it on a hip stays without absolute asymmetry for that run."""
    first = run_of(f"seconds=40&position={before}&seed=3").samples()
    second = run_of(f"seconds=60&position={after}&yaw=60&seed=4&stand=0&start={first.time[-1] + 0.01}").samples()
    unknown = replace(open_source("sim:?seconds=1").info, position="unknown")
    engine = Engine(unknown, GaitSettings())
    events = [*engine.feed(first), *engine.feed(second), *engine.end()]
    signals = [event for event in events if isinstance(event, SignalQuality)]
    assert any("slipped" in signal.problems for signal in signals)
    positions = [signal.position for signal in signals if signal.position != "unknown"]
    assert [here for here, last in zip(positions, ["", *positions], strict=False) if here != last] == told
    engine = Engine(replace(unknown, position="sacrum"), GaitSettings())
    events = [*engine.feed(first), *engine.feed(second), *engine.end()]
    assert {event.position for event in events if isinstance(event, SignalQuality)} == {"sacrum"}
