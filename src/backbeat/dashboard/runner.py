"""One runner, as far as the broker has told: the present second, the last minutes, sessions, alerts, notes. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Literal

from backbeat.dashboard.message import Body, number, unix
from backbeat.events import Alert
from backbeat.live import Live

STALE_AFTER_S = 3.5
"""Without the message of a second for so long, figures are no longer the present ones: three have been missed."""

POINTS = 600
"""Of the live charts: ten minutes at one a second."""

USUAL_OF = 10
"""Earlier sessions whose median stands as usual beside a live figure."""

MAX_SESSIONS = 60
"""The device keeps fifty; beyond this the oldest are left out, whoever sends them."""

MAX_LISTED = 500
"""Alerts or notes of one session."""

MAX_INFO_WEIGHT = 100_000
"""Of what a device says of itself, bytes of memory; a longer one is not taken in."""

Presence = Literal["live", "stale", "lost", "ended"]


@dataclass(frozen=True, slots=True)
class Point:
    """What the charts need of a second; names as in `Live`."""

    time: float
    cadence_spm: float | None
    contact_time_ms: float | None
    impact_left_g: float | None
    impact_right_g: float | None
    impact_symmetry_pct: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert as it was told.

    Attributes:
        session: the session's id.
        seq: with the session its key.
        utc: when it became known, ISO 8601; empty where the device does not know.
        alert: the alert itself.
        seen_by: who has acknowledged it; empty while nobody has.
    """

    session: str
    seq: int
    utc: str
    alert: Alert
    seen_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What a runner entered: pain, stiffness or effort from 0 to 10, or words."""

    time: float
    utc: str
    about: str
    value: float | None
    when: str
    text: str


@dataclass(slots=True)
class Session:
    """One session.

    Attributes:
        id: of the session.
        utc: when its newest message was written, ISO 8601; empty where it is not known.
        origin: "simulated" is no runner.
        summary: as it came; None while it lasts or where none came.
        alerts: by their number.
        dropped: older alerts that are no longer listed.
        notes: oldest first.
        weights: what is kept of it to the bytes of memory that it takes at most.
    """

    id: str
    utc: str = ""
    origin: str = ""
    summary: Body | None = None
    alerts: dict[int, Told] = field(default_factory=dict)
    dropped: int = 0
    notes: list[Note] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)

    @property
    def began_unix(self) -> float | None:
        """When it began, as its summary has it; None before that, or where the device knew no time."""
        if self.summary is None:
            return None
        known, start, end = unix(self.summary, "utc"), number(self.summary, "start"), number(self.summary, "known_at")
        return None if known is None or start is None or end is None else max(0.0, known - max(0.0, end - start))


@dataclass(slots=True)
class Runner:
    """One runner.

    Attributes:
        team: id.
        id: of the runner.
        name: for people; the id where none was told.
        origin: of the newest message.
        online: as `status` says; None before it came.
        reason: why offline.
        live: the newest second; None before one came.
        live_at: when it came, s on the reader's clock; None where the broker had kept it: it is old.
        live_utc: when it was measured, where the device knows.
        points: the last minutes, none of them from before the newest session.
        began: when that session began, s on the readings' time axis; None before one.
        sessions: by id.
        info: the device, as it came.
        answers: to acknowledgements that were asked from here: (session, seq) to what is wrong, empty while waiting.
    """

    team: str
    id: str
    name: str = ""
    origin: str = ""
    online: bool | None = None
    reason: str = ""
    live: Live | None = None
    live_at: float | None = None
    live_utc: str = ""
    points: deque[Point] = field(default_factory=lambda: deque(maxlen=POINTS))
    began: float | None = None
    sessions: dict[str, Session] = field(default_factory=dict)
    info: Body = field(default_factory=dict)
    answers: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def shown_name(self) -> str:
        """The name for people."""
        return self.name or self.id

    @property
    def simulated(self) -> bool:
        """No real person."""
        return self.origin == "simulated"

    def presence(self, now: float) -> Presence:
        """Whether what is shown is the present."""
        if self.online is False:
            return "lost" if self.reason == "connection lost" else "ended"
        fresh = self.live_at is not None and now - self.live_at <= STALE_AFTER_S
        return "live" if fresh else "stale"

    def session(self, name: str) -> Session:
        """The session of this id, made where it is new; the oldest goes when there are too many."""
        if name not in self.sessions:
            self.sessions[name] = Session(name)
            if len(self.sessions) > MAX_SESSIONS:
                oldest = min(self.sessions.values(), key=lambda each: (each.id == name, each.utc, each.id))
                del self.sessions[oldest.id]
        return self.sessions[name]

    @property
    def weight(self) -> int:
        """Bytes of memory that its sessions take at most."""
        return sum(sum(session.weights.values()) for session in self.sessions.values())

    def forget_oldest(self) -> None:
        """Let its oldest session go, the one that is on last."""
        del self.sessions[self.newest_first()[-1].id]

    def newest_first(self) -> list[Session]:
        """All sessions; the one that is on before the others, also where the device knows no wall clock."""
        on = self.live.session if self.live is not None else None
        return sorted(self.sessions.values(), key=lambda each: (each.id == on, each.utc, each.id), reverse=True)

    @property
    def in_session(self) -> bool:
        """Whether a session is on; after a loss whether one was."""
        return self.live is not None and self.live.session is not None

    @property
    def current(self) -> Session | None:
        """The session that is on; after a loss the one that was."""
        if self.live is not None:
            return self.sessions.get(self.live.session or "")
        return next((each for each in self.newest_first() if each.summary is None), None)

    def active(self) -> list[Told]:
        """Alerts that are raised and not cleared, newest first."""
        session = self.current
        if session is None or session.summary is not None:
            return []
        standing: dict[tuple[str, str | None], Told] = {}
        for _, told in sorted(session.alerts.items()):
            key = (told.alert.alert, told.alert.side)
            standing.pop(key, None)
            if told.alert.state == "raised":
                standing[key] = told
        return list(reversed(standing.values()))

    def usual(self, measure: str) -> tuple[float, int] | None:
        """The median of a summary's field over the last finished sessions, and of how many; None under three."""
        values = []
        for session in self.newest_first():
            value = number(session.summary, measure) if session.summary is not None else None
            if value is not None and session is not self.current:
                values.append(value)
        values = values[:USUAL_OF]
        return (median(values), len(values)) if len(values) >= 3 else None

    def trend(self) -> list[tuple[Session, Mapping[str, float | None]]]:
        """The figures of finished sessions, oldest first."""
        names = ("impact_peak_g", "cadence_spm", "contact_time_ms", "running_s", "distance_m")
        return [
            (session, {name: number(session.summary, name) for name in names})
            for session in reversed(self.newest_first())
            if session.summary is not None
        ]
