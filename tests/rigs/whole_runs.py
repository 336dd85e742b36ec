"""Simulated runners through everything: readings, gait, strain, history. Slower than `rigs.alert_trials`, and whole.

A runner has an own level of everything and another one each day; pace and slope change every minute or so.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from backbeat.events import Alert, Event
from backbeat.history.keeper import HistoryKeeper
from backbeat.history.store import History
from backbeat.history.usual import baseline_context
from backbeat.monitor import Monitor
from backbeat.samples import Samples
from backbeat.simulator.programme import Programme, Stretch
from backbeat.simulator.run import SimulatedRun
from backbeat.simulator.runner import Runner
from backbeat.simulator.source import SimulatedSource
from rigs.alert_trials import Tally

FIRST_UTC = 1_750_000_000.0
DAY_S = 86_400.0
SESSION_S = 2400.0
CHANGE_AT_S = 1500.0
FOUND_IN_S = 180.0
STAND_S = 5.0
CHANGES = (4.0, -4.0, 4.0, -4.0)
"""Points by which right against left moves in the last sessions of each runner."""
BLOCK = 2000
WARM_UP_S, WARM_UP_SHARE = 300.0, 0.85
"""Every other runner begins with so long at such a share of the pace."""


@dataclass(frozen=True, slots=True)
class Lopsided(Runner):
    """A runner whose difference of impact between right and left moves at once, by so many points."""

    moved_pct: float = 0.0
    from_s: float = CHANGE_AT_S

    def asymmetry(self, running_s: float) -> float:
        """See `Runner.asymmetry`."""
        return self.impact_asymmetry_pct + (self.moved_pct if running_s >= self.from_s else 0.0)


def as_lopsided(runner: Runner, moved_pct: float, from_s: float = CHANGE_AT_S) -> Lopsided:
    """The same runner with a change to come."""
    return Lopsided(**asdict(runner), moved_pct=moved_pct, from_s=from_s)


def somebody(rng: np.random.Generator) -> Runner:
    """A runner from the population."""
    return Runner(
        cadence_spm=float(rng.normal(170.0, 7.0)),
        contact_time_ms=None,
        impact_g=None,
        impact_asymmetry_pct=float(rng.normal(0.0, 3.0)),
        contact_time_asymmetry_pct=float(rng.normal(0.0, 1.5)),
        braking_g=float(rng.uniform(0.35, 0.65)),
        lean_deg=float(rng.uniform(2.0, 8.0)),
        drop_deg=float(rng.uniform(4.0, 8.0)),
        rotation_deg=float(rng.uniform(2.0, 4.0)),
    )


def today(runner: Runner, rng: np.random.Generator) -> Runner:
    """The runner on one day: levels differ as the analysis believes that they do (`backbeat.strain.measures`)."""
    return replace(
        runner,
        cadence_spm=(runner.cadence_spm or 170.0) * float(np.exp(0.015 * rng.standard_normal())),
        impact_asymmetry_pct=runner.impact_asymmetry_pct + 2.0 * float(rng.standard_normal()),
        drop_deg=runner.drop_deg + 1.0 * float(rng.standard_normal()),
        lean_deg=runner.lean_deg + 0.8 * float(rng.standard_normal()),
    )


def varied(rng: np.random.Generator, seconds: float, *, warms_up: bool = False) -> Programme:
    """Standing, then running at a pace that wanders with some quicker stretches, over rolling hills up to 6 %.

    Who warms up runs the first minutes more slowly.
    """
    base, height = rng.uniform(2.5, 3.3), rng.uniform(1.0, 6.0)
    phase, length = rng.uniform(0.0, 6.3), rng.uniform(120.0, 400.0)
    stretches, at = [Stretch("stand", STAND_S)], 0.0
    while at < seconds:
        lasts = min(float(rng.uniform(30.0, 90.0)), seconds - at + 1.0)
        quick = 0.5 if rng.random() < 0.08 else 0.0
        speed = base * (1.0 + 0.04 * float(rng.standard_normal())) + quick
        speed *= WARM_UP_SHARE if warms_up and at < WARM_UP_S else 1.0
        grade = height * float(np.sin(phase + at / length * 2.0 * np.pi))
        stretches.append(Stretch("run", lasts, round(speed, 2), round(grade, 1)))
        at += lasts
    return stretches


def session(run: SimulatedRun, file: Path, name: str, day: float) -> list[Event]:
    """Run it against the runner's own usual so far, and keep it."""
    source = SimulatedSource(run, BLOCK)
    utc = FIRST_UTC + day * DAY_S
    info = replace(source.info, utc_offset_s=utc)
    monitor = Monitor(info, session=name)
    troubles: list[str] = []
    with History(file) as history:
        usual = baseline_context(history, info.position, 0.0, utc)
        monitor.feed(usual)
        keeper = HistoryKeeper(history, info, troubles.append)
        told: list[Event] = []
        for block in source:
            events = monitor.feed(block)
            keeper.take(block, events)
            told += events
        last = monitor.end()
        keeper.take(Samples.of(np.empty(0), np.empty((0, 3))), last)
        told += last
    assert troubles == []
    return told


@dataclass
class Whole:
    """What came out."""

    hours: float = 0.0
    false: Counter[str] = field(default_factory=Counter)
    asymmetry: Tally = field(default_factory=Tally)
    people: int = 0
    sessions: int = 0

    def add(self, other: Whole) -> None:
        """Other runners join."""
        self.hours += other.hours
        self.false += other.false
        self.asymmetry.add(other.asymmetry)
        self.people += other.people
        self.sessions += other.sessions


def raised(events: list[Event]) -> list[Alert]:
    """Alerts that were raised."""
    return [event for event in events if isinstance(event, Alert) and event.state == "raised"]


def runs_of(number: int, sessions: int, folder: Path, seed: int) -> Whole:
    """One runner runs so many uneventful sessions, then some with a change of right against left."""
    out = Whole(people=1)
    rng = np.random.default_rng([seed, number])
    who, file = somebody(rng), folder / f"r{number}.sqlite"
    warms_up = number % 2 == 1
    for k in range(sessions):
        who_now, programme = today(who, rng), varied(rng, SESSION_S, warms_up=warms_up)
        run = SimulatedRun(who_now, programme, seed=int(rng.integers(1 << 40)))
        told = session(run, file, f"s{k}", 3.0 * k)
        out.false.update(alert.alert for alert in raised(told))
        out.hours += SESSION_S / 3600
        out.sessions += 1
    for k, moved in enumerate(CHANGES):
        copy = Path(shutil.copy(file, folder / f"r{number}-{k}.sqlite"))  # what changed teaches nothing about usual
        who_now = as_lopsided(today(who, rng), moved)
        programme = varied(rng, CHANGE_AT_S + 300.0, warms_up=warms_up)
        run = SimulatedRun(who_now, programme, seed=int(rng.integers(1 << 40)))
        told = raised(session(run, copy, f"c{k}", 3.0 * sessions))
        out.asymmetry.take(told, ("asymmetry_change",), FOUND_IN_S + STAND_S)
        out.false.update(alert.alert for alert in told if alert.known_at <= CHANGE_AT_S)
        out.hours += CHANGE_AT_S / 3600
    return out


def whole_runs(
    people: int, sessions: int, folder: Path, seed: int, workers: int = 1, progress: Callable[[], None] = lambda: None
) -> Whole:
    """So many runners, each independent of the others; `progress` is told of each that is through."""
    out = Whole()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(runs_of, k, sessions, folder, seed) for k in range(people)]):
            out.add(done.result())
            progress()
    return out
