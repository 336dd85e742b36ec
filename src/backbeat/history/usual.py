"""The runner's own usual, computed from the sessions that are there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from backbeat.history.store import History, StoredSession
from backbeat.samples import Context
from backbeat.strain.baseline import Baseline, Exposure, SessionMinutes, fit
from backbeat.strain.measures import NAMES

DAY_S = 86_400.0
PAIN_FROM = 3.0
QUALITY_FROM = 0.6
SESSIONS = 60
"""So many of the newest sessions make the baseline; with a half-life of 20, older ones would count less than 1/8."""

EASY_MINUTES = 5
EASY_SHARE = 0.95
"""A session began easily if its first minutes were at less than this share of the pace of the rest."""


def baseline_of(history: History, position: str, now_utc: float | None) -> Baseline:
    """What is usual for this runner with the sensor at this position.

    Args:
        history: the runner's file.
        position: where the sensor sits; sessions with it elsewhere do not count.
        now_utc: Unix time of the run that it is for, None where the wall clock is not known.
    """
    past = [s for s in history.sessions() if s.summary is not None and _before(s, now_utc)]
    same = [s for s in past if s.position == position][-SESSIONS:]
    minutes = [_minutes(history.minutes(s.id), s) for s in same]
    return fit(minutes, _exposure(history, past, now_utc))


def baseline_context(history: History, position: str, time: float, now_utc: float | None) -> Context:
    """The baseline as the first thing that a run is told; recorded with it, so that a replay knows the same.

    Args:
        history: the runner's file.
        position: where the sensor sits.
        time: s on the readings' time axis, before the first step.
        now_utc: Unix time, None where the wall clock is not known.
    """
    return Context(time, "baseline", baseline_of(history, position, now_utc).as_json())


def _before(session: StoredSession, now_utc: float | None) -> bool:
    return now_utc is None or session.start_utc is None or session.start_utc < now_utc


def _minutes(rows: Sequence[dict[str, Any]], session: StoredSession) -> SessionMinutes:
    values = np.array([[row["measures"].get(name, math.nan) for name in NAMES] for row in rows])
    summary = session.summary or {}
    quality = summary.get("signal_quality")
    calm = session.worst_pain is None or session.worst_pain < PAIN_FROM
    return SessionMinutes(
        values.reshape(len(rows), len(NAMES)),
        [row["speed_m_s"] for row in rows],
        [row["grade_pct"] for row in rows],
        int(summary.get("steps") or 0),
        calm and (quality is None or quality >= QUALITY_FROM),
    )


def _exposure(history: History, past: Sequence[StoredSession], now_utc: float | None) -> Exposure:
    used = next((shoe for shoe in history.shoes() if shoe.in_use), None)
    shoe, shoe_km = (None, None) if used is None else (used.id, used.km)
    if now_utc is None:
        return Exposure(shoe=shoe, shoe_km=shoe_km)
    timed = [(s, now_utc - s.start_utc) for s in past if s.start_utc is not None]
    month = [s.summary or {} for s, ago in timed if ago <= 30 * DAY_S]
    week = [(s, ago) for s, ago in timed if ago <= 7 * DAY_S]
    paces = [
        [minute["speed_m_s"] for minute in history.minutes(s.id) if minute["speed_m_s"] is not None]
        for s, ago in timed
        if ago <= 90 * DAY_S
    ]
    speeds = [speed for minutes in paces for speed in minutes]
    enough = len(speeds) >= 60
    days = {math.floor(ago / DAY_S) for _, ago in week}
    known_for = max((ago for _, ago in timed), default=0.0)
    return Exposure(
        longest_distance_m=max((s["distance_m"] for s in month if s.get("distance_m")), default=None),
        longest_running_s=max((s["running_s"] for s in month if s.get("running_s")), default=None),
        easy_speed_m_s=float(np.quantile(speeds, 0.75)) if enough else None,
        fast_speed_m_s=float(np.quantile(speeds, 0.95)) if enough else None,
        week_distance_m=sum(float((s.summary or {}).get("distance_m") or 0.0) for s, _ in week),
        run_free_days=7 - len(days & set(range(7))) if known_for >= 7 * DAY_S else None,
        shoe=shoe,
        shoe_km=shoe_km,
        sessions=len(paces),
        starts_easy=_starts_easy(paces),
    )


def _starts_easy(paces: Sequence[Sequence[float]]) -> bool | None:
    """Whether more than half of the sessions began with slower minutes than the rest of them."""
    easy = [
        float(np.mean(minutes[:EASY_MINUTES])) < EASY_SHARE * float(np.median(minutes[EASY_MINUTES:]))
        for minutes in paces
        if len(minutes) >= 2 * EASY_MINUTES
    ]
    return sum(easy) > len(easy) / 2 if easy else None
