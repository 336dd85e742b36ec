"""What a worker subscribes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backbeat.mqtt import topics
from backbeat.mqtt.topics import checked_id

REPLIES = topics.REPLY.address.format(command="resend")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is subscribed.

    Attributes:
        shared: filters, divided among the workers of the group where the broker can.
        retained: filters whose retained messages are read once, by each worker for itself.
        group: name of the group.
        worker: its name within the group; the broker keeps its share under it.
    """

    shared: Sequence[str]
    retained: Sequence[str]
    group: str
    worker: str

    @property
    def client_id(self) -> str:
        """Unique at the broker."""
        return f"backbeat-collect-{checked_id(self.group, 'group')}-{checked_id(self.worker, 'worker')}"


def wanted(prefix: str, group: str, worker: str) -> Wanted:
    """What a worker of this group subscribes below `prefix`, which begins runners' topics and may have wildcards."""
    summaries = topics.SESSION_SUMMARY.address.format(session="+")
    lists = topics.SESSION_ALERTS.address.format(session="+")
    kept = (topics.ALERT.address, summaries, topics.LIVE.address, REPLIES)
    return Wanted(
        shared=tuple(f"{prefix}/{address}" for address in kept),
        retained=tuple(f"{prefix}/{address}" for address in (summaries, lists)),
        group=group,
        worker=worker,
    )
