"""A source as the configuration has it worn and moving."""

from __future__ import annotations

from collections.abc import Iterator

from backbeat.config.settings import Settings
from backbeat.samples import Context, Samples, SourceInfo
from backbeat.sources import Around, Source


class Configured(Around):
    """The same readings, with the position that is set and, from the first reading on, the treadmill's speed."""

    def __init__(self, source: Source, settings: Settings) -> None:
        super().__init__(source)
        self._settings = settings

    @property
    def info(self) -> SourceInfo:
        """What the source within knows about itself, and where it is worn."""
        return self._settings.worn(self._source.info)

    def __iter__(self) -> Iterator[Samples | Context]:
        told = False
        for block in self._source:
            if not told and isinstance(block, Samples) and len(block):
                told = True
                yield from self._settings.context(float(block.time[0]))
            yield block
