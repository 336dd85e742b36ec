"""Initial contact of walking steps.

Where vertical less forward rises fastest around each crest of the walking drive (`backbeat.gait.stretch`). McCamley et
al. 2012 (doi:10.1016/j.gaitpost.2012.02.019) take the fastest change of the smoothed vertical alone; the forward fall
(Zijlstra & Hof 2003, doi:10.1016/S0966-6362(02)00190-X) is added because it is there in walkers whose vertical has two
bumps. Toe-off in walking falls into double support, which one sensor over the sacrum does not show well enough to
measure: it is not given.
"""

from __future__ import annotations

import numpy as np

from backbeat.gait import rows
from backbeat.gait.contacts import Contacts
from backbeat.gait.windows import BEFORE, COLUMN, Windows

_FROM, _TO = -12, 3
"""Grid samples around the crest."""


def walking_contacts(w: Windows) -> Contacts:
    """Contacts of walking stances; toe-off and peak are NaN."""
    rise = np.diff(w.body10[2] - w.body10[0], axis=1)
    near = np.broadcast_to((COLUMN[:-1] >= BEFORE + _FROM) & (COLUMN[:-1] <= BEFORE + _TO), rise.shape)
    contact = rows.vertex(rise, rows.highest(rise, near))[0] + 0.5 + w.start
    nothing = np.full(len(contact), np.nan)
    return Contacts(contact, nothing, (w.after - w.before).astype(float), nothing, contact)
