"""Body axes from motion that has the symmetries of gait."""

from __future__ import annotations

import numpy as np
import pytest

from backbeat.gait import axes
from backbeat.gait.axes import AxesState

STEP_HZ = 2.8


def run(seconds: float, lateral: float = 0.2, running: bool = True) -> np.ndarray:
    """Forward, left, up (n, 3) in g: up and forward repeat every step, left every stride; forward lags in running."""
    t = np.arange(int(seconds * axes.RATE_HZ)) / axes.RATE_HZ
    phase = 2 * np.pi * STEP_HZ * t
    lag = np.pi / 2 if running else -np.pi / 2
    return np.stack([0.25 * np.cos(phase - lag), lateral * np.sin(phase / 2), 1 + np.cos(phase)], axis=1)


def found(body: np.ndarray, sensor: np.ndarray, running: bool = True) -> AxesState:
    """Axes after looks at every half second of body @ sensor."""
    state, acc = AxesState(), body @ sensor
    for end in range(axes.WINDOW, len(acc), axes.RATE_HZ // 2):
        state = axes.update(state, acc[end - axes.WINDOW : end], STEP_HZ, 1.0, running=running, whole=True)
    return state


def degrees(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.degrees(np.arccos(np.clip(a @ b, -1, 1))))


def rotation(seed: int) -> np.ndarray:
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    return q if np.linalg.det(q) > 0 else -q


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize("lateral", [0.05, 0.5])
def test_axes_are_found_however_the_sensor_is_turned(seed: int, running: bool, lateral: float) -> None:
    sensor = rotation(seed)
    now = found(run(12, lateral, running), sensor, running).axes
    assert now is not None
    for row in range(3):
        assert degrees(now.matrix[row], sensor[row]) < 4.0


def test_a_mirrored_sensor_gives_mirrored_axes() -> None:
    mirror = np.diag([1.0, -1.0, 1.0])
    straight, mirrored = (found(run(12), s).axes for s in (rotation(1), rotation(1) @ mirror))
    assert straight is not None
    assert mirrored is not None
    assert mirrored.matrix[[0, 2]] == pytest.approx(straight.matrix[[0, 2]] @ mirror)
    assert mirrored.matrix[1] == pytest.approx(-straight.matrix[1] @ mirror)


def test_a_slipped_sensor_is_noticed_and_followed() -> None:
    c, s = np.cos(1.0), np.sin(1.0)
    turned = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]])
    state = found(np.concatenate([run(20), run(20) @ turned]), np.eye(3))
    assert state.slips == 1
    assert state.axes is not None
    assert degrees(state.axes.matrix[0], turned[0]) < 8.0


def test_a_gait_that_was_taken_for_the_other_is_followed_and_has_not_slipped() -> None:
    """The laws of walking and running have opposite fronts; a sensor that turned by 180 degrees would be no slip."""
    state = found(run(20), np.eye(3), running=False)
    assert state.axes is not None
    assert degrees(state.axes.matrix[0], -np.eye(3)[0]) < 4.0
    now = run(20)
    for end in range(axes.WINDOW, len(now), 25):
        state = axes.update(state, now[end - axes.WINDOW : end], STEP_HZ, 1.0, running=True, whole=True)
    assert state.slips == 0
    assert state.axes is not None
    assert degrees(state.axes.matrix[0], np.eye(3)[0]) < 4.0


def test_without_motion_nothing_is_learned() -> None:
    assert axes.update(AxesState(), run(2.5), STEP_HZ, 0.01, running=True, whole=True) == AxesState()


def test_windows_that_hold_the_start_serve_only_until_there_are_whole_ones() -> None:
    rest = np.tile([0.0, 0.0, 1.0], (axes.WINDOW // 2, 1))
    start = np.concatenate([rest, run(1.25, lateral=0.6)])
    first = axes.update(AxesState(), start, STEP_HZ, 1.0, running=True, whole=False)
    assert first.axes is not None
    whole = axes.update(first, run(2.5, lateral=0.6), STEP_HZ, 1.0, running=True, whole=True)
    anew = axes.update(AxesState(), run(2.5, lateral=0.6), STEP_HZ, 1.0, running=True, whole=True)
    assert whole.long is not None
    assert anew.long is not None
    assert whole.long.values.tolist() == anew.long.values.tolist()
    assert axes.update(whole, start, STEP_HZ, 1.0, running=True, whole=False) is whole
