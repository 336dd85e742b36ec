"""The whole analysis as one object: readings and context in, events out.

A live run, a replay and a test drive this same object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from backbeat.events import Event
from backbeat.gait.engine import Engine, GaitSettings
from backbeat.samples import Context, Samples, SourceInfo


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """When a session begins and ends.

    Attributes:
        start_after_running_s: seconds of running that make a session.
        end_after_pause_s: seconds without running that end it.
    """

    start_after_running_s: float = 30.0
    end_after_pause_s: float = 600.0


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """All that the analysis can be told beforehand."""

    gait: GaitSettings = field(default_factory=GaitSettings)
    session: SessionSettings = field(default_factory=SessionSettings)


class Monitor:
    """Readings and context in, events out; pure, so that equal input gives equal events however it is cut."""

    def __init__(
        self, info: SourceInfo, settings: MonitorSettings | None = None, *, session: str | None = None
    ) -> None:
        self._settings = settings or MonitorSettings()
        self._engine = Engine(info, self._settings.gait)
        self._session = session

    def feed(self, block: Samples | Context) -> Sequence[Event]:
        """The events that this block settles, in the order in which they became known."""
        if isinstance(block, Context):
            return []
        return self._engine.feed(block)

    def end(self) -> Sequence[Event]:
        """The source has ended: the events that were still open."""
        return self._engine.end()
