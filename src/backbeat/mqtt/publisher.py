"""The publisher: the consumer of a run that tells it by MQTT. On the analysis' thread it does as little as it can."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from backbeat.events import Alert, Event, SessionChange, Step, Summary
from backbeat.live import Live, LiveState
from backbeat.mqtt.attendant import Handler, Tell
from backbeat.mqtt.commands import Command
from backbeat.mqtt.desk import Moment
from backbeat.mqtt.device import open_device
from backbeat.mqtt.homie import HomieDevice
from backbeat.mqtt.outbox import Limits
from backbeat.mqtt.payloads import utc_text
from backbeat.mqtt.settings import MqttError, MqttSettings
from backbeat.samples import Context, Samples, SourceInfo

HOMIE_PATIENCE_S = 0.5
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
                replay that can be run again; call `wait_connected` then.
            limits: how large the outbox may grow.
            end_patience_s: how long `finish` waits for the broker to take what is left.
            tell: takes what commands and the runner's phone say to the run (`backbeat.inbox.Inbox.put`).
            handlers: do the commands `Report` and `Identify`; called on threads of their own.
            report: told in words for people what they should know; called on another thread.
            wall: Unix time now.
            clock: monotonic seconds.
        """
        self._settings, self._info, self._report = settings, info, report
        self._end_patience_s, self._clock, self._wall = end_patience_s, clock, wall
        self._ahead = wall() - clock()
        self._live = LiveState()
        self._live_told = -1.0
        self._session: str | None = None
        device = open_device(
            settings,
            info,
            in_force=in_force,
            outbox=outbox,
            limits=limits,
            lasting=outbox is not None,
            awaited=outbox is None,
            tell=tell,
            handlers=handlers,
            report=report,
            wall=wall,
            clock=clock,
        )
        self._courier, self._desk = device.courier, device.desk
        self._homie: HomieDevice | None = None
        if settings.homie:
            self._homie = HomieDevice(settings, f"{device.client_id}-homie", lambda told: report(f"Homie: {told}"))

    def wait_connected(self, patience_s: float = 10.0) -> None:
        """Wait for the first connection, where a run without a broker makes no sense.

        Raises:
            MqttError: the broker cannot be reached or does not let us in; why, and what to do.
        """
        trouble = self._courier.wait_connected(patience_s)
        if trouble is not None:
            self._courier.end(0.0)
            remedy = "; start it, or check the address" if trouble.startswith("cannot be reached") else ""
            raise MqttError(f"The broker {self._settings.name} {trouble}{remedy}.")

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
            self._homie.begin_end(self._end_patience_s)  # both at once: a broker that hangs costs the time only once
        left = self._courier.end(self._end_patience_s)
        if self._homie:
            self._homie.end(HOMIE_PATIENCE_S)
        if left is None:
            self._report(f"The end of MQTT took too long; what {self._settings.name} has not had waits on the disk.")
        elif left:
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
        """Of a moment of the readings; a Pi without a clock of its own is set right by the network during a run."""
        offset = self._info.utc_offset_s
        if offset is None:
            return None
        set_s = self._wall() - self._clock() - self._ahead if self._info.origin == "live" else 0.0
        return utc_text(offset + time_s + set_s)
