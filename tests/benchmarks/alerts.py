"""Writes the section "Alerts" of docs/validation.md: python tests/benchmarks/alerts.py [--people N] [--seed N]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import numpy as np  # noqa: E402
from rich.progress import Progress  # noqa: E402

from rigs.alert_trials import Tally, Trials, trials  # noqa: E402

PAGE = ROOT / "docs" / "validation.md"
BEGIN, END = "<!-- alerts: begin -->", "<!-- alerts: end -->"


def poisson_interval(count: int) -> tuple[float, float]:
    """95 % interval of a Poisson mean (exact, Garwood 1936)."""
    from scipy.stats import chi2

    return (float(chi2.ppf(0.025, 2 * count)) / 2 if count else 0.0, float(chi2.ppf(0.975, 2 * count + 2)) / 2)


def row(name: str, target: str, tally: Tally) -> str:
    """A line of the table."""
    share, low, high = tally.share()
    median = f"{np.median(tally.delays):.0f} s" if tally.delays else "–"
    return (
        f"| {name} | {target} | {100 * share:.1f} % | {100 * low:.1f} to {100 * high:.1f} % | {tally.runs} "
        f"| {median} ({len(tally.delays)} runs in 15 min) |"
    )


def section(result: Trials, command: str) -> str:
    """The text."""
    count = sum(result.false.values())
    low, high = poisson_interval(count)
    by_name = ", ".join(f"{n} × {name}" for name, n in result.false.most_common()) or "none"
    return f"""{BEGIN}
## Alerts

Simulated runners only; no person has been measured for this. Made by `{command}`.
The thresholds were chosen on seed 2.

{result.people} runners of 60 sessions each: 30 uneventful ones that their baseline is fitted to, 24 with a change of
known size after 25 minutes, 6 uneventful hours. Every runner has own levels, own effects of pace and slope (drawn from
the population that the analysis starts from), another level each day, slow wander within a run (time constant 4
minutes) and noise from step to step (correlation 0.3). Pace varies with bursts, slopes reach ±6 %.

| change | target | found in time | 95 % interval | runs | median delay |
|---|---|---|---|---|---|
{row("form drifts by 0.5 SD¹, all measures", "≥ 90 % in 5 min", result.drift_pooled)}
{row("right against left moves by ±4 points", "≥ 90 % in 3 min", result.asymmetry)}
{row("impact alone drifts by 0.5 SD¹", "none", result.one_measure)}
{row("form drifts by 0.5 SD², all measures", "≥ 90 % in 5 min", result.drift_strict)}

False alerts of all rules together: {10 * count / result.hours:.2f} in 10 h (95 % interval
{10 * low / result.hours:.2f} to {10 * high / result.hours:.2f}; {count} in {result.hours:.0f} h: {by_name}).
Target: at most 1 in 10 h.

¹ SD of the one-minute means of the runner's 30 uneventful sessions, corrected for pace and slope, as they are: the
level of the day is in it. ² The same with each session's own level taken out first.

**What cannot be reached, and why.** With the level of the day taken out, half an SD of one-minute means is half of the
noise of one minute: after five minutes a single measure has moved by 0.5·√5 = 1.1 standard errors, and an alert that
is false once in ten hours needs more than three. Even eleven measures with independent noise, a usual known without
error and the exact direction known beforehand give 0.5·√(5·11) = 3.7; with a usual that was itself learned in eight
minutes of the run, 2.9. No detector finds that in nine runs of ten at this rate of false alerts, and this one does not
try: it finds what is large against the noise of a minute. The first row is reached because levels differ more from day
to day than from minute to minute, so that half of the whole spread is a large change within a run. How much more is an
assumption (`backbeat.strain.measures`: two to four times); it has to be checked on people.

An index of asymmetry beyond 5 % has to change by half of itself: so large a one comes from a sensor beside the midline
and follows pace and slope as well (on a real run with the sensor on the left hip it went from 37 to 56 %).
{END}
"""


def main() -> None:
    """Run the trials and put the section into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--seed", type=int, default=2)
    wanted = parser.parse_args()
    with Progress() as progress:
        task = progress.add_task("Runners", total=wanted.people)
        result = trials(wanted.people, lambda _: progress.advance(task), wanted.seed)
    command = f"python tests/benchmarks/alerts.py --people {wanted.people} --seed {wanted.seed}"
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Validation\n"
    if BEGIN in text:
        before, _, rest = text.partition(BEGIN)
        text = before + section(result, command) + rest.partition(END)[2].lstrip("\n")
    else:
        text = text.rstrip() + "\n\n" + section(result, command)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
