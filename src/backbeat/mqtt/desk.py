"""The desk: writes messages about a run and hands them to the courier. On the courier's thread only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from backbeat.event_json import Told, as_json
from backbeat.events import Alert, Step, Summary
from backbeat.live import Live
from backbeat.mqtt import topics
from backbeat.mqtt.courier import Courier
from backbeat.mqtt.link import Outgoing
from backbeat.mqtt.payloads import (
    MAX_LISTED_BYTES,
    Envelope,
    Info,
    Reply,
    SessionAlerts,
    SessionNotes,
    Status,
    decoded,
    encoded,
    message,
)
from backbeat.mqtt.topics import Channel, Topics
from backbeat.samples import Context

LIVE_RESERVE = 1000
"""Numbers of topics that are not kept, taken on the disk at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When and in which session something became known.

    Attributes:
        utc: ISO 8601, None where the wall clock is not known.
        session: the session's id, None outside one.
    """

    utc: str | None = None
    session: str | None = None


class Desk:
    """Puts events into envelopes, numbers them and keeps the lists of the session."""

    def __init__(
        self,
        courier: Courier,
        names: Topics,
        envelope: Envelope,
        utc_now: Callable[[], str],
        *,
        live_retained: bool = True,
    ) -> None:
        """A desk for one run.

        Args:
            courier: carries.
            names: the runner's topics.
            envelope: what is the same in all envelopes of this run.
            utc_now: the present time, ISO 8601.
            live_retained: the broker keeps the last state of a second.
        """
        self._courier, self._names, self._envelope, self._utc_now = courier, names, envelope, utc_now
        self._live = replace(topics.LIVE, retain=live_retained)

    def status(self, status: Status) -> None:
        """Whether this device is there."""
        self._pass(topics.STATUS, Moment(utc=self._utc_now()), status)

    def info(self, info: Info) -> None:
        """Who is there."""
        self._pass(topics.INFO, Moment(utc=self._utc_now()), info)

    def live(self, live: Live, utc: str | None) -> None:
        """The state of a second."""
        self._pass(self._live, Moment(utc=utc, session=live.session), live)

    def step(self, step: Step, moment: Moment) -> None:
        """A step."""
        self._pass(topics.STEP, moment, step)

    def alert(self, alert: Alert, moment: Moment) -> None:
        """An alert, and the session's list of them."""
        told = self._keep(topics.ALERT, moment, as_json(alert))
        if moment.session is not None:
            self._list(topics.SESSION_ALERTS, moment, "alerts", told, SessionAlerts(alerts=[]))

    def note(self, context: Context, moment: Moment) -> None:
        """What the runner said, into the session's list."""
        entry = {"time": round(context.time, 4), "utc": moment.utc, "about": context.kind, "value": context.value}
        self._list(topics.SESSION_NOTES, moment, "notes", entry, SessionNotes(notes=[]))

    def summary(self, summary: Summary, moment: Moment) -> None:
        """The session's summary; sessions beyond the last ones are forgotten."""
        body = as_json(summary)
        self._keep(topics.SESSION_SUMMARY, moment, body)
        self._keep(topics.SESSION_LAST, moment, body)
        self._courier.outbox.forget_old_sessions()

    def resend(self, session: str | None, first: int, last: int, most: int) -> list[int]:
        """Publish alerts again as they were; the numbers of those that were found."""
        found = self._courier.outbox.find(self._names.of(topics.ALERT), session, first, last, most)
        for kept in found:
            self._courier.send(Outgoing(topic=kept.topic, payload=kept.payload, channel=kept.channel, qos=1))
        return [kept.seq for kept in found]

    def acknowledge(self, session: str, seq: int, by: str) -> bool:
        """Say in the session's list who has seen an alert; whether there is such an alert."""
        kept = self._courier.outbox.retained(self._names.of(topics.SESSION_ALERTS, session=session))
        body = decoded(kept.payload) if kept else {"alerts": []}
        seen = [alert for alert in body["alerts"] if alert["seq"] == seq]
        for alert in seen:
            alert.update(acknowledged_by=by, acknowledged_utc=self._utc_now())
        if seen:
            listed = {"kind": body["kind"], "alerts": body["alerts"], "dropped": body["dropped"]}
            self._keep(topics.SESSION_ALERTS, Moment(utc=self._utc_now(), session=session), listed)
        return bool(seen)

    def reply(self, reply: Reply, correlation: bytes | None) -> None:
        """Answer a command."""
        self._pass(topics.REPLY, Moment(utc=self._utc_now()), reply, command=reply.command, correlation=correlation)

    def announce(self, topic: str, body: Mapping[str, Any] | None) -> None:
        """Keep a retained message of a convention that is not ours; None takes it away."""
        payload = b"" if body is None else encoded(body)
        before = self._courier.outbox.retained(topic)
        if (before.payload if before else b"") != payload:
            self._courier.outbox.put(topic, "announcement", None, lambda _: payload, retain=True)

    def announce_again(self, topic: str) -> None:
        """Publish it again, unchanged."""
        kept = self._courier.outbox.retained(topic)
        if kept is not None:
            self._courier.send(Outgoing(topic=topic, payload=kept.payload, channel=kept.channel, qos=1, retain=True))

    def _pass(
        self, channel: Channel, moment: Moment, body: Told, *, command: str = "", correlation: bytes | None = None
    ) -> None:
        """Send it now or never."""
        topic = self._names.of(channel, command=command)
        number = self._courier.outbox.number(topic, reserve=LIVE_RESERVE)
        self._courier.send(
            Outgoing(
                topic=topic,
                payload=encoded(self._message(moment, number, as_json(body))),
                channel=channel.name,
                qos=channel.qos,
                retain=channel.retain,
                expiry_s=channel.expiry_s,
                correlation=correlation,
            )
        )

    def _keep(self, channel: Channel, moment: Moment, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send it until the broker has it; the message as told."""
        topic = self._names.of(channel, session=moment.session or "")
        kept = self._courier.outbox.put(
            topic,
            channel.name,
            moment.session,
            lambda number: encoded(self._message(moment, number, body)),
            retain=channel.retain,
        )
        return decoded(kept.payload)

    def _list(self, channel: Channel, moment: Moment, name: str, entry: Mapping[str, Any], empty: Told) -> None:
        """Add to a retained list; the oldest entries go when it grows too large."""
        before = self._courier.outbox.retained(self._names.of(channel, session=moment.session or ""))
        body = decoded(before.payload) if before else as_json(empty)
        body = {key: body[key] for key in as_json(empty)}
        entries, first = [*body[name], entry], 0
        if before and len(before.payload) + len(encoded(entry)) > MAX_LISTED_BYTES:
            sizes = [len(encoded(each)) for each in entries]
            first = next(i for i in range(len(entries)) if i == len(entries) - 1 or sum(sizes[i:]) <= MAX_LISTED_BYTES)
        body |= {name: entries[first:], "dropped": body["dropped"] + first}
        self._keep(channel, moment, body)

    def _message(self, moment: Moment, number: int, body: Mapping[str, Any]) -> dict[str, Any]:
        return message(replace(self._envelope, utc=moment.utc, session=moment.session, seq=number), body)
