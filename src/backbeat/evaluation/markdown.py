"""The scores as Markdown tables, for documents that keep the last result."""

from __future__ import annotations

from backbeat.evaluation.evaluate import Result, SetResult


def markdown(result: Result) -> str:
    """One section a set."""
    return "\n".join(_section(result, group) for group in result.sets)


def _section(result: Result, group: SetResult) -> str:
    lines = [f"### {group.name}", "", "| measure | value | 95 % interval | aim | reached |", "|---|---|---|---|---|"]
    for name, value in group.scores.items():
        measure = result.measure(group, name)
        ends = group.intervals.get(name)
        spread = "" if ends is None else f"{measure.shown(ends[0])} to {measure.shown(ends[1])}"
        reached = {True: "yes", False: "no", None: ""}[measure.reached(value)]
        lines.append(f"| {measure.label} | {measure.shown(value)} | {spread} | {measure.aim} | {reached} |")
    return "\n".join([*lines, ""])
