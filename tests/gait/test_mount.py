"""How the sensor is worn."""

from __future__ import annotations

import numpy as np
import pytest

from backbeat.events import SignalQuality
from backbeat.gait.engine import GaitSettings
from backbeat.gait.mount import Mount, Worn
from backbeat.monitor import Monitor, MonitorSettings
from backbeat.sources import open_source


def test_two_axes_give_the_third() -> None:
    matrix = Mount.of("+y", "-z").matrix
    assert matrix is not None
    assert matrix.tolist() == [[0, 0, -1], [-1, 0, 0], [0, 1, 0]]
    assert np.linalg.det(matrix) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("up", "forward", "says"),
    [
        (None, "+x", "up is not"),
        ("+x", "-x", "lie along one axis"),
        ("up", "+x", "write one of"),
        ("z", None, "write one of"),
    ],
)
def test_what_cannot_be_is_said(up: str | None, forward: str | None, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Mount.of(up, forward)


FOUND = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize(
    ("up", "forward", "turned"),
    [
        ((0.1, 0.0, 0.995), (0.8, -0.6, 0.0), False),  # near enough: the motion knows better
        ((0.1, 0.0, 0.995), (-0.8, -0.6, 0.0), True),
        ((0.1, 0.0, 0.995), (-0.6, -0.8, 0.0), False),  # across: it says nothing of front and back
        ((0.0, 0.0, -1.0), (-1.0, 0.0, 0.0), False),  # it is worn upside down now: what was seen says nothing
    ],
)
def test_a_calibration_says_where_the_front_is(
    up: tuple[float, float, float], forward: tuple[float, float, float], turned: bool
) -> None:
    matrix = Mount.of(None, None, Worn(up, forward)).facing(FOUND)
    assert matrix[0].tolist() == ([-1, 0, 0] if turned else [1, 0, 0])
    assert matrix[2].tolist() == [0, 0, 1]
    assert np.linalg.det(matrix) == pytest.approx(1.0)


@pytest.mark.parametrize(("up", "told"), [(1.0, False), (-1.0, True)])
def test_a_sensor_worn_another_way_up_than_calibrated_is_told(up: float, told: bool) -> None:
    settings = MonitorSettings(gait=GaitSettings(worn=Worn((0.0, 0.0, up), (1.0, 0.0, 0.0))))
    with open_source("sim:?seconds=15&stand=0") as source:
        monitor = Monitor(source.info, settings)
        events = [event for block in source for event in monitor.feed(block)]
    signals = [event for event in events if isinstance(event, SignalQuality)]
    assert any("turned" in signal.problems for signal in signals) is told
