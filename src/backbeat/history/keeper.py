"""Keeps sessions while they are run: minute by minute, so that a crash costs less than one."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from backbeat.event_json import as_json
from backbeat.events import Alert, Event, SessionChange, Step, Summary
from backbeat.history.notes import ENTERED, note_of
from backbeat.history.store import History
from backbeat.samples import Context, Samples, SourceInfo
from backbeat.strain.blocks import BlockBuilder

MINUTE_S = 60.0
_STEPS_BEFORE_START = 2000


class HistoryKeeper:
    """A consumer that writes what a run gives into a runner's file.

    A disk that fails ends the keeping, not the run: it is reported once.

    Args:
        history: the runner's file; closed when the run is over.
        info: of the source.
        report: told in one sentence what went wrong.
    """

    def __init__(self, history: History, info: SourceInfo, report: Callable[[str], None]) -> None:
        self._history, self._info, self._report = history, info, report
        self._session: str | None = None
        self._minute = BlockBuilder(MINUTE_S)
        self._early: deque[Step] = deque(maxlen=_STEPS_BEFORE_START)
        self._early_notes: list[int] = []
        self._last: str | None = None
        self._surface: str | None = None
        self._failed = False

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """A block as it came, and the events that it settled."""
        self._keep(block if isinstance(block, Context) else None, events)

    def finish(self, events: Sequence[Event]) -> None:
        """The run is over."""
        self._keep(None, events)
        self._history.close()

    def _keep(self, entered: Context | None, events: Sequence[Event]) -> None:
        if self._failed:
            return
        try:
            if entered is not None:
                self._entered(entered)
            for event in events:
                self._event(event)
        except sqlite3.Error as error:
            self._failed = True
            self._report(f"{self._history.file}: this run is no longer kept in the history ({error}).")

    def _event(self, event: Event) -> None:
        if isinstance(event, Step):
            if event.activity == "running":
                self._running(event)
        elif isinstance(event, SessionChange):
            self._changed(event)
        elif self._session is None:
            return
        elif isinstance(event, Alert):
            self._history.add_alert(self._session, as_json(event))
        elif isinstance(event, Summary):
            last = self._minute.close(event.known_at)
            if last is not None and last.running_s >= MINUTE_S / 2:
                self._history.add_minute(self._session, last)
            self._history.finish(self._session, as_json(event))

    def _running(self, step: Step) -> None:
        if self._session is None:
            self._early.append(step)
            return
        minute = self._minute.add(step)
        if minute is not None:
            self._history.add_minute(self._session, minute)

    def _changed(self, change: SessionChange) -> None:
        if change.state == "ended":
            self._last, self._session = self._session, None
            self._early.clear()
            return
        offset = self._info.utc_offset_s
        start_utc = None if offset is None else change.time + offset
        self._session, self._minute = change.session, BlockBuilder(MINUTE_S)
        self._history.begin(change.session, start_utc, self._info.position, self._info.origin)
        self._history.attach_notes(self._early_notes, change.session)
        self._early_notes.clear()
        if self._surface is not None:
            self._history.set_surface(change.session, self._surface)
        for step in self._early:
            if step.time >= change.time:
                self._running(step)
        self._early.clear()

    def _entered(self, context: Context) -> None:
        if context.kind == "surface" and isinstance(context.value, str):
            self._surface = context.value
            if self._session is not None:
                self._history.set_surface(self._session, context.value)
        elif context.kind == "shoe" and isinstance(context.value, str):
            if any(shoe.id == context.value for shoe in self._history.shoes()):
                self._history.use_shoe(context.value, self._session)
        elif context.kind in ENTERED:
            self._noted(context)

    def _noted(self, context: Context) -> None:
        """Keep a note at once; outside a session it belongs to the one that was, or to the one that will be."""
        offset = self._info.utc_offset_s
        note = note_of(context, None if offset is None else context.time + offset, self._session)
        if note is None:
            return
        if self._session is None and note.moment == "after" and self._last is not None:
            self._history.add_note(replace(note, session=self._last))
            return
        number = self._history.add_note(note)
        if self._session is None:
            self._early_notes.append(number)
