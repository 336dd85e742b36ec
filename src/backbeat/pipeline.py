"""One run from end to end: a source is read, the monitor analyses, consumers take what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from backbeat.events import Event
from backbeat.monitor import Monitor
from backbeat.samples import Context, Samples
from backbeat.sources import Source


class Consumer(Protocol):
    """Something that takes what a run gives: a recorder, the MQTT publisher, the terminal, a vibration motor.

    A consumer keeps its own troubles to itself (a full disk, a lost broker): it reports them and goes on. What it
    raises ends the run.
    """

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """A block as it came from the source, and the events that it settled."""
        ...

    def finish(self, events: Sequence[Event]) -> None:
        """The run is over: its last events; release everything."""
        ...


def run(source: Source, monitor: Monitor, consumers: Sequence[Consumer]) -> None:
    """Drive a source through the monitor into the consumers until the source ends."""
    try:
        for block in source:
            events = monitor.feed(block)
            for consumer in consumers:
                consumer.take(block, events)
    finally:
        last = monitor.end()
        for consumer in consumers:
            consumer.finish(last)
