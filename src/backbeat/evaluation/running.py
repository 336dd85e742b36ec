"""Running time found, and time wrongly called running."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backbeat.evaluation.dataset import Labelled
from backbeat.evaluation.found import Found, FoundActivity

EDGE_S = 5.0
"""Either side of a block of running that is not counted as false."""


@dataclass(frozen=True, slots=True)
class RunningTally:
    """Seconds: true running, how much of it was found, everything else, and how much of that was called running."""

    true_s: float = 0.0
    found_s: float = 0.0
    other_s: float = 0.0
    false_s: float = 0.0


def seconds_of_running(activities: Sequence[FoundActivity], begin: float, end: float) -> float:
    """Seconds between begin and end that were called running."""
    return sum(max(0.0, min(end, a.end) - max(begin, a.start)) for a in activities if a.activity == "running")


def score_running(found: Found, recording: Labelled, warm_up_s: float) -> RunningTally:
    """Score the activities of one recording by its blocks of sure running."""

    def called(begin: float, end: float) -> float:
        return seconds_of_running(found.activities, begin, end)

    activity, last = recording.activity, found.last
    no_running = "walking" in activity or "stairs" in activity or activity in ("jump", "stumble")
    if recording.blocks or no_running:
        inside = sum(called(a, b) for a, b in recording.blocks)
        edges = sum(called(max(0.0, a - EDGE_S), a) + called(b, b + EDGE_S) for a, b in recording.blocks)
        unsure = sum(called(a, b) for a, b in recording.unsure)
        true = sum(b - a for a, b in recording.blocks)
        return RunningTally(
            true_s=true,
            found_s=inside,
            other_s=last - true - sum(b - a for a, b in recording.unsure),
            false_s=called(0.0, last) - inside - edges - unsure,
        )
    if "jog" in activity:
        return RunningTally(true_s=last - warm_up_s, found_s=called(warm_up_s, last))
    return RunningTally()
