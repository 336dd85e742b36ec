"""What a device asks to read: a broker that refuses it says so in its answer and keeps us connected.

It refuses for its access list, or for a limit: NATS 2.15 has a thousand subscriptions with QoS 1 unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from backbeat.mqtt.link import Link
from backbeat.mqtt.refusals import no_reading


@dataclass(slots=True)
class Subscriptions:
    """Asks for messages, and again where they were refused.

    Attributes:
        broker: its name, for people.
        report: told once what is refused, and when that is over.
        later: asks for a job after a pause in which somebody may have mended it.
    """

    broker: str
    report: Callable[[str], None]
    later: Callable[[Callable[[], None]], None]
    _refused: set[str] = field(default_factory=set)

    def begin(self, link: Link, filters: Sequence[str]) -> None:
        """Subscribe; on a link that is gone this does nothing."""
        link.subscribe(filters, partial(self._answered, link))

    def _answered(self, link: Link, refused: Mapping[str, str]) -> None:
        for each in refused.keys() - self._refused:
            self.report(
                f"{no_reading(self.broker, each, refused[each])} What is sent there does not reach this device; we ask "
                "again now and then."
            )
        for each in self._refused - refused.keys():
            self.report(f"The broker {self.broker} lets us read {each} now.")
        self._refused = set(refused)
        if refused:
            self.later(partial(self.begin, link, list(refused)))
