"""Alerts on simulated runners over 60 sessions each: what is found how soon, and how often nothing is "found".

The runners give blocks of 20 s instead of steps, so that hundreds of hours take minutes; their noise is that of
`rigs.steps` averaged over a block (tests/strain/test_alert_targets.py holds the two together). Everything after the
block is the real thing: deviation, drift, rules, alerts, and a baseline fitted to the runner's own sessions.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from backbeat.events import Alert
from backbeat.strain.baseline import Baseline, SessionMinutes, fit
from backbeat.strain.blocks import Block
from backbeat.strain.engine import Known, Strain
from backbeat.strain.measures import LOGARITHMIC, NAMES, POSITION, PRIORS, TIRES, covariates
from backbeat.strain.settings import StrainSettings
from rigs.steps import STEP_SPREAD, varied_grade, varied_speed

BLOCK_S = 20.0
STEPS = 57
WITHIN = np.array([p.within for p in PRIORS])
BETWEEN = np.array([p.between for p in PRIORS])
CORRELATION = 0.3
STEP_NOISE = np.array([STEP_SPREAD[name] for name in NAMES[:-1]] + [0.0])
BLOCK_NOISE = STEP_NOISE * math.sqrt((1 + CORRELATION) / (1 - CORRELATION) / STEPS)
BLOCK_NOISE[-1] = 1.2
WANDER, WANDER_S = 0.6, 240.0
CHANGE_AT_S = 1500.0


@dataclass
class Person:
    """Someone drawn from the population, with an own level and own effects of pace and slope."""

    seed: int
    rng: np.random.Generator = field(init=False)
    terms: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        middle = [
            [math.log(p.typical) if p.logarithmic else p.typical, p.pace[0], p.uphill[0], p.downhill[0]] for p in PRIORS
        ]
        spread = [[0.15 if p.logarithmic else p.between, p.pace[1], p.uphill[1], p.downhill[1]] for p in PRIORS]
        self.terms = np.array(middle) + np.array(spread) * self.rng.standard_normal((len(PRIORS), 4))

    def run(
        self, seconds: float, shift: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, list[float], list[float]]:
        """A session: conditions and values of each block on the model's scale, speeds and slopes."""
        n, seed = int(seconds / BLOCK_S), int(self.rng.integers(1_000_000_000))
        speed, grade = varied_speed(seed), varied_grade(seed)
        middles = (np.arange(n) + 0.5) * BLOCK_S
        speeds, grades = [float(speed(t)) for t in middles], [float(grade(t)) for t in middles]
        rows = np.array([covariates(v, None, g) for v, g in zip(speeds, grades, strict=True)])
        keep = math.exp(-BLOCK_S / WANDER_S)
        wander = self.rng.standard_normal((n, len(NAMES)))
        for k in range(1, n):
            wander[k] = keep * wander[k - 1] + math.sqrt(1 - keep * keep) * wander[k]
        values = rows @ self.terms.T + BETWEEN * self.rng.standard_normal(len(NAMES))
        values += WANDER * WITHIN * wander + BLOCK_NOISE * self.rng.standard_normal((n, len(NAMES)))
        if shift is not None:
            values[int(CHANGE_AT_S / BLOCK_S) :] += shift
        return rows, values, speeds, grades


def from_model(values: np.ndarray) -> np.ndarray:
    """Back from the model's scale."""
    return np.where(LOGARITHMIC, np.exp(np.where(LOGARITHMIC, values, 0.0)), values)


def minutes(values: np.ndarray, speeds: list[float], grades: list[float]) -> SessionMinutes:
    """One-minute means as the history keeps them."""
    whole = len(values) // 3 * 3
    means = values[:whole].reshape(-1, 3, len(NAMES)).mean(axis=1)
    by_minute = [np.array(x[:whole]).reshape(-1, 3).mean(axis=1).tolist() for x in (speeds, grades)]
    return SessionMinutes(from_model(means), by_minute[0], by_minute[1], STEPS * whole)


def alerts_of(run: tuple[np.ndarray, np.ndarray, list[float], list[float]], baseline: Baseline) -> list[Alert]:
    """What the analysis raises in a session."""
    strain = Strain(StrainSettings(), Known("sacrum", baseline))
    raised: list[Alert] = []
    _, values, speeds, grades = run
    for k, (value, speed, grade) in enumerate(zip(values, speeds, grades, strict=True)):
        end = (k + 1) * BLOCK_S
        natural = from_model(value)
        block = Block(k * BLOCK_S, end, end, BLOCK_S, STEPS, natural, speed, grade, speed * BLOCK_S, [])
        raised += [a for a in strain.judge_block(block) if a.state == "raised"]
    return raised


@dataclass
class Tally:
    """Found within the time, out of how many; and false alerts in how many hours."""

    found: int = 0
    runs: int = 0
    delays: list[float] = field(default_factory=list)

    def take(self, alerts: list[Alert], names: tuple[str, ...], within_s: float) -> None:
        """Count a run."""
        self.runs += 1
        after = [a.known_at - CHANGE_AT_S for a in alerts if a.alert in names and a.known_at > CHANGE_AT_S]
        if after:
            self.delays.append(min(after))
            self.found += min(after) <= within_s

    def add(self, other: Tally) -> None:
        """Count the runs of another."""
        self.found += other.found
        self.runs += other.runs
        self.delays += other.delays

    def share(self) -> tuple[float, float, float]:
        """Share found with its 95 % interval (Wilson 1927)."""
        return wilson(self.found, self.runs)


def wilson(found: int, runs: int) -> tuple[float, float, float]:
    """A share and its 95 % interval."""
    z, p = 1.96, found / runs
    centre = (p + z * z / (2 * runs)) / (1 + z * z / runs)
    half = z * math.sqrt(p * (1 - p) / runs + z * z / (4 * runs * runs)) / (1 + z * z / runs)
    return p, centre - half, centre + half


@dataclass
class Trials:
    """All results."""

    drift_pooled: Tally = field(default_factory=Tally)
    drift_strict: Tally = field(default_factory=Tally)
    one_measure: Tally = field(default_factory=Tally)
    asymmetry: Tally = field(default_factory=Tally)
    false: Counter[str] = field(default_factory=Counter)
    hours: float = 0.0
    people: int = 0

    def uneventful(self, alerts: list[Alert], until_s: float) -> None:
        """Count what was raised while nothing had changed."""
        self.false.update(a.alert for a in alerts if a.known_at <= until_s)
        self.hours += until_s / 3600


def trials(people: int, progress: Callable[[int], None] = lambda _: None, seed: int = 0) -> Trials:
    """Sixty sessions each: 30 to learn from, 24 with a change of known size, 6 of an hour without any."""
    out = Trials()
    for number in range(people):
        who = Person(1000 * seed + number)
        past = [who.run(2400.0) for _ in range(30)]
        baseline = fit([minutes(values, speeds, grades) for _, values, speeds, grades in past])
        residuals = [
            (values - rows @ who.terms.T)[: len(values) // 3 * 3].reshape(-1, 3, len(NAMES)).mean(axis=1)
            for rows, values, *_ in past
        ]
        pooled = np.concatenate(residuals).std(axis=0)
        strict = np.concatenate([r - r.mean(axis=0) for r in residuals]).std(axis=0)
        impact = np.where(np.array(NAMES) == "impact_peak_g", 1.0, 0.0)
        long = CHANGE_AT_S + 900.0
        for tally, shift, names, within_s in (
            (out.drift_pooled, 0.5 * pooled * TIRES, ("form_drift",), 300.0),
            (out.drift_strict, 0.5 * strict * TIRES, ("form_drift",), 300.0),
            (out.one_measure, 0.5 * pooled * impact, ("impact_high", "form_drift"), 300.0),
        ):
            for _ in range(6):
                alerts = alerts_of(who.run(long, shift), baseline)
                tally.take(alerts, names, within_s)
                out.uneventful(alerts, CHANGE_AT_S)
        for k in range(6):
            shift = np.zeros(len(NAMES))
            shift[POSITION["impact_pct"]] = 4.0 if k % 2 else -4.0
            alerts = alerts_of(who.run(long, shift), baseline)
            out.asymmetry.take(alerts, ("asymmetry_change",), 180.0)
            out.uneventful(alerts, CHANGE_AT_S)
        for _ in range(6):
            out.uneventful(alerts_of(who.run(3600.0), baseline), 3600.0)
        out.people += 1
        progress(number)
    return out
