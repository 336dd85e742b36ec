"""Sessions for a fleet that need no analysis: some alerts and a summary within a minute."""

from __future__ import annotations

from backbeat.fleet.score import Score
from backbeat.live import Live
from rigs.runs import INFO, alert, step, summary

SECONDS = 60.0


def score(alerts: int = 4) -> Score:
    """A session of a minute with so many alerts, evenly spread."""
    every = SECONDS / (alerts + 1)
    return Score(
        name="Sam",
        info=INFO,
        seconds=SECONDS,
        lives=[
            Live(
                time=float(t), state="running", cadence_spm=170.0, contact_time_ms=240.0, impact_peak_g=3.0, steps=3 * t
            )
            for t in range(int(SECONDS))
        ],
        steps=[step(t / 3.0) for t in range(int(3 * SECONDS))],
        kept=[*(alert((n + 1) * every) for n in range(alerts)), summary(SECONDS)],
    )
