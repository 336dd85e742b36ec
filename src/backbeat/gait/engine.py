"""The gait engine: readings in, steps, activities, stability and signal quality out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backbeat.events import ActivityChange, SignalQuality, Stability, Step
from backbeat.samples import Samples, SourceInfo

GaitEvent = Step | ActivityChange | SignalQuality | Stability


@dataclass(frozen=True, slots=True)
class GaitSettings:
    """What the engine can be told beforehand.

    Attributes:
        up: the sensor axis that points up when standing ("+x" … "-z"), None to find it from the motion.
        forward: the sensor axis that points forward, likewise.
    """

    up: str | None = None
    forward: str | None = None


class Engine:
    """Streaming gait analysis; the events do not depend on how the readings are cut into blocks."""

    def __init__(self, info: SourceInfo, settings: GaitSettings) -> None:
        self._info, self._settings = info, settings

    def feed(self, block: Samples) -> Sequence[GaitEvent]:
        """The events that this block settles."""
        return []

    def end(self) -> Sequence[GaitEvent]:
        """The events still open at the end of the readings."""
        return []
