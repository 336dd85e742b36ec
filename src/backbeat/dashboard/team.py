"""The team, from the messages of a broker: topic and payload in, state out. Pure: the time comes with the message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from backbeat.dashboard.message import Body, number, objects, read, text, told, weight, whole
from backbeat.dashboard.runner import MAX_INFO_WEIGHT, MAX_LISTED, Note, Point, Runner, Told
from backbeat.events import Alert
from backbeat.live import Live
from backbeat.mqtt.topics import ID, VERSION, default_root

MAX_RUNNERS = 500
"""Beyond this, runners are not taken in: nobody looks at so many, and a stranger must not fill the memory."""

MAX_WEIGHT = 128 * 1024 * 1024
"""Bytes of memory of all sessions together; a session of an ordinary runner takes some ten thousand."""

SAME_BEGIN_S = 2.0
"""Two seconds of a session tell its begin so far apart at most: readings are not exactly a second apart."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where runners are found among the topics.

    Attributes:
        team: only this one; None all that the broker lets us read.
        root: of one runner with topics of its own; None: `backbeat/v1/<team>/<runner>`.
        runner: team and id of the runner with such a root.
    """

    team: str | None = None
    root: str | None = None
    runner: tuple[str, str] = ("home", "runner")

    @property
    def filter(self) -> str:
        """What to subscribe."""
        return f"{self.root}/#" if self.root else f"backbeat/v{VERSION}/{self.team or '+'}/+/#"

    def root_of(self, team: str, runner: str) -> str:
        """Where a runner's topics begin."""
        return self.root or default_root(team, runner)

    def split(self, topic: str) -> tuple[str, str, str] | None:
        """Team, runner and the rest of a topic; None where it is no runner's."""
        if self.root:
            return (*self.runner, topic.removeprefix(f"{self.root}/")) if topic.startswith(f"{self.root}/") else None
        levels = topic.split("/", 4)
        if len(levels) != 5 or levels[:2] != ["backbeat", f"v{VERSION}"]:
            return None
        team, runner, rest = levels[2:]
        named = ID.fullmatch(team) and ID.fullmatch(runner) and team == (self.team or team)
        return (team, runner, rest) if named else None


@dataclass(slots=True)
class Team:
    """All runners that a broker tells of."""

    layout: Layout = field(default_factory=Layout)
    runners: dict[tuple[str, str], Runner] = field(default_factory=dict)
    left_out: int = 0
    """Messages of runners beyond `MAX_RUNNERS`."""
    forgotten: int = 0
    """Sessions beyond `MAX_WEIGHT`."""
    _weights: dict[tuple[str, str], int] = field(default_factory=dict)
    _weight: int = 0

    def take(self, topic: str, payload: bytes, retained: bool, at: float) -> bool:
        """Take a message in.

        Args:
            topic: full.
            payload: any bytes.
            retained: the broker had kept it.
            at: now, s on the reader's clock.

        Returns:
            whether somebody should see it at once and not at the next second.
        """
        place = self.layout.split(topic)
        if place is None:
            return False
        team, name, rest = place
        if not payload:
            seen = self._cleared(team, name, rest)
            self._weigh(team, name)
            return seen
        body = read(payload)
        if body is None or rest.startswith("cmd/"):
            return False
        runner = self.runners.get((team, name))
        if runner is None:
            if len(self.runners) >= MAX_RUNNERS:
                self.left_out += 1
                return False
            runner = self.runners[team, name] = Runner(team, name)
        seen = _taken(runner, rest, body, weight(payload), retained, at)
        if rest != "live":
            self._weigh(team, name)
        return seen

    def _weigh(self, team: str, name: str) -> None:
        """See that all sessions together stay small; whoever has most of them loses the oldest."""
        runner = self.runners.get((team, name))
        before, now = self._weights.pop((team, name), 0), runner.weight if runner is not None else 0
        if now:
            self._weights[team, name] = now
        self._weight += now - before
        while self._weight > MAX_WEIGHT:
            most = max(self._weights, key=self._weights.__getitem__)
            self.runners[most].forget_oldest()
            self.forgotten += 1
            self._weight -= self._weights[most]
            self._weights[most] = self.runners[most].weight
            self._weight += self._weights[most]

    def ordered(self) -> list[Runner]:
        """All runners, by team and name; the order does not jump when something happens."""
        return sorted(self.runners.values(), key=lambda each: (each.team, each.shown_name.lower(), each.id))

    def _cleared(self, team: str, name: str, rest: str) -> bool:
        """An empty retained message takes away what was kept."""
        runner = self.runners.get((team, name))
        if runner is None:
            return False
        if rest == "status":  # the runner is forgotten (`backbeat.mqtt.forget`)
            del self.runners[team, name]
            return True
        levels = rest.split("/")
        if len(levels) == 3 and levels[0] == "session" and levels[1] in runner.sessions:
            session = runner.sessions[levels[1]]
            match levels[2]:
                case "summary":
                    del runner.sessions[levels[1]]
                case "alerts":
                    session.alerts.clear()
                case "notes":
                    session.notes.clear()
            session.weights.pop(levels[2], None)
        return False


def _taken(runner: Runner, rest: str, body: Body, weighs: int, retained: bool, at: float) -> bool:
    runner.origin = text(body, "origin") or runner.origin
    match rest.split("/"):
        case ["live"]:
            _live(runner, body, retained, at)
            return False
        case ["status"]:
            runner.online, runner.reason = text(body, "state") == "online", text(body, "reason")
        case ["info"] if weighs <= MAX_INFO_WEIGHT:
            runner.info, runner.name = body, text(body, "runner_name")[:80]
        case ["alert"] if not retained:
            found = _told(body)
            if found:
                session = runner.session(found.session)
                session.alerts[found.seq] = _still_seen(found, session.alerts.get(found.seq))
                _bound(session.alerts)
                session.utc = max(session.utc, found.utc)
                session.origin = text(body, "origin") or session.origin
                session.weights["alerts"] = session.weights.get("alerts", 0) + weighs
        case ["reply", "ack"] if not retained:
            _answered(runner, body)
        case ["session", name, what] if ID.fullmatch(name):
            _session(runner, name, what, body, weighs)
        case _:
            return False
    return not retained


def _live(runner: Runner, body: Body, retained: bool, at: float) -> None:
    live = told(Live, body)
    runner.live, runner.live_utc = live, text(body, "utc")
    if live.session and ID.fullmatch(live.session):
        session = runner.session(live.session)
        session.utc = max(session.utc, runner.live_utc)
        session.origin = runner.origin
    if retained:
        runner.live_at = runner.live_at if runner.points else None
        return
    runner.live_at = at
    if live.time is None:
        return
    if runner.points and live.time < runner.points[-1].time:  # another run
        runner.points.clear()
        runner.began = None
    _begun(runner, live)
    if not runner.points or live.time > runner.points[-1].time:
        measures = {name: getattr(live, name) for name in Point.__slots__}
        runner.points.append(Point(**measures))


def _begun(runner: Runner, live: Live) -> None:
    """Charts are of one session: when another one is on, what was before it goes."""
    if live.time is None or live.session is None or live.session_s is None:
        return
    began = live.time - live.session_s
    if runner.began is None or began > runner.began + SAME_BEGIN_S:
        runner.began = began
        while runner.points and runner.points[0].time < began - SAME_BEGIN_S:
            runner.points.popleft()


def _told(body: Body) -> Told | None:
    session, seq = text(body, "session"), whole(body, "seq")
    alert = told(Alert, body)
    if not (ID.fullmatch(session) and seq and alert.alert):
        return None
    return Told(session=session, seq=seq, utc=text(body, "utc"), alert=alert, seen_by=text(body, "acknowledged_by"))


def _still_seen(found: Told, before: Told | None) -> Told:
    """A message that is sent again (after a gap) does not say who has seen it."""
    same = before is not None and before.alert == found.alert
    return replace(found, seen_by=before.seen_by) if same and before is not None else found


def _session(runner: Runner, name: str, what: str, body: Body, weighs: int) -> None:
    if what not in ("summary", "alerts", "notes"):
        return
    session = runner.session(name)
    session.weights[what] = weighs
    session.utc = max(session.utc, text(body, "utc"))
    session.origin = text(body, "origin") or session.origin
    match what:
        case "summary":
            session.summary = body
        case "alerts":
            listed = [found for each in objects(body, "alerts")[-MAX_LISTED:] if (found := _told(each))]
            session.alerts = {found.seq: found for found in listed if found.session == name}
            session.dropped = whole(body, "dropped")
            for found in listed:
                if found.seen_by:
                    runner.answers.pop((name, found.seq), None)
        case "notes":
            session.notes = [_note(each) for each in objects(body, "notes")[-MAX_LISTED:]]


def _note(body: Body) -> Note:
    inner = body.get("value")
    value: Mapping[str, object] = inner if isinstance(inner, dict) else {"value": inner, "text": inner}
    return Note(
        time=number(body, "time") or 0.0,
        utc=text(body, "utc"),
        about=text(body, "about"),
        value=number(value, "value"),
        when=text(value, "when"),
        text=text(value, "text"),
    )


def _answered(runner: Runner, body: Body) -> None:
    session, _, seq = text(body, "id").partition("/")
    number_text = seq.partition("/")[0]
    key = (session, int(number_text) if number_text.isascii() and number_text.isdecimal() and len(seq) < 20 else 0)
    if key in runner.answers and body.get("ok") is not True:
        runner.answers[key] = text(body, "error") or "The device refused it."


def _bound(alerts: dict[int, Told]) -> None:
    while len(alerts) > MAX_LISTED:
        del alerts[min(alerts)]
