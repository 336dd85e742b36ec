"""What is kept of live runs, and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class HistorySettings:
    """What is kept of live runs.

    Attributes:
        enabled: keep sessions, so that a run can be compared with the runner's own usual.
        folder: where to; without one, `backbeat` in the user's data folder (~/.local/share). One file a runner.
        reports: write a page after each session, into `reports` beside it.
    """

    enabled: bool = True
    folder: Path | None = None
    reports: bool = True
