"""Sessions for a fleet that need no analysis: some alerts and a summary within a minute or some."""

from __future__ import annotations

from backbeat.fleet.score import Score
from backbeat.live import Live
from rigs.runs import INFO, alert, step, summary


def score(alerts: int = 4, seconds: float = 60.0) -> Score:
    """A session of a minute, or so long, with so many alerts, evenly spread."""
    every = seconds / (alerts + 1)
    return Score(
        name="Sam",
        info=INFO,
        seconds=seconds,
        lives=[
            Live(
                time=float(t), state="running", cadence_spm=170.0, contact_time_ms=240.0, impact_peak_g=3.0, steps=3 * t
            )
            for t in range(int(seconds))
        ],
        steps=[step(t / 3.0) for t in range(int(3 * seconds))],
        kept=[*(alert((n + 1) * every) for n in range(alerts)), summary(seconds)],
    )
