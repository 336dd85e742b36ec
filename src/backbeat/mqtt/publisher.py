"""The publisher: the consumer of a run that tells it by MQTT. On the analysis' thread it does as little as it can."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from backbeat import __version__
from backbeat.events import Alert, Event, SessionChange, Step, Summary, as_json
from backbeat.live import Live, LiveState
from backbeat.mqtt import topics
from backbeat.mqtt.attendant import Attendant, Handler, Tell
from backbeat.mqtt.commands import ALWAYS, COMMANDS, Command
from backbeat.mqtt.courier import Courier, Identity
from backbeat.mqtt.desk import Desk, Moment
from backbeat.mqtt.homie import HomieDevice
from backbeat.mqtt.link import Outgoing
from backbeat.mqtt.outbox import Limits, Outbox
from backbeat.mqtt.payloads import Envelope, Info, Status, encoded, message, utc_text
from backbeat.mqtt.reception import Reception
from backbeat.mqtt.settings import MqttError, MqttSettings
from backbeat.samples import Context, Samples, SourceInfo

DISK_PATIENCE_S = 0.5
"""An alert is told to nobody else before it is on the disk, unless the disk takes longer than this; a sensor's own
buffer lasts longer."""

NOTES = frozenset({"pain", "stiffness", "effort", "note", "shoe", "surface"})
"""Context that is listed in `session/<id>/notes`."""


class Publisher:
    """Tells a run by MQTT (a `backbeat.pipeline.Consumer`)."""

    def __init__(
        self,
        settings: MqttSettings,
        info: SourceInfo,
        *,
        in_force: Mapping[str, object] | None = None,
        outbox: Path | None = None,
        limits: Limits | None = None,
        end_patience_s: float = 5.0,
        tell: Tell | None = None,
        handlers: Mapping[type[Command], Handler] | None = None,
        report: Callable[[str], None],
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start to connect; `take` may be called at once.

        Args:
            settings: the broker and what to tell it.
            info: what the source knows about itself.
            in_force: settings of the analysis, told in `info`.
            outbox: file that keeps alerts and summaries until the broker has them; None keeps them in memory, for a
                replay that can be run again.
            limits: how large the outbox may grow.
            end_patience_s: how long `finish` waits for the broker to take what is left.
            tell: takes what commands and the runner's phone say to the run (`backbeat.inbox.Inbox.put`).
            handlers: do the commands `Report` and `Identify`; called on another thread.
            report: told in words for people what they should know; called on another thread.
            wall: Unix time now.
            clock: monotonic seconds.
        """
        self._settings, self._info, self._report = settings, info, report
        self._end_patience_s, self._clock = end_patience_s, clock
        self._live = LiveState()
        self._live_told = -1.0
        self._session: str | None = None
        names = settings.topics
        envelope = Envelope(origin=info.origin)
        will = Outgoing(
            topic=names.of(topics.STATUS),
            payload=encoded(message(envelope, as_json(Status(state="offline", reason="connection lost")))),
            channel=topics.STATUS.name,
            qos=topics.STATUS.qos,
            retain=True,
        )
        lasting = outbox is not None
        name = f"backbeat-{settings.team}-{settings.runner}"
        identity = Identity(
            client_id=name if lasting else f"{name}-{secrets.token_hex(4)}", will=will, keep_session=lasting
        )
        self._courier = Courier(
            settings, identity, lambda: Outbox(outbox, limits, report=report, wall=wall), report=report, clock=clock
        )
        self._desk = Desk(self._courier, names, envelope, lambda: utc_text(wall()) or "")
        attendant = Attendant(self._desk, allowed=settings.commands, tell=tell, handlers=handlers or {}, clock=clock)
        about = _info_message(settings, info, in_force or {})
        self._courier.start(Reception(self._courier, settings, self._desk, attendant, about, tell=tell))
        self._homie: HomieDevice | None = None
        if settings.homie:
            self._homie = HomieDevice(settings, f"{identity.client_id}-homie", lambda told: report(f"Homie: {told}"))

    def wait_connected(self, patience_s: float = 10.0) -> None:
        """Wait for the first connection, where a run without a broker makes no sense.

        Raises:
            MqttError: the broker cannot be reached or does not let us in; why, and what to do.
        """
        trouble = self._courier.wait_connected(patience_s)
        if trouble is not None:
            self._courier.end(0.0)
            raise MqttError(f"The broker {self._settings.name} {trouble}.")

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """See `backbeat.pipeline.Consumer`."""
        for live in self._live.take(block, events):
            self._tell_live(live)
        if isinstance(block, Context):
            if block.kind in NOTES and self._session is not None:
                self._courier.worker.post(partial(self._desk.note, block, self._moment(block.time)))
        elif not len(block) and self._clock() - self._live_told >= 1.0:  # a sensor that is silent
            self._tell_live(self._live.now())
        self._tell(events)

    def finish(self, events: Sequence[Event]) -> None:
        """See `backbeat.pipeline.Consumer`."""
        last = self._live.finish(events)
        self._tell(events)
        self._tell_live(last)
        if self._homie:
            self._homie.end(self._end_patience_s)
        left = self._courier.end(self._end_patience_s)
        if left:
            self._report(f"The broker {self._settings.name} did not take {left} messages before the end.")

    def _tell(self, events: Sequence[Event]) -> None:
        post, kept = self._courier.worker.post, False
        for event in events:
            match event:
                case Alert():
                    post(partial(self._desk.alert, event, self._moment(event.known_at)))
                    kept = True
                case Summary():
                    moment = Moment(utc=self._utc(event.known_at), session=event.session)
                    post(partial(self._desk.summary, event, moment))
                    kept = True
                case SessionChange():
                    self._session = None if event.state == "ended" else event.session
                case Step() if self._settings.steps:
                    self._courier.worker.offer(partial(self._desk.step, event, self._moment(event.known_at)))
                case _:
                    pass
        if kept:
            self._courier.worker.settle(DISK_PATIENCE_S)

    def _tell_live(self, live: Live) -> None:
        self._live_told = self._clock()
        utc = None if live.time is None else self._utc(live.time)
        self._courier.worker.offer(partial(self._desk.live, live, utc))
        if self._homie:
            self._homie.live(live)

    def _moment(self, time_s: float) -> Moment:
        return Moment(utc=self._utc(time_s), session=self._session)

    def _utc(self, time_s: float) -> str | None:
        offset = self._info.utc_offset_s
        return None if offset is None else utc_text(offset + time_s)


def _info_message(settings: MqttSettings, info: SourceInfo, in_force: Mapping[str, object]) -> Info:
    return Info(
        software=f"backbeat {__version__}",
        team=settings.team,
        runner=settings.runner,
        runner_name=settings.runner_name or settings.runner,
        source=info.name,
        rate_hz=info.rate_hz,
        acc_range_g=info.acc_range_g,
        gyr_range_dps=info.gyr_range_dps,
        position=info.position,
        details=info.details,
        settings=in_force,
        commands=sorted(ALWAYS | settings.commands & COMMANDS.keys()),
    )
