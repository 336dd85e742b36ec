"""How the sensor is worn."""

from __future__ import annotations

import numpy as np
import pytest

from backbeat.gait.mount import Mount


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
