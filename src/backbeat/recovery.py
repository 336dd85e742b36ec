"""A run that goes on where a crash or a power cut ended it.

The saved state is read back, the readings recorded since are fed to it, and the new readings follow with the outage as
a marked gap: the same session, and the summary that one run over the readings that exist would have given. A state
that cannot be used (damaged, of another version) is made anew from the recordings alone.
"""

from __future__ import annotations

import itertools
import json
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from backbeat.checkpoint import About, load
from backbeat.errors import SourceError
from backbeat.event_json import as_json
from backbeat.events import Event, SessionChange
from backbeat.logbook.mcap_file import McapRecording
from backbeat.monitor import Monitor
from backbeat.pipeline import Consumer
from backbeat.samples import Context, Samples, SourceInfo
from backbeat.sources import Around, Source

_LOG = logging.getLogger(__name__)

LEAST_OUTAGE_S = 0.5
"""A program cannot be back sooner; only a wall clock that was set back says so."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A run that was cut off, brought back to its last recorded reading.

    Attributes:
        monitor: the analysis; it has seen every reading that exists.
        time: the last of them, s.
        about: what the state said.
        missing: events that no recording holds, because the cut came before they were told.
    """

    monitor: Monitor
    time: float
    about: About
    missing: tuple[Event, ...]


def recover(path: Path, make: Callable[[SourceInfo], Monitor]) -> Recovered | None:
    """Bring a run back from its state and its recordings; None where there is nothing to go on with.

    Args:
        path: the file of the state; the recordings lie beside it.
        make: makes a monitor for a source, where the saved one cannot be used.
    """
    found = load(path)
    if found is None:
        return None
    about, monitor = found
    # a state is saved while the last of its recordings is written: what came later is in that one
    recordings = list(_recordings(path.parent, about.recordings[-1:] if monitor else about.recordings))
    seen = about.time
    if monitor is None:
        if not recordings:
            return None
        monitor, seen = make(recordings[0].info), -math.inf
    told = Counter(_key(event) for recording in recordings for event in recording.events())
    settled: list[Event] = []
    last, reached = seen, seen == -math.inf
    for block in itertools.chain.from_iterable(recordings):
        if isinstance(block, Samples):
            reached = reached or bool(block.time[-1] >= seen)
            new = block[int(np.searchsorted(block.time, last, side="right")) :]
            settled += monitor.feed(new)
            last = float(new.time[-1]) if len(new) else last
        elif reached:  # context before that is part of the state
            settled += monitor.feed(block)
    missing = []
    for event in settled:
        key = _key(as_json(event))
        if told[key]:
            told[key] -= 1
        else:
            missing.append(event)
    return Recovered(monitor, last, about, tuple(missing))


def _recordings(folder: Path, names: Sequence[str]) -> Iterator[McapRecording]:
    for name in names:
        try:
            yield McapRecording(folder / Path(name).name)
        except (SourceError, OSError) as error:
            _LOG.warning("%s", error)


def _key(event: Mapping[str, Any]) -> str:
    return json.dumps(event, sort_keys=True)


class Continued(Around):
    """A source that goes on with the time axis of a run that was cut off; its first reading comes after a gap.

    Args:
        source: the new source.
        recovered: the run to go on with.
        wall: Unix time now, for sources that know no wall clock.
    """

    def __init__(self, source: Source, recovered: Recovered, wall: Callable[[], float] = time.time) -> None:
        super().__init__(source)
        self._recovered, self._wall = recovered, wall

    @property
    def info(self) -> SourceInfo:
        """As of the source, on the old time axis."""
        return replace(self._source.info, utc_offset_s=self._recovered.about.utc_offset_s)

    def __iter__(self) -> Iterator[Samples | Context]:
        shift: float | None = None
        for block in self._source:
            first = shift is None
            if shift is None:
                if isinstance(block, Samples) and not len(block):
                    continue
                shift = self._shift(block.time if isinstance(block, Context) else float(block.time[0]))
            if isinstance(block, Context):
                yield replace(block, time=block.time + shift)
                continue
            gap = block.gap_before
            if first and len(gap):
                gap = gap.copy()
                gap[0] = True
            yield replace(block, time=block.time + shift, gap_before=gap)

    def _shift(self, first: float) -> float:
        """From the new time axis to the old one."""
        old, new = self._recovered.about.utc_offset_s, self._source.info.utc_offset_s
        outage = max(
            0.0, self._wall() - self._recovered.about.wall - (self._recovered.time - self._recovered.about.time)
        )
        shift = new - old if old is not None and new is not None else self._recovered.time + outage - first
        return max(shift, self._recovered.time - first + LEAST_OUTAGE_S)


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a run begins: anew, or where an earlier one was cut off.

    Attributes:
        source: the readings, on the time axis of the monitor.
        monitor: the analysis.
        recordings: names of the run's recordings so far.
        events: what consumers have to be told first.
    """

    source: Source
    monitor: Monitor
    recordings: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()

    def announce(self, consumers: Sequence[Consumer]) -> None:
        """Tell the consumers what the cut kept from them."""
        if not self.events:
            return
        reason = {"state": "found", "reason": "the program was interrupted and runs again"}
        context = Context(max(event.known_at for event in self.events), "sensor", reason)
        for consumer in consumers:
            consumer.take(context, self.events)


def begin(
    state: Path,
    source: Source,
    make: Callable[[SourceInfo], Monitor],
    end_after_s: float,
    wall: Callable[[], float] = time.time,
) -> Beginning:
    """Go on with the run that a state tells of, or begin anew where there is none.

    A run that was cut off longer ago than a session waits for its runner is ended here: its last events come first.

    Args:
        state: the file of the state; the recordings lie beside it.
        source: the new source.
        make: makes a monitor for a source.
        end_after_s: the pause that ends a session, s.
        wall: Unix time now.
    """
    recovered = recover(state, make)
    if recovered is None:
        return Beginning(source, make(source.info))
    if wall() - recovered.about.wall > end_after_s:
        return Beginning(source, make(source.info), events=(*recovered.missing, *recovered.monitor.end()))
    events = recovered.missing
    if recovered.monitor.session is not None:
        now = recovered.time
        session = recovered.monitor.session
        events = (*events, SessionChange(time=now, known_at=now, session=session, state="resumed"))
    recordings = tuple(recovered.about.recordings)
    return Beginning(Continued(source, recovered, wall), recovered.monitor, recordings, events)
