"""Initial contact of a walking step."""

from __future__ import annotations

import numpy as np
import pytest

from backbeat.gait.walking import walking_contact
from backbeat.gait.windows import AFTER, BEFORE, Window

COLUMNS = BEFORE + AFTER + 1


def window(rise_at: float, lift: np.ndarray | None = None) -> Window:
    """A vertical that rises and a forward force that falls fastest at one place."""
    t = np.arange(COLUMNS)
    rise = np.tanh((t - rise_at) / 4.0)
    up, forward = (1.0 + 0.2 * rise).tolist(), (-0.1 * rise if lift is None else lift).tolist()
    body = np.stack([forward, np.zeros(COLUMNS), up])
    return Window(500, 10, 70, 70.0, body, forward, up, forward, up)


@pytest.mark.parametrize("rise_at", np.arange(BEFORE - 9.0, BEFORE + 1.0, 0.7))
def test_contact_is_where_weight_is_taken_over_fastest(rise_at: float) -> None:
    assert walking_contact(window(rise_at)) == pytest.approx(500 + rise_at, abs=0.1)


def test_braking_alone_would_do() -> None:
    rise_at = BEFORE - 4.3
    flat = window(0.0, lift=-0.1 * np.tanh((np.arange(COLUMNS) - rise_at) / 4.0))
    assert walking_contact(flat) == pytest.approx(500 + rise_at, abs=0.1)
