"""The whole evaluation: every recording replayed and scored, and the scores of each set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backbeat.errors import UserError
from backbeat.evaluation.dataset import Labelled
from backbeat.evaluation.found import Found, analysed
from backbeat.evaluation.measures import MEASURES, WALKING_AIMS, WITHOUT_GYROSCOPE, Measure
from backbeat.evaluation.scores import Tally, intervals, scores, tally


@dataclass(frozen=True, slots=True)
class SetResult:
    """One set of recordings.

    Attributes:
        name: of the set.
        walking: whether it is walked, not run.
        recordings: with their truth.
        found: what the analysis found, in the same order.
        tallies: likewise.
        scores: of the set.
        intervals: 95 % intervals by recording, for those scores that have one.
    """

    name: str
    walking: bool
    recordings: Sequence[Labelled]
    found: Sequence[Found]
    tallies: Sequence[Tally]
    scores: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Result:
    """An evaluation."""

    accelerometer_only: bool
    sets: Sequence[SetResult]

    def measure(self, group: SetResult, name: str) -> Measure:
        """The measure with the aim that fits the set."""
        measure = WALKING_AIMS.get(name, MEASURES[name]) if group.walking else MEASURES[name]
        if self.accelerometer_only and name == "side_correct":
            return replace(measure, low=WITHOUT_GYROSCOPE["walking" if group.walking else "running"])
        return measure

    def as_json(self) -> dict[str, Any]:
        """Plain JSON: per set its scores, their intervals and the names of its recordings."""
        return {
            "accelerometer_only": self.accelerometer_only,
            "sets": {
                group.name: {
                    "scores": dict(group.scores),
                    "intervals_95": {name: list(ends) for name, ends in group.intervals.items()},
                    "recordings": [recording.name for recording in group.recordings],
                }
                for group in self.sets
            },
        }


def evaluate(
    recordings: Sequence[Labelled], *, accelerometer_only: bool = False, done: Callable[[Labelled], None] | None = None
) -> Result:
    """Replay and score the recordings; `done` is called after each.

    Raises:
        UserError: a recording cannot be read, or there is nothing to hold any of them against.
    """
    found: dict[str, Found] = {}
    for recording in recordings:
        found[recording.name] = analysed(recording.readings, accelerometer_only=accelerometer_only)
        if done is not None:
            done(recording)
    groups = dict.fromkeys(recording.group for recording in recordings)
    sets = [_set(name, [r for r in recordings if r.group == name], found, accelerometer_only) for name in groups]
    if all(group.scores.get("unscored") == len(group.recordings) for group in sets):
        raise UserError(
            "Nothing here can be scored: give truth.csv contacts after the first 4 s, or meta.toml running_blocks_s; "
            "see docs/validation.md for both."
        )
    return Result(accelerometer_only, sets)


def _set(name: str, recordings: Sequence[Labelled], found: Mapping[str, Found], accelerometer_only: bool) -> SetResult:
    tallies = [tally(r, found[r.name], accelerometer_only=accelerometer_only) for r in recordings]
    return SetResult(
        name=name,
        walking=all("walking" in r.activity and not r.blocks for r in recordings),
        recordings=recordings,
        found=[found[r.name] for r in recordings],
        tallies=tallies,
        scores=scores(tallies),
        intervals=intervals(tallies),
    )
