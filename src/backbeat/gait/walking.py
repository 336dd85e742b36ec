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
from backbeat.gait.windows import BEFORE, Windows

_FROM, _TO = BEFORE - 12, BEFORE + 3
"""Columns around the crest."""


def walking_contacts(w: Windows) -> Contacts:
    """Contacts of walking stances; toe-off and peak are NaN."""
    rising = w.body10[:, 2] - w.body10[:, 0]
    rise = rising[:, _FROM : _TO + 3] - rising[:, _FROM - 1 : _TO + 2]
    row = np.arange(len(rise))
    column = rise[:, 1:-1].argmax(axis=1) + 1
    contact = rows.vertex(rise, row, column)[0] + (_FROM - 1 + 0.5) + w.start
    nothing = np.full(len(contact), np.nan)
    return Contacts(contact, nothing, (w.after - w.before).astype(float), nothing, contact, nothing)
