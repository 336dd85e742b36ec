"""Who takes the events of a replay or a run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import IO

from backbeat.jsonl import JsonLines
from backbeat.pipeline import Consumer
from backbeat.samples import SourceInfo


def outputs(
    info: SourceInfo,
    jsonl: str | None,
    lines: IO[bytes] | None,
    publisher: Consumer | None,
    report: Callable[[str], None] | None = None,
) -> list[Consumer]:
    """The broker, the lines of JSON, and the terminal unless the lines go there.

    Args:
        info: of the source.
        jsonl: what `--jsonl` named.
        lines: the stream that it opened.
        publisher: of MQTT, if there is a broker.
        report: told when the lines cannot be written; without it that ends the run.
    """
    consumers: list[Consumer] = [] if publisher is None else [publisher]
    if jsonl and lines:
        consumers.append(JsonLines(lines, "standard output" if jsonl == "-" else jsonl, report))
    if jsonl != "-":
        from backbeat import terminal  # what a program reads does not wait for the libraries of a screen

        consumers.append(terminal.view(info, sys.stdout))
    return consumers
