"""The plots a biomechanist asks for: Bland–Altman, error histograms, the signal with found and true events."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from backbeat.evaluation.chart import Chart
from backbeat.evaluation.dataset import Labelled
from backbeat.evaluation.found import Found
from backbeat.evaluation.scores import Tally, scored_part
from backbeat.samples import STANDARD_GRAVITY, Samples
from backbeat.sources import open_source

COLOURS = ("a", "b", "c", "d")
MOST_DOTS = 2000
EXCERPT_S = 4.0


def bland_altman(tallies: Sequence[Tally]) -> str:
    """Found minus true contact time against their mean, with the 95 % limits of agreement.

    Bland & Altman 1986, doi:10.1016/S0140-6736(86)90837-8. "" where there is no such truth.
    """
    errors = np.array([e for t in tallies for e in t.contacts.contact_time_errors]) * 1e3
    if len(errors) < 2:
        return ""
    true = np.array([c for t in tallies for c in t.contacts.contact_times]) * 1e3
    which = np.concatenate([np.full(len(t.contacts.contact_times), i) for i, t in enumerate(tallies)])
    mean = true + 0.5 * errors
    bias, spread = float(errors.mean()), 1.96 * float(errors.std(ddof=1))
    edge = max(1.0, 1.1 * float(np.abs(errors).max()), 1.3 * (abs(bias) + spread))
    chart = Chart(
        "Contact time: found minus true",
        (float(mean.min()) - 10.0, float(mean.max()) + 10.0),
        (-edge, edge),
        "mean of found and true, ms; another colour for the next recording",
        "found - true, ms",
    )
    for i in range(0, len(errors), max(1, len(errors) // MOST_DOTS)):
        chart.dot(float(mean[i]), float(errors[i]), COLOURS[int(which[i]) % len(COLOURS)])
    chart.level(bias, f"mean {bias:+.1f} ms", "ink")
    chart.level(bias + spread, f"+1.96 SD {bias + spread:+.1f} ms", "ink", dashed=True)
    chart.level(bias - spread, f"-1.96 SD {bias - spread:+.1f} ms", "ink", dashed=True)
    said = f"Bland-Altman plot of {len(errors)} contact times: mean difference {bias:.1f} ms, limits ±{spread:.1f} ms."
    return chart.svg(said)


def histogram(title: str, unit: str, values: Sequence[float]) -> str:
    """How often which error; "" for fewer than two."""
    if len(values) < 2:
        return ""
    low, high = np.percentile(values, (0.5, 99.5))
    edge = max(abs(float(low)), abs(float(high)), 1e-6) * 1.1
    counts, edges = np.histogram(np.clip(values, -edge, edge), bins=41, range=(-edge, edge))
    chart = Chart(title, (-edge, edge), (0.0, float(counts.max()) * 1.1), f"found - true, {unit}", "steps", height=240)
    for count, (a, b) in zip(counts, pairwise(edges), strict=True):
        chart.bar(float(a), float(b), float(count), "a")
    chart.upright(0.0, (0.0, 1.0), "ink", dashed=True)
    return chart.svg(
        f"{title}: {len(values)} steps, mean {np.mean(values):.3g} {unit}, SD {np.std(values):.3g} {unit}."
    )


def signal(recording: Labelled, found: Found) -> str:
    """Some seconds of the specific force's size with the found events above and the true ones below; "" if empty."""
    start, end = scored_part(found.last)
    begin = max(start, 0.5 * (start + end) - 0.5 * EXCERPT_S)
    if recording.blocks:
        begin = sum(recording.blocks[0]) / 2.0
    stop = min(begin + EXCERPT_S, found.last)
    time, size = _specific_force(recording, begin, stop)
    if len(time) < 2:
        return ""
    top = max(2.0, 1.35 * float(size.max()))
    chart = Chart(recording.name, (begin, stop), (0.0, top), "time, s", "specific force, g", height=260)
    chart.line(list(zip(time.tolist(), size.tolist(), strict=True)), "a")
    for event in recording.truth:
        if begin <= event.time <= stop:
            chart.upright(event.time, (0.0, 0.3), "c", dashed="toe_off" in event.event)
    for step in found.steps:
        if begin <= step.time <= stop:
            chart.upright(step.time, (0.7, 1.0), "b")
        if step.toe_off is not None and begin <= step.toe_off <= stop:
            chart.upright(step.toe_off, (0.7, 1.0), "b", dashed=True)
    return chart.svg(f"{recording.name}: specific force from {begin:.1f} to {stop:.1f} s with found and true events.")


def _specific_force(
    recording: Labelled, begin: float, stop: float
) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], np.ndarray[tuple[int], np.dtype[np.float64]]]:
    times, sizes = [np.empty(0)], [np.empty(0)]
    with open_source(f"file:{recording.readings}") as source:
        for block in source:
            if not isinstance(block, Samples) or not len(block) or block.time[-1] < begin:
                continue
            if block.time[0] > stop:
                break
            inside = (block.time >= begin) & (block.time <= stop)
            times.append(block.time[inside])
            sizes.append(np.sqrt(np.nansum(block.acc[inside] ** 2, axis=1)) / STANDARD_GRAVITY)
    return np.concatenate(times), np.concatenate(sizes)
