"""The runner's own usual: what each measure is at a given pace and slope, and how much it moves by itself.

A robust regression (Huber 1964, doi:10.1214/aoms/1177703732) over the minutes of past sessions, each with its own
level, shrunk to the population (`backbeat.strain.measures`) by the rules of Bayes: with few sessions the population
decides, with many the runner does. Old sessions fade with a half-life. The level may not move further than one SD
between sessions from a reference that is frozen once the baseline is established, so that a slow decline cannot become
usual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np

from backbeat.samples import FloatArray, JsonValue
from backbeat.strain.measures import NAMES, PRIORS, covariates, to_model

State = Literal["learning", "provisional", "established"]
PROVISIONAL_SESSIONS = 5
ESTABLISHED_SESSIONS = 10
LEAST_STEPS = 3000
PRIOR_SESSIONS = 3.0
"""The population counts as much as this many sessions where spreads are estimated."""
_BETWEEN_PEOPLE = 0.5
_HUBER = 1.345  # 95 % efficiency where the noise is normal


@dataclass(frozen=True, slots=True)
class SessionMinutes:
    """A past session as the baseline needs it.

    Attributes:
        values: shape (minutes, measures), one-minute means in natural units, NaN where unknown.
        speed_m_s: for each minute, None where unknown.
        grade_pct: likewise.
        steps: running steps of the session.
        usable: False with pain of 3 or more, or a bad signal: such a session teaches nothing about usual.
    """

    values: FloatArray
    speed_m_s: Sequence[float | None]
    grade_pct: Sequence[float | None]
    steps: int
    usable: bool = True


@dataclass(frozen=True, slots=True)
class Exposure:
    """What the runner has done lately, as the history knows it; None where it does not.

    Attributes:
        longest_distance_m: of one session in the last 30 days.
        longest_running_s: likewise, in running time.
        easy_speed_m_s: three quarters of the runner's minutes in 90 days were slower.
        fast_speed_m_s: 95 % of them were slower.
        week_distance_m: run in those seven days; shown and never weighed.
        run_free_days: in the seven days before this session.
        shoe: id of the pair in use.
        shoe_km: its kilometres before this session.
        sessions: of the last 90 days; few of them make no longest and no fastest worth an alert.
        starts_easy: whether most of them began with easy minutes; None where none was long enough to tell.
    """

    longest_distance_m: float | None = None
    longest_running_s: float | None = None
    easy_speed_m_s: float | None = None
    fast_speed_m_s: float | None = None
    week_distance_m: float | None = None
    run_free_days: int | None = None
    shoe: str | None = None
    shoe_km: float | None = None
    sessions: int = 0
    starts_easy: bool | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What is usual, on the scale of the model.

    Attributes:
        state: how well it is known.
        sessions: usable ones behind it.
        mean: shape (measures, 4), the terms of `backbeat.strain.measures.COVARIATES`.
        cov: shape (measures, 4, 4), their uncertainty, the level's wandering from session to session included.
        within: shape (measures,), SD of one-minute means in a session.
        between: shape (measures,), SD of the level from session to session.
        exposure: what the runner has done lately.
    """

    state: State
    sessions: int
    mean: FloatArray
    cov: FloatArray
    within: FloatArray
    between: FloatArray
    exposure: Exposure

    def prior(self) -> tuple[FloatArray, FloatArray]:
        """Copies of mean and cov, for a run to learn on."""
        return self.mean.copy(), self.cov.copy()

    def as_json(self) -> dict[str, JsonValue]:
        """Plain values, for a `Context` and for keeping."""
        measures: dict[str, JsonValue] = {
            name: {
                "mean": [float(v) for v in self.mean[i]],
                "cov": [[float(v) for v in row] for row in self.cov[i]],
                "within": float(self.within[i]),
                "between": float(self.between[i]),
            }
            for i, name in enumerate(NAMES)
        }
        exposure: dict[str, JsonValue] = {name: getattr(self.exposure, name) for name in Exposure.__dataclass_fields__}
        return {
            "version": 1,
            "state": self.state,
            "sessions": self.sessions,
            "measures": measures,
            "exposure": exposure,
        }

    @classmethod
    def from_json(cls, value: JsonValue) -> Baseline:
        """The baseline that `as_json` wrote; measures it does not know keep the population's.

        Raises:
            ValueError: it is not one.
        """
        try:
            known = cast("Mapping[str, Any]", value)
            found = population(Exposure(**known["exposure"]))
            for name, one in cast("Mapping[str, Mapping[str, Any]]", known["measures"]).items():
                if name in NAMES:
                    i = NAMES.index(name)
                    found.mean[i] = one["mean"]
                    found.cov[i] = one["cov"]
                    found.within[i] = one["within"]
                    found.between[i] = one["between"]
            state = cast("State", known["state"])
            sessions = int(known["sessions"])
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"this is not a baseline: {error}") from error
        return cls(state, sessions, found.mean, found.cov, found.within, found.between, found.exposure)


def population(exposure: Exposure | None = None) -> Baseline:
    """What is usual for a runner never seen before: slopes and spreads are known a little, levels hardly."""
    n = len(PRIORS)
    mean, cov = np.zeros((n, 4)), np.zeros((n, 4, 4))
    for i, p in enumerate(PRIORS):
        level = np.log(p.typical) if p.logarithmic else p.typical
        spread = _BETWEEN_PEOPLE if p.logarithmic else 10 * p.between
        mean[i] = [level, p.pace[0], p.uphill[0], p.downhill[0]]
        cov[i] = np.diag(np.square([spread, p.pace[1], p.uphill[1], p.downhill[1]]))
    within, between = np.array([p.within for p in PRIORS]), np.array([p.between for p in PRIORS])
    return Baseline("learning", 0, mean, cov, within, between, exposure or Exposure())


def fit(
    sessions: Sequence[SessionMinutes], exposure: Exposure | None = None, *, half_life_sessions: float = 20.0
) -> Baseline:
    """The baseline that past sessions give, oldest first.

    Args:
        sessions: all of them; those that are not usable are left out here.
        exposure: passed on.
        half_life_sessions: a session counts half after this many later ones.
    """
    used = [s for s in sessions if s.usable and len(s.values)]
    start = population(exposure)
    if not used:
        return start
    mean, cov, within, between = start.mean, start.cov, start.within, start.between
    tables = [to_model(s.values) for s in used]
    rows = [_rows(s) for s in used]
    fade = 0.5 ** (np.arange(len(used))[::-1] / half_life_sessions)
    for i in range(len(NAMES)):
        one = _Measure(mean[i], cov[i], float(within[i]), float(between[i]))
        one.fit([t[:, i] for t in tables], rows, fade)
        mean[i], cov[i], within[i], between[i] = one.mean, one.cov, one.within, one.between
    steps = sum(s.steps for s in used)
    state: State = "established" if len(used) >= ESTABLISHED_SESSIONS else "provisional"
    if len(used) < PROVISIONAL_SESSIONS or steps < LEAST_STEPS:
        state = "learning"
    return Baseline(state, len(used), mean, cov, within, between, start.exposure)


def _rows(session: SessionMinutes) -> FloatArray:
    cadence = session.values[:, NAMES.index("cadence_spm")]
    return np.array(
        [
            covariates(speed, None if np.isnan(c) else float(c), grade)
            for speed, grade, c in zip(session.speed_m_s, session.grade_pct, cadence, strict=True)
        ]
    )


@dataclass(slots=True)
class _Measure:
    """The model of one measure while it is being fitted."""

    mean: FloatArray
    cov: FloatArray
    within: float
    between: float
    first_between: float = 0.0

    def fit(self, tables: list[FloatArray], rows: list[FloatArray], fade: FloatArray) -> None:
        known = [~np.isnan(t) for t in tables]
        kept = [k for k, ok in enumerate(known) if ok.sum() >= 3]
        if not kept:
            return
        y = [tables[k][known[k]] for k in kept]
        x = [rows[k][known[k]][:, 1:] for k in kept]
        fade = fade[kept]
        slopes, slope_cov = self._slopes(y, x, fade)
        residuals = [yy - xx @ slopes for yy, xx in zip(y, x, strict=True)]
        levels = np.array([_huber_mean(r, self.within) for r in residuals])
        self._spreads(residuals, levels, fade)
        level, level_variance = self._level(levels, fade)
        self.mean = np.array([level, *slopes])
        self.cov = np.zeros((4, 4))
        self.cov[0, 0] = self.between**2 + level_variance
        self.cov[1:, 1:] = slope_cov

    def _slopes(self, y: list[FloatArray], x: list[FloatArray], fade: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Slopes within sessions: a session's own level cannot pass for an effect of pace or grade."""
        prior, precision = self.mean[1:], np.linalg.inv(self.cov[1:, 1:])
        slopes = prior
        information = precision
        for _ in range(10):
            information, pull = precision.copy(), precision @ prior
            for yy, xx, weight in zip(y, x, fade, strict=True):
                residual = yy - xx @ slopes
                huber = _huber_weights(residual - np.median(residual), self.within) * weight / self.within**2
                centre_x, centre_y = np.average(xx, axis=0, weights=huber), np.average(yy, weights=huber)
                dx = xx - centre_x
                information += dx.T @ (dx * huber[:, None])
                pull += dx.T @ ((yy - centre_y) * huber)
            slopes = np.linalg.solve(information, pull)
        return slopes, np.linalg.inv(information)

    def _spreads(self, residuals: list[FloatArray], levels: FloatArray, fade: FloatArray) -> None:
        squares = [
            float(np.mean(np.minimum((r - level) ** 2, (3 * self.within) ** 2 * 4)))
            for r, level in zip(residuals, levels, strict=True)
        ]
        total = float(fade.sum())
        self.within = float(
            np.sqrt((PRIOR_SESSIONS * self.within**2 + float(fade @ squares)) / (PRIOR_SESSIONS + total))
        )
        centre = _huber_mean(levels, self.between, fade)
        far = np.minimum((levels - centre) ** 2, (3 * self.between) ** 2 * 4)
        self.first_between, prior = self.between, self.between**2
        if len(levels) > ESTABLISHED_SESSIONS:
            first = levels[:ESTABLISHED_SESSIONS]
            spread = float(np.sum(np.minimum((first - _huber_mean(first, self.between)) ** 2, 36 * prior)))
            self.first_between = float(
                np.sqrt((PRIOR_SESSIONS * prior + spread) / (PRIOR_SESSIONS + ESTABLISHED_SESSIONS))
            )
        self.between = float(np.sqrt((PRIOR_SESSIONS * prior + float(fade @ far)) / (PRIOR_SESSIONS + total)))
        if len(levels) > ESTABLISHED_SESSIONS:
            # a level that creeps would pass for a wide spread, in which nothing is unusual any more
            self.between = min(self.between, 1.5 * self.first_between)

    def _level(self, levels: FloatArray, fade: FloatArray) -> tuple[float, float]:
        centre = _huber_mean(levels, self.between, fade)
        variance = self.between**2 * float(fade @ fade) / float(fade.sum()) ** 2
        shrink = float(self.cov[0, 0]) / (float(self.cov[0, 0]) + variance)
        level = shrink * centre + (1 - shrink) * float(self.mean[0])
        if len(levels) >= ESTABLISHED_SESSIONS:
            frozen = _huber_mean(levels[:ESTABLISHED_SESSIONS], self.between)
            level = min(max(level, frozen - self.first_between), frozen + self.first_between)
        return level, shrink * variance


def _huber_weights(residual: FloatArray, scale: float) -> FloatArray:
    size = np.abs(residual) / scale
    return np.where(size > _HUBER, _HUBER / np.maximum(size, _HUBER), 1.0)


def _huber_mean(values: FloatArray, scale: float, weights: FloatArray | None = None) -> float:
    weights = np.ones(len(values)) if weights is None else weights
    centre = float(np.median(values))
    for _ in range(10):
        w = weights * _huber_weights(values - centre, scale)
        centre = float(np.average(values, weights=w))
    return centre
