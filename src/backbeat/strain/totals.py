"""A session in one message: medians, sums and times, in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from backbeat.events import Index, SignalQuality, Step, Summary, Symmetry
from backbeat.strain.blocks import LONGEST_STEP_S
from backbeat.strain.load import Load
from backbeat.strain.measures import STEP_NAMES
from backbeat.strain.statistics import Quantiles

STEEP_PCT = 5.0
FIRST_MINUTES_S = 300.0
"""The start of a run, in which it should be easy."""
_NAN = math.nan


@dataclass(slots=True)
class Totals:
    """Everything that a summary adds up."""

    start: float | None = None
    last: float = _NAN
    last_walking: float = _NAN
    running_s: float = 0.0
    walking_s: float = 0.0
    distance_m: float = 0.0
    speed_known_s: float = 0.0
    grade_known: bool = False
    uphill_s: float = 0.0
    downhill_s: float = 0.0
    hard_landings: int = 0
    first_minutes_speed: float | None = None
    load: Load = field(default_factory=Load)
    quantiles: dict[str, Quantiles] = field(default_factory=lambda: {n: Quantiles() for n in STEP_NAMES})
    quality_sum: float = 0.0
    quality_s: float = 0.0

    def running(self, step: Step, quality: float) -> None:
        """Take a running step."""
        if self.start is None:
            self.start = step.time
        elapsed = step.time - self.last
        if elapsed <= LONGEST_STEP_S:
            self.running_s += elapsed
            self.quality_sum += quality * elapsed
            self.quality_s += elapsed
            if step.speed_m_s is not None:
                self.distance_m += step.speed_m_s * elapsed
                self.speed_known_s += elapsed
            if step.grade_pct is not None:
                self.grade_known = True
                if step.grade_pct >= STEEP_PCT:
                    self.uphill_s += elapsed
                elif step.grade_pct <= -STEEP_PCT:
                    self.downhill_s += elapsed
            if self.first_minutes_speed is None and self.running_s >= FIRST_MINUTES_S <= 1.1 * self.speed_known_s:
                self.first_minutes_speed = self.distance_m / self.speed_known_s
        self.last = step.time
        self.load.add(step)

    def walking(self, step: Step) -> None:
        """Take a walking step."""
        elapsed = step.time - self.last_walking
        if elapsed <= 2 * LONGEST_STEP_S:
            self.walking_s += elapsed
        self.last_walking = step.time

    def values(self, rows: list[tuple[float | None, ...]]) -> None:
        """Take the watched measures of running steps, in the order of `STEP_NAMES`."""
        if not rows:
            return
        for name, column in zip(STEP_NAMES, zip(*rows, strict=True), strict=True):
            self.quantiles[name].extend([v for v in column if v is not None])

    @property
    def distance_known_m(self) -> float | None:
        """Distance, None where the speed was known for less than nine tenths of the running."""
        if self.running_s <= 0 or self.speed_known_s < 0.9 * self.running_s:
            return None
        return self.distance_m

    def summary(
        self,
        session: str,
        end: float,
        known_at: float,
        *,
        symmetry: Symmetry | None,
        index: Index | None,
        alerts: Mapping[str, int],
        gaps_s: float,
        signal: SignalQuality | None,
    ) -> Summary:
        """The message."""
        median = {name: sketch.quantile(0.5) for name, sketch in self.quantiles.items()}
        loads = self.load.totals
        return Summary(
            session=session,
            start=end if self.start is None else self.start,
            end=end,
            known_at=known_at,
            running_s=self.running_s,
            walking_s=self.walking_s,
            steps=self.load.steps,
            cadence_spm=median["cadence_spm"],
            contact_time_ms=median["contact_time_ms"],
            flight_time_ms=median["flight_time_ms"],
            duty_factor_pct=median["duty_factor_pct"],
            impact_peak_g=median["impact_peak_g"],
            impact_peak_p95_g=self.quantiles["impact_peak_g"].quantile(0.95),
            impact_rate_g_s=median["impact_rate_g_s"],
            peak_force_bw=median["peak_force_bw"],
            vertical_oscillation_cm=median["vertical_oscillation_cm"],
            braking_m_s=median["braking_m_s"],
            vertical_stiffness_bw_m=median["vertical_stiffness_bw_m"],
            pelvic_drop_deg=median["pelvic_drop_deg"],
            pelvic_rotation_range_deg=median["pelvic_rotation_range_deg"],
            cumulative_load_bw=None if loads is None else loads[0],
            cumulative_load_bw4=None if loads is None else loads[1],
            distance_m=self.distance_known_m,
            uphill_s=self.uphill_s if self.grade_known else None,
            downhill_s=self.downhill_s if self.grade_known else None,
            hard_landings=self.hard_landings,
            symmetry=symmetry,
            index=index,
            alerts=dict(alerts),
            signal_quality=self.quality_sum / self.quality_s if self.quality_s else None,
            gaps_s=gaps_s,
            absent={} if signal is None else dict(signal.absent),
        )
