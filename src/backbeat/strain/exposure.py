"""What the rules about how much, how fast and how often say; they need the runner's history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from backbeat.strain.alerts import Alerts, Finding
from backbeat.strain.baseline import Exposure
from backbeat.strain.blocks import Block
from backbeat.strain.catalogue import ENOUGH_SESSIONS
from backbeat.strain.drift import Change
from backbeat.strain.totals import FIRST_MINUTES_S, Totals

_BEGINS_TO_DRIFT = 1.65
"""Standard errors: one in twenty by chance, which is enough beside an unusual pace."""


def past_longest_pct(exposure: Exposure, totals: Totals) -> float | None:
    """How far this run is beyond the longest of 30 days, %; by distance, or by time where that is not known."""
    distance = totals.distance_known_m
    if distance is not None and exposure.longest_distance_m:
        return 100 * (distance / exposure.longest_distance_m - 1)
    if exposure.longest_running_s:
        return 100 * (totals.running_s / exposure.longest_running_s - 1)
    return None


@dataclass(slots=True)
class ExposureWatch:
    """Remembers what has been told in this session."""

    told: dict[str, float] = field(default_factory=dict)

    def once(self, exposure: Exposure, totals: Totals, alerts: Alerts) -> Iterator[tuple[str, Finding]]:
        """What is told once, when its time has come."""
        known = exposure.sessions >= ENOUGH_SESSIONS
        past = past_longest_pct(exposure, totals)
        if known and past is not None and self._next_level("longest_run", alerts, past):
            yield "longest_run", Finding(True, False, past, 0.0)
        half_hour = alerts.rule("check_in_30").threshold
        if totals.running_s >= half_hour and self._first("check_in_30"):
            yield "check_in_30", Finding(True, False, totals.running_s)
        if totals.running_s >= FIRST_MINUTES_S and self._first("warmup_missing"):
            speed, fast = totals.first_minutes_speed, exposure.fast_speed_m_s
            missed = speed is not None and fast is not None and speed > fast
            if known and exposure.starts_easy and missed:  # who never warms up has not forgotten it
                yield "warmup_missing", Finding(True, False, speed, fast)

    def at_end(self, exposure: Exposure, totals: Totals, alerts: Alerts) -> Iterator[tuple[str, Finding]]:
        """What belongs to the summary."""
        free = exposure.run_free_days
        if free is not None and free < alerts.rule("rest_days").threshold:
            yield "rest_days", Finding(True, False, float(free))
        if exposure.shoe_km is not None:
            worn = exposure.shoe_km + (totals.distance_known_m or 0.0) / 1000
            if any(exposure.shoe_km < level <= worn for level in alerts.rule("shoe_km").levels):
                yield "shoe_km", Finding(True, False, worn)

    def too_fast(self, exposure: Exposure, block: Block, change: Change | None) -> Finding | None:
        """Among the fastest of 90 days while form drifts; None where the pace or its usual is not known."""
        if exposure.fast_speed_m_s is None or block.speed_m_s is None or change is None:
            return None
        if exposure.sessions < ENOUGH_SESSIONS:
            return None
        fast = block.speed_m_s > exposure.fast_speed_m_s
        drifting = change.form_score >= _BEGINS_TO_DRIFT
        return Finding(fast and drifting, not fast, block.speed_m_s, exposure.fast_speed_m_s)

    def _first(self, name: str) -> bool:
        if name in self.told:
            return False
        self.told[name] = 1.0
        return True

    def _next_level(self, name: str, alerts: Alerts, value: float) -> bool:
        reached = max((level for level in alerts.rule(name).levels if value >= level), default=None)
        if reached is None or reached <= self.told.get(name, -1.0):
            return False
        self.told[name] = reached
        return True
