"""What happens to the runners of the team is what their stories say."""

from __future__ import annotations

import pytest

from backbeat.events import Alert, Event, SessionChange, Summary
from backbeat.monitor import Monitor
from backbeat.samples import Samples
from backbeat.team.rounds import REST_S, Rounds
from backbeat.team.runners import TEAM, TeamRunner

BY_ID = {runner.id: runner for runner in TEAM}


def events_of(runner: TeamRunner, seconds: float, **options: float) -> list[Event]:
    source = Rounds(runner, seconds, **options)
    monitor = Monitor(source.info)
    events: list[Event] = []
    for block in source:
        events += monitor.feed(block)
    return [*events, *monitor.end()]


@pytest.mark.parametrize(
    ("runner", "told"),
    [
        pytest.param("hanna", {"downhill_load"}, marks=pytest.mark.slow),
        ("kim", {"asymmetry_change"}),
        ("luca", {"signal_bad"}),
        pytest.param("sam", {"asymmetry_change"}, marks=pytest.mark.slow),
        ("tina", {"form_drift", "cadence_drop"}),
        pytest.param("uli", set(), marks=pytest.mark.slow),
    ],
)
def test_ten_minutes_of_a_runner_raise_the_alerts_of_the_story(runner: str, told: set[str]) -> None:
    alerts = [event for event in events_of(BY_ID[runner], 600.0) if isinstance(event, Alert)]
    raised = [alert for alert in alerts if alert.state == "raised"]
    assert {alert.alert for alert in raised} == told
    if runner in ("kim", "sam"):
        assert {alert.side for alert in raised} == {"left" if runner == "kim" else "right"}
    if BY_ID[runner].out_of_reach is not None:  # the alert is raised where nobody hears it
        begin, end = BY_ID[runner].out_of_reach
        assert all(begin < alert.known_at < end for alert in raised)


def test_the_next_round_is_a_session_of_its_own() -> None:
    events = events_of(BY_ID["uli"], 100.0 + REST_S + 100.0, round_s=100.0)
    started = [event for event in events if isinstance(event, SessionChange) and event.state == "started"]
    summaries = [event for event in events if isinstance(event, Summary)]
    assert len({event.session for event in started}) == len(started) == len(summaries) == 2
    assert summaries[0].running_s == pytest.approx(100.0, abs=5.0)


def test_time_goes_on_from_round_to_round() -> None:
    last = 0.0
    for block in Rounds(BY_ID["hanna"], 300.0, round_s=100.0):
        if isinstance(block, Samples):
            assert block.time[0] >= last
            last = block.time[-1]
    assert last == pytest.approx(300.0, abs=2.0)
