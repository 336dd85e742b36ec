"""The 1 Hz state: what is shown, and that it does not depend on how the readings are cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.events import Event, SignalQuality, Symmetry
from backbeat.live import MOST_WAITING, Live, LiveState
from backbeat.samples import Context
from rigs.runs import a_run, alert, ended, readings, started, step


def followed(events: list[Event], seconds: float, cuts: list[float]) -> list[Live]:
    """The states told when the readings are cut at `cuts`."""
    state, told, start = LiveState(), [], 0.0
    waiting = sorted(events, key=lambda event: event.known_at)
    for end in [*sorted(set(cuts)), seconds]:
        count = round((end - start) * 100)
        if count == 0:
            continue
        block = readings(start, count / 100)
        last = float(block.time[-1])
        told += state.take(block, [event for event in waiting if event.known_at <= last])
        waiting = [event for event in waiting if event.known_at > last]
        start = round(start + count / 100, 2)
    return told


ALL = [event for second in a_run() for event in second]


@settings(deadline=None, derandomize=True, max_examples=25)
@given(st.lists(st.integers(1, 11_999).map(lambda n: n / 100), max_size=40))
def test_the_states_do_not_depend_on_how_the_readings_are_cut(cuts: list[float]) -> None:
    assert followed(ALL, 120.0, cuts) == followed(ALL, 120.0, [])


def test_one_state_a_second_of_readings_and_none_in_a_gap() -> None:
    state = LiveState()
    told = [*state.take(readings(0.0, 3.0), []), *state.take(readings(3600.5, 2.0), [])]
    assert [live.time for live in told] == [0.0, 1.0, 2.0, 3600.5, 3601.0, 3602.0]


def test_figures_are_means_of_the_last_eight_steps() -> None:
    state = LiveState()
    steps = [step(10 + i / 3, "left" if i % 2 else "right", 4.0 if i % 2 else 3.0) for i in range(12)]
    (live,) = state.take(readings(14.1, 0.1), steps)
    assert (live.state, live.cadence_spm, live.contact_time_ms) == ("running", 170.0, 240.0)
    assert (live.impact_peak_g, live.impact_left_g, live.impact_right_g) == (3.5, 4.0, 3.0)
    assert live.flight_time_ms is None


def test_the_impact_of_each_side_fits_the_symmetry_beside_it() -> None:
    """A few scattering landings would seem to contradict an index over a hundred pairs."""
    rng = np.random.default_rng(3)
    side = {"left": 3.0, "right": 3.3}
    order = [("left", "right")[i % 2] for i in range(240)]
    steps = [step(10 + i / 3, foot, side[foot] * (1 + 0.08 * rng.standard_normal())) for i, foot in enumerate(order)]
    (live,) = LiveState().take(readings(90.1, 0.1), steps)
    assert live.impact_left_g is not None
    assert live.impact_right_g is not None
    index = 200 * (live.impact_right_g - live.impact_left_g) / (live.impact_right_g + live.impact_left_g)
    last = {foot: np.mean([s.impact_peak_g for s in steps[-200:] if s.side == foot]) for foot in side}
    assert index == pytest.approx(200 * (last["right"] - last["left"]) / (last["right"] + last["left"]))
    assert index == pytest.approx(9.5, abs=3.0)


def test_who_stands_still_is_not_running() -> None:
    state = LiveState()
    state.take(readings(0.0, 2.0), [step(1.0)])
    live = state.take(readings(2.0, 2.0), [])[-1]
    assert (live.state, live.cadence_spm) == ("running", 170.0)
    live = state.take(readings(4.0, 1.0), [])[-1]
    assert (live.state, live.cadence_spm) == ("other", None)


def test_alerts_come_and_go() -> None:
    state = LiveState()
    state.take(readings(0.0, 10.0), [alert(5.0), alert(6.0, "contact_time_long", side=None)])
    live = state.now()
    assert (live.alerts_active, live.alerts, live.alert_message) == (
        2,
        "impact_high:right, contact_time_long",
        "Land softer.",
    )
    state.take(readings(10.0, 1.0), [alert(10.2, state="cleared")])
    assert state.now().alerts == "contact_time_long"


def test_a_session_counts_the_steps_since_its_first() -> None:
    state = LiveState()
    steps = [step(i / 2) for i in range(100)]
    live = state.take(readings(50.0, 0.5), [*steps, started(10.0)])[-1]
    assert (live.session, live.session_s, live.steps) == ("20250615-151000", 40.0, 80)


def test_a_lost_sensor_makes_the_state_unknown() -> None:
    state = LiveState()
    state.take(readings(0.0, 2.0), [step(1.5)])
    state.take(Context(2.0, "sensor", {"state": "lost", "reason": "no answer"}), [])
    state.take(Context(1.0, "battery_pct", 81), [])
    state.take(readings(2.0, 0.1), [])
    live = state.now()
    assert (live.state, live.sensor, live.cadence_spm, live.battery_pct) == ("unknown", "lost", None, 81.0)


def test_context_fed_ahead_waits_for_its_time() -> None:
    state = LiveState()
    state.take(Context(5.0, "speed_m_s", 3.2), [])
    told = state.take(readings(0.0, 7.0), [])
    assert [live.speed_m_s for live in told] == [None] * 5 + [3.2, 3.2]


def test_signal_and_symmetry_are_shown_while_they_hold() -> None:
    state = LiveState()
    events: list[Event] = [
        SignalQuality(time=0.0, known_at=0.5, quality=0.6, problems={"loose": "The strap is loose."}),
        Symmetry(start=0.0, end=1.0, known_at=1.0, steps_left=9, steps_right=9, impact_pct=7.5),
    ]
    live = state.take(readings(0.0, 2.1), events)[-1]
    assert (live.signal_quality, live.signal_problems, live.impact_symmetry_pct) == (0.6, "loose", 7.5)
    assert state.take(readings(70.0, 0.1), [])[-1].impact_symmetry_pct is None


def test_a_symmetry_ends_with_its_session() -> None:
    state = LiveState()
    one = Symmetry(start=30.0, end=31.0, known_at=31.0, steps_left=9, steps_right=9, impact_pct=7.5)
    assert state.take(readings(0.0, 32.1), [started(0.0), one])[-1].impact_symmetry_pct == 7.5
    assert state.take(readings(32.1, 2.0), [ended(33.0)])[-1].impact_symmetry_pct is None


def test_what_waits_for_readings_that_never_come_is_bounded_and_not_lost() -> None:
    state = LiveState()
    state.take(readings(0, 1), [])
    for second in range(2 * MOST_WAITING):
        state.take(Context(10.0 + second, "battery_pct", float(second % 101)), [])
    assert len(state._waiting_contexts) == MOST_WAITING
    assert state.now().battery_pct == (MOST_WAITING - 1) % 101  # the latest of those that took effect early
