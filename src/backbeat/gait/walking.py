"""Initial contact of walking steps.

Where vertical less forward rises fastest around each crest of the walking drive (`backbeat.gait.stretch`). McCamley et
al. 2012 (doi:10.1016/j.gaitpost.2012.02.019) take the fastest change of the smoothed vertical alone; the forward fall
(Zijlstra & Hof 2003, doi:10.1016/S0966-6362(02)00190-X) is added because it is there in walkers whose vertical has two
bumps. Toe-off in walking falls into double support, which one sensor over the sacrum does not show well enough to
measure: it is not given.
"""

from __future__ import annotations

from itertools import pairwise

from backbeat.gait.curve import vertex
from backbeat.gait.windows import BEFORE, Window

_FROM, _TO = BEFORE - 12, BEFORE + 3
"""Columns around the crest."""


def walking_contact(w: Window) -> float:
    """Contact of a walking stance, grid index."""
    part = slice(_FROM - 1, _TO + 3)
    rising = [up - forward for up, forward in zip(w.up10[part], w.forward10[part], strict=True)]
    rise = [after - before for before, after in pairwise(rising)]
    fastest = 1 + rise[1:-1].index(max(rise[1:-1]))
    return vertex(rise, fastest)[0] + (_FROM - 1 + 0.5) + w.start
