"""Alerts through the whole analysis, for docs/validation.md: python tests/benchmarks/alerts_whole.py [--people N] …

Prints its section; an hour of running takes some 8 s of processor.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rich.progress import Progress

from benchmarks.alerts import poisson_interval
from rigs.whole_runs import CHANGES, SESSION_S, Whole, whole_runs

FACTS = frozenset({"warmup_missing", "longest_run", "too_fast"})
"""Told of pace and distance against the runner's history: true of the run, whatever else happened in it."""


def section(whole: Whole, sessions: int, command: str) -> str:
    """The text."""
    wrong = Counter({name: n for name, n in whole.false.items() if name not in FACTS})
    facts = Counter({name: n for name, n in whole.false.items() if name in FACTS})
    false, told = sum(wrong.values()), sum(facts.values())
    low, high = (10 * end / whole.hours for end in poisson_interval(false))
    by_name, facts_by_name = (
        ", ".join(f"{n} × {name}" for name, n in counted.most_common()) or "none" for counted in (wrong, facts)
    )
    share, share_low, share_high = (100 * part for part in whole.asymmetry.share())
    return f"""## Alerts through the whole analysis

The figures above begin with blocks of steps, so that many hours take minutes. Here {whole.people} simulated
runners gave readings (`sim:` at 100 Hz): {sessions} uneventful sessions of {SESSION_S / 60:.0f} min each, every one
against the history of those before it, then {len(CHANGES)} in which right against left moves after 25 minutes. Pace
changes every minute or so, slopes reach ±6 %. Made by
`{command}`.

- Alerts about form and signal while nothing had changed: {10 * false / whole.hours:.2f} in 10 h (95 % interval
  {low:.2f} to {high:.2f}; {false} in {whole.hours:.0f} h: {by_name}).
- Alerts that say how fast or how far a run was, and are so: {facts_by_name}. They speak from ten sessions in 90 days on
  (before, the next run is often beyond all of them), `warmup_missing` to those whose sessions mostly begin easily:
  here every other runner, and never without. Counted with the others they make
  {10 * (false + told) / whole.hours:.2f} in 10 h; the target is at most 1.
- Right against left moved by ±4 points: found within 3 min in {whole.asymmetry.found} of {whole.asymmetry.runs} runs
  ({share:.1f} %, 95 % interval {share_low:.1f} to {share_high:.1f} %).

These runners vary from step to step and from day to day, but do not wander slowly within a run as people do and as the
runners above do.
"""


def main() -> None:
    """Run them and print the section."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=8)
    parser.add_argument("--sessions", type=int, default=10)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args()
    with Progress() as progress, tempfile.TemporaryDirectory() as folder:
        task = progress.add_task("Runners", total=wanted.people)
        whole = whole_runs(
            wanted.people, wanted.sessions, Path(folder), wanted.seed, wanted.workers, lambda: progress.advance(task)
        )
    told = " ".join(f"--{name} {getattr(wanted, name)}" for name in ("people", "sessions", "seed"))
    command = f"python tests/benchmarks/alerts_whole.py {told}"
    sys.stdout.write(section(whole, wanted.sessions, command))


if __name__ == "__main__":
    main()
