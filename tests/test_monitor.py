"""Sessions, context at its time, and that the cut of the input changes nothing; the gait analysis is scripted."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backbeat.monitor
from backbeat.event_json import as_json
from backbeat.events import Alert, Event, SessionChange, SignalQuality, Step, Summary
from backbeat.monitor import MOST_WAITING, Monitor, MonitorSettings
from backbeat.samples import Context, Samples, SourceInfo
from backbeat.sessions import SessionSettings
from rigs.steps import Runner, steps

RATE = 50.0


class Scripted:
    """Gives prepared events at the reading at which they become known."""

    script: Sequence[Step | SignalQuality] = ()

    def __init__(self, *_: object) -> None:
        self.left = list(self.script)

    def feed(self, block: Samples) -> list[Step | SignalQuality]:
        out = []
        while self.left and self.left[0].known_at <= block.time[-1]:
            out.append(self.left.pop(0))
        return out

    def end(self) -> list[Step | SignalQuality]:
        out, self.left = self.left, []
        return out


def readings(seconds: float, start: float = 0.0) -> Samples:
    time = start + np.arange(int(seconds * RATE)) / RATE
    return Samples.of(time, np.tile([0.0, 0.0, 9.81], (len(time), 1)))


@pytest.fixture
def monitor(monkeypatch: pytest.MonkeyPatch):
    def make(script: Sequence[Step | SignalQuality], *, session: str | None = None, **info: object) -> Monitor:
        monkeypatch.setattr(backbeat.monitor, "Engine", type("E", (Scripted,), {"script": sorted_by_known(script)}))
        return Monitor(SourceInfo("test", "simulated", RATE, **info), MonitorSettings(), session=session)  # type: ignore[arg-type]

    return make


def sorted_by_known(script: Sequence[Step | SignalQuality]) -> list[Step | SignalQuality]:
    at_reading = [replace(e, known_at=round(float(np.ceil(e.known_at * RATE)) / RATE, 6)) for e in script]
    return sorted(at_reading, key=lambda e: e.known_at)


def run(monitor: Monitor, blocks: Sequence[Samples | Context]) -> list[Event]:
    events = [event for block in blocks for event in monitor.feed(block)]
    return events + list(monitor.end())


def changes(events: list[Event]) -> list[tuple[str, str, float]]:
    return [(e.session, e.state, round(e.time, 1)) for e in events if isinstance(e, SessionChange)]


def test_thirty_seconds_of_running_make_a_session_dated_back(monitor) -> None:
    script = steps(Runner(seconds=60, start=5.0))
    events = run(monitor(script, session="mine"), [readings(100)])
    started, ended = [e for e in events if isinstance(e, SessionChange)]
    assert (started.state, ended.state) == ("started", "ended")
    assert started.time == script[0].time
    assert started.known_at - started.time == pytest.approx(31.0, abs=1.0)
    assert ended.time == script[-1].time
    summary = events[-2]
    assert isinstance(summary, Summary)
    assert (summary.session, summary.steps) == ("mine", len(script))
    assert summary.start == script[0].time


def test_too_little_running_is_no_session(monitor) -> None:
    script = [s for k in range(4) for s in steps(Runner(seconds=20, start=5.0 + 100 * k))]
    events = run(monitor(script), [readings(500)])
    assert changes(events) == []
    assert not any(isinstance(e, Summary) for e in events)


def test_short_stops_do_not_matter(monitor) -> None:
    script = [s for k in range(4) for s in steps(Runner(seconds=20, start=5.0 + 50 * k))]
    assert [state for _, state, _ in changes(run(monitor(script), [readings(300)]))] == ["started", "ended"]


def test_ten_minutes_without_end_a_session_and_another_may_follow(monitor) -> None:
    script = steps(Runner(seconds=60)) + steps(Runner(seconds=60, start=700.0))
    events = run(monitor(script, session="day"), [readings(1500)])
    assert [c[:2] for c in changes(events)] == [
        ("day", "started"),
        ("day", "ended"),
        ("day-2", "started"),
        ("day-2", "ended"),
    ]
    first_end = [e for e in events if isinstance(e, SessionChange)][1]
    assert first_end.time == pytest.approx(60, abs=1)
    assert first_end.known_at == pytest.approx(first_end.time + 604, abs=0.05)


def test_stop_and_start_by_command(monitor) -> None:
    script = steps(Runner(seconds=300))
    blocks = [readings(300), Context(100.0, "command", "stop_session"), Context(200.0, "command", "start_session")]
    events = run(monitor(script, session="s"), [blocks[1], blocks[2], blocks[0]])
    assert [(state, time) for _, state, time in changes(events)][:2] == [
        ("started", 0.4),
        ("ended", pytest.approx(99.5, abs=0.5)),
    ]
    assert [(state, time) for _, state, time in changes(events)][2:] == [
        ("started", 200.0),
        ("ended", pytest.approx(299.5, abs=4)),
    ]


def test_ids_from_the_wall_clock_or_from_the_readings(monitor) -> None:
    script = steps(Runner(seconds=60, start=5.0))
    wall = run(monitor(script, utc_offset_s=1_700_000_000.0), [readings(100)])
    assert changes(wall)[0][0] == "20231114-221325"
    bare = {changes(run(monitor(script), [readings(100)]))[0][0] for _ in range(2)}
    assert len(bare) == 1
    assert bare.pop().startswith("t5-")
    for name in (changes(wall)[0][0],):
        assert len(name) <= 32
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_speed_and_slope_count_from_their_time(monitor) -> None:
    script = steps(Runner(seconds=60))
    ahead = [Context(20.0, "speed_m_s", 3.0), Context(40.0, "speed_m_s", None), Context(30.0, "grade_pct", -4.0)]
    events = run(monitor(script), [*ahead, readings(100)])
    for step in (e for e in events if isinstance(e, Step)):
        assert step.speed_m_s == (3.0 if 20 <= step.time < 40 else None)
        assert step.grade_pct == (-4.0 if step.time >= 30 else None)


def test_what_comes_late_counts_at_once(monitor) -> None:
    both = readings(100)
    script = steps(Runner(seconds=60))
    events = run(monitor(script), [both[:2000], Context(3.0, "speed_m_s", 3.0), Context(3.0, "pain", 6), both[2000:]])
    assert all((e.speed_m_s is None) == (e.time < 39.98) for e in events if isinstance(e, Step))
    pain = next(e for e in events if isinstance(e, Alert))
    assert pain.alert == "pain_report"
    assert pain.known_at == both.time[1999]


def test_pain_noted_after_the_last_reading_still_counts(monitor) -> None:
    events = run(
        monitor(steps(Runner(seconds=60))), [readings(70), Context(500.0, "pain", {"value": 7, "when": "after"})]
    )
    assert [e.alert for e in events if isinstance(e, Alert)] == ["pain_report", "pain_report"]
    summary = next(e for e in events if isinstance(e, Summary))
    assert summary.alerts == {"pain_report": 1}


def test_dropouts_are_added_up(monitor) -> None:
    a, b = readings(30), readings(30, start=32.0)
    b = Samples.of(b.time, b.acc, gap_before=np.arange(len(b)) == 0)
    script = [s for s in steps(Runner(seconds=60)) if not 30 <= s.time <= 32]
    summary = next(e for e in run(monitor(script), [a, b]) if isinstance(e, Summary))
    assert summary.gaps_s == pytest.approx(2.02, abs=0.001)


def script_with_everything() -> list[Step | SignalQuality]:
    script: list[Step | SignalQuality] = [*steps(Runner(seconds=80)), *steps(Runner(seconds=45, start=120.0, seed=2))]
    script += [
        SignalQuality(time=50.0, known_at=50.3, quality=0.3, problems={"loose": "The belt is loose."}),
        SignalQuality(time=75.0, known_at=75.3, quality=0.9),
    ]
    return script


CONTEXTS = (
    Context(10.0, "speed_m_s", 2.9),
    Context(33.33, "pain", 4),
    Context(60.0, "grade_pct", 5.0),
    Context(100.0, "command", "stop_session"),
    Context(130.0, "command", "start_session"),
)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(cuts=st.lists(st.integers(1, 9000), max_size=12), every=st.sampled_from([None, 1, 7]))
def test_cut_anywhere(cuts: list[int], every: int | None) -> None:
    script = sorted_by_known(script_with_everything())
    whole = readings(180)
    short = MonitorSettings(session=SessionSettings(end_after_pause_s=30.0))

    def events(edges: list[int]) -> list[object]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(backbeat.monitor, "Engine", type("E", (Scripted,), {"script": script}))
            monitor = Monitor(SourceInfo("test", "simulated", RATE), short)
        out = [e for context in CONTEXTS for e in monitor.feed(context)]
        for a, b in pairwise([0, *edges, len(whole)]):
            out += monitor.feed(whole[a:b])
        return [as_json(e) for e in [*out, *monitor.end()]]

    expected = events([])
    kinds = [e["kind"] + e.get("state", "") for e in expected]  # type: ignore[index,attr-defined]
    assert {"sessionstarted", "sessionended", "summary", "alertraised", "alertcleared"} <= set(kinds)
    edges = sorted(set(cuts)) if every is None else list(range(every, len(whole), every))
    assert events(edges) == expected


def test_hours_of_a_treadmill_without_a_runner_are_not_kept() -> None:
    monitor = Monitor(SourceInfo("belt", "live", rate_hz=100.0))
    still = np.tile([0.0, 0.0, 9.81], (100, 1))
    for second in range(300):
        monitor.feed(Samples.of(second + np.arange(100) / 100, still))
        monitor.feed(Context(second + 0.99, "speed_m_s", 3.0))
    assert len(monitor._speed) < 100


def test_context_that_waits_for_readings_that_never_come_is_bounded_and_not_lost(monitor) -> None:
    watched = monitor([])
    watched.feed(readings(1.0))
    told = list(watched.feed(Context(5.0, "command", "start_session")))
    for second in range(MOST_WAITING):
        told += watched.feed(Context(10.0 + second, "heart_rate_bpm", 120.0))
    assert [event.state for event in told if isinstance(event, SessionChange)] == ["started"]
    assert len(watched._waiting) == MOST_WAITING
