"""What every recording is to the rest of the house: a source that ends."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

from backbeat.closing import Closing
from backbeat.samples import Context, Samples, SourceInfo


class Recording(Closing):
    """A `backbeat.sources.Source` over a file; a subclass reads its blocks.

    It reads as fast as it is asked; keeping the recorded time is the business of `backbeat.logbook.pace`.

    Attributes:
        info: what is known before the first reading.
        settings: the settings that the recorded run was analysed with, as JSON; empty where none were.
    """

    info: SourceInfo
    settings: Mapping[str, Any]

    def __init__(self, info: SourceInfo) -> None:
        self.info = info
        self.settings = {}
        self._stopped = False

    @abstractmethod
    def _blocks(self) -> Iterator[Samples | Context]:
        """Everything in the file, in the order of its time."""

    def utc_offset_s(self) -> float | None:
        """Unix time minus the readings' time as well as the file knows it."""
        return self.info.utc_offset_s

    def __iter__(self) -> Iterator[Samples | Context]:
        for block in self._blocks():
            if self._stopped:
                return
            yield block

    def stop(self) -> None:
        """End iteration at the next block."""
        self._stopped = True

    def close(self) -> None:
        """Nothing to release: a file is open only while it is iterated."""
        self._stopped = True
