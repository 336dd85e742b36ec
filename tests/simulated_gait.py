"""Simulated runs through the gait engine, compared with what really happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from backbeat.events import ActivityChange, Step
from backbeat.gait.analysis import GaitEvent
from backbeat.gait.engine import Engine, GaitSettings
from backbeat.samples import Samples, SourceInfo
from backbeat.simulator import SimulatedRun
from backbeat.simulator.source import SimulatedSource, open_simulator

ESTABLISHED_S = 6.0
"""Seconds from the begin of a bout in which the analysis may still be finding its feet."""


def run_of(query: str) -> SimulatedRun:
    """The run behind `sim:?query`."""
    return open_simulator(f"sim:?{query}").run


def analysed(run: SimulatedRun, samples: Samples | None = None, cuts: Iterable[int] = ()) -> list[GaitEvent]:
    """The engine's events for a run, or for readings made from it; fed in the parts that the cuts make."""
    block = run.samples() if samples is None else samples
    engine = Engine(info_of(run, block), GaitSettings())
    events: list[GaitEvent] = []
    ends = [*sorted(cuts), len(block)]
    begin = 0
    for end in ends:
        events += engine.feed(block[begin:end])
        begin = end
    return [*events, *engine.end()]


def info_of(run: SimulatedRun, samples: Samples) -> SourceInfo:
    info = SimulatedSource(run).info
    return info if samples.gyr is not None else replace(info, gyr_range_dps=None, gyr_scale=None)


def steps_of(events: Iterable[object]) -> list[Step]:
    return sorted((e for e in events if isinstance(e, Step)), key=lambda step: step.time)


def seconds_of(events: Iterable[object], activity: str, begin: float = 0.0, end: float = np.inf) -> float:
    changes = [e for e in events if isinstance(e, ActivityChange) and e.activity == activity]
    return sum(max(0.0, min(c.end, end) - max(c.start, begin)) for c in changes)


@dataclass(frozen=True)
class Agreement:
    """How well found running steps agree with the true ones of some stretch."""

    true: int
    missed: int
    extra: int
    sides_right: int
    errors_ms: np.ndarray
    toe_off_errors_ms: np.ndarray

    @property
    def f1(self) -> float:
        hit = self.true - self.missed
        return 2 * hit / max(1, 2 * hit + self.missed + self.extra)

    @property
    def side_share(self) -> float:
        return self.sides_right / max(1, self.true - self.missed)

    def __str__(self) -> str:
        return (
            f"{self.true} true, {self.missed} missed, {self.extra} extra, F1 {self.f1:.4f}, "
            f"sides {self.side_share:.3f}, contact {np.mean(self.errors_ms):.1f}±{np.std(self.errors_ms):.1f} ms, "
            f"toe-off {np.mean(self.toe_off_errors_ms):.1f}±{np.std(self.toe_off_errors_ms):.1f} ms"
        )


def compare(
    run: SimulatedRun, events: Sequence[object], begin: float, end: float, activity: str = "running"
) -> Agreement:
    """Match found steps with the true ones that lie between begin and end, within 80 ms."""
    true = [s for s in run.steps() if begin <= s.time <= end and s.activity == activity]
    found = [s for s in steps_of(events) if begin - 0.08 <= s.time <= end + 0.08 and s.activity == activity]
    times = np.array([s.time for s in found])
    matched: dict[int, int] = {}
    for j, step in enumerate(true):
        if len(times):
            i = int(np.argmin(np.abs(times - step.time)))
            if abs(times[i] - step.time) < 0.08 and i not in matched:
                matched[i] = j
    inside = [i for i, s in enumerate(found) if begin + 0.08 <= s.time <= end - 0.08]
    pairs = [(found[i], true[j]) for i, j in matched.items()]
    return Agreement(
        true=len(true),
        missed=len(true) - len(matched),
        extra=sum(1 for i in inside if i not in matched),
        sides_right=sum(1 for f, t in pairs if f.side == t.side),
        errors_ms=np.array([1e3 * (f.time - t.time) for f, t in pairs]),
        toe_off_errors_ms=np.array([1e3 * (f.toe_off - t.toe_off) for f, t in pairs if f.toe_off is not None]),
    )
