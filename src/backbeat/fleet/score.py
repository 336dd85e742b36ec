"""What a runner of the team tells a broker, computed once through the real analysis and played by many devices."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from backbeat.events import Alert, Event, Step, Summary
from backbeat.live import Live, LiveState
from backbeat.monitor import Monitor
from backbeat.pipeline import run
from backbeat.samples import Context, Samples, SourceInfo
from backbeat.team.rounds import Rounds
from backbeat.team.runners import TeamRunner

STORY_S = 600.0
"""Ten minutes: every runner of the team has had the story's alerts by then."""

VARIED = {
    "cadence_spm": 0.04,
    "contact_time_ms": 0.05,
    "impact_peak_g": 0.1,
    "impact_left_g": 0.1,
    "impact_right_g": 0.1,
}
"""Figures of `Live`, and by which share they differ from one device to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One session as it is told.

    Attributes:
        name: the runner's.
        info: what the source knows about itself.
        seconds: how long the session is.
        lives: the state of each second.
        steps: in the order in which they became known; times from the session's begin.
        kept: alerts, and the summary last, likewise.
    """

    name: str
    info: SourceInfo
    seconds: float
    lives: Sequence[Live]
    steps: Sequence[Step] = ()
    kept: Sequence[Alert | Summary] = ()

    def varied(self, seed: int) -> Score:
        """The same session of a somewhat different runner."""
        chance = random.Random(seed)
        factors = {name: 1.0 + chance.uniform(-share, share) for name, share in VARIED.items()}
        factors["impact_left_g"] = factors["impact_right_g"] = factors["impact_peak_g"]
        return replace(self, lives=[_varied(live, factors) for live in self.lives])


def compose(runner: TeamRunner, seconds: float = STORY_S) -> Score:
    """Run a runner through the analysis; takes some seconds."""
    source, writer = Rounds(runner, seconds), _Writer()
    run(source, Monitor(source.info), [writer])
    return Score(
        name=runner.name,
        info=source.info,
        seconds=seconds,
        lives=writer.lives,
        steps=writer.steps,
        kept=sorted(writer.kept, key=lambda event: event.known_at),
    )


@dataclass(slots=True)
class _Writer:
    """A consumer that writes down what a publisher would tell."""

    lives: list[Live] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    kept: list[Alert | Summary] = field(default_factory=list)
    _state: LiveState = field(default_factory=LiveState)

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        self.lives += self._state.take(block, events)
        self._note(events)

    def finish(self, events: Sequence[Event]) -> None:
        self._note(events)

    def _note(self, events: Sequence[Event]) -> None:
        self.steps += [event for event in events if isinstance(event, Step)]
        self.kept += [event for event in events if isinstance(event, Alert | Summary)]


def _varied(live: Live, factors: dict[str, float]) -> Live:
    changed = {}
    for name, factor in factors.items():
        value = getattr(live, name)
        if value is not None and math.isfinite(value):
            changed[name] = value * factor
    return replace(live, **changed)
