"""Runs that break step detectors, simulated: each is found, with its sides, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from backbeat.events import ActivityChange, SignalQuality
from backbeat.simulator import SimulatedRun, Stretch
from simulated_gait import ESTABLISHED_S, Agreement, analysed, compare, run_of, seconds_of, steps_of


def agreement(run: SimulatedRun, begin: float = 3.0 + ESTABLISHED_S, end: float | None = None) -> Agreement:
    return compare(run, analysed(run), begin, run.seconds * run.sensor.clock - 0.6 if end is None else end)


def assert_found(query: str, f1: float = 0.995, sides: float = 0.99) -> Agreement:
    found = agreement(run_of(query))
    assert found.true > 60
    assert found.f1 >= f1, str(found)
    if "gyroscope=no" in query:
        assert max(found.side_share, 1.0 - found.side_share) >= 0.97, str(found)
    else:
        assert found.side_share >= sides, str(found)
    return found


MORE = pytest.mark.slow
CADENCES = [pytest.param(cadence, marks=MORE if cadence % 20 else ()) for cadence in range(140, 221, 10)]


@pytest.mark.parametrize("cadence", CADENCES)
def test_cadences_from_140_to_220(cadence: int) -> None:
    found = assert_found(f"seconds=50&cadence={cadence}&speed={2.0 + (cadence - 140) / 40}")
    assert np.std(found.errors_ms) < 9.0, str(found)
    assert np.std(found.toe_off_errors_ms) < 12.0, str(found)


@pytest.mark.parametrize(("cadence", "speed"), [(123, 2.5), (128, 1.8), pytest.param(131, 3.0, marks=MORE)])
def test_long_flights_are_running_from_120_steps_a_minute_on(cadence: int, speed: float) -> None:
    found = assert_found(f"seconds=50&cadence={cadence}&speed={speed}", f1=0.99)
    assert np.std(found.errors_ms) < 9.0, str(found)


@pytest.mark.parametrize("rate", [50, pytest.param(104, marks=MORE), 208, pytest.param(500, marks=MORE)])
def test_rates(rate: int) -> None:
    assert_found(f"seconds=40&rate={rate}")


@pytest.mark.parametrize("grade", [-10, pytest.param(-5, marks=MORE), pytest.param(5, marks=MORE), 10])
@pytest.mark.parametrize("speed", [2.2, pytest.param(3.3, marks=MORE), 4.5])
def test_slopes(grade: int, speed: float) -> None:
    assert_found(f"seconds=40&grade={grade}&speed={speed}")


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("dropped=1", id="one reading in a hundred missing"),
        pytest.param("dropped=1&jitter=3", id="missing readings and jitter"),
        pytest.param("clock_error=0.7", id="clock 0.7 % fast"),
        pytest.param("clock_error=-0.7", id="clock 0.7 % slow"),
        pytest.param("asymmetry=20", id="impact asymmetry 20 %"),
        pytest.param("asymmetry=20&step_asymmetry=10&contact_asymmetry=-10", id="asymmetric in everything"),
        pytest.param("step_asymmetry=20", id="step time asymmetry 20 %"),
        pytest.param("position=left_hip&hip_gain=45&step_asymmetry=12", id="left hip, alternate peaks 45 % apart"),
        pytest.param("position=right_hip&hip_gain=45&gyroscope=no", id="right hip without gyroscope"),
        pytest.param("roll=175&pitch=10&yaw=45", id="upside down"),
        pytest.param("noise=6", id="loose, noisy"),
        pytest.param("variation=no", id="a metronome"),
    ],
)
def test_difficult_sensors_and_runners(query: str) -> None:
    assert_found(f"seconds=50&{query}")


@pytest.mark.parametrize(
    ("query", "clipped"),
    [
        pytest.param("range=8&speed=4.5&impact=7.5", 5, id="±8 g, the hardest landings"),
        pytest.param("range=4&speed=4.5&grade=-10", 100, id="±4 g, downhill"),
        pytest.param("range=2&gyroscope=no", 120, id="±2 g, every landing"),
    ],
)
def test_sensors_at_the_end_of_their_range(query: str, clipped: int) -> None:
    """At 100 Hz."""
    assert np.count_nonzero(run_of(f"seconds=50&{query}").samples().saturated) > clipped
    assert_found(f"seconds=50&{query}")


@pytest.mark.parametrize(
    ("query", "toe_off_ms"),
    [
        pytest.param("speed=3.3&impact=8&range=16", 6.0, id="8 g"),
        pytest.param("speed=3.3&impact=9&range=16&rate=208", 6.0, id="9 g at 208 Hz"),
        pytest.param("speed=4.2&impact=9&range=8&rate=50", 25.0, id="9 g, clipped at 8 g, 50 Hz"),
        pytest.param("speed=2.6&impact=8&cadence=140&gyroscope=no", 6.0, id="long steps"),
        pytest.param("speed=3.3&impact=7&position=left_hip&hip_gain=40", 30.0, id="on the hip"),
        pytest.param("speed=2&impact=4&cadence=200", 30.0, id="short quick steps"),
    ],
)
def test_very_hard_landings_are_running(query: str, toe_off_ms: float) -> None:
    """Most of the variance is the shock's, and it leaves two humps in each stance."""
    found = assert_found(f"seconds=40&{query}")
    assert np.std(found.toe_off_errors_ms) < toe_off_ms, str(found)


def test_a_gap_of_two_seconds_loses_the_steps_in_it_and_no_others() -> None:
    run = run_of("seconds=60&gap=30:2")
    events = analysed(run)
    assert compare(run, events, 9.0, 29.4).f1 == 1.0
    after = compare(run, events, 32.0 + ESTABLISHED_S, 62.0)
    assert after.f1 >= 0.99, str(after)
    assert after.side_share == 1.0, str(after)
    assert not [s for s in steps_of(events) if 30.0 < s.time < 32.0]


def test_small_holes_end_neither_a_run_nor_a_walk() -> None:
    run = run_of("programme=stand:3,walk:20,run:30@3,stand:4")
    samples = run.samples()
    begins = np.arange(5.0, 55.0, 2.7)
    hole = ((samples.time[:, None] > begins) & (samples.time[:, None] < begins + 0.07)).any(axis=1)
    events = analysed(run, samples.where(~hole))
    walked, ran = seconds_of(events, "walking", 3.0, 23.0), seconds_of(events, "running", 23.0, 53.0)
    assert walked >= 16.0  # what comes before the first hole is too short to tell
    assert ran >= 27.0
    assert seconds_of(events, "other", 8.0, 52.5) <= 0.2  # where walking gives way to running


@pytest.mark.parametrize("doing", ["run:30@3", "run:30.2@3", "jog:30.1@1.8"])
def test_a_run_that_the_readings_end_in_lasts_until_the_last_one(doing: str) -> None:
    run = run_of(f"programme=stand:3,{doing}")
    (last,) = [e for e in analysed(run) if isinstance(e, ActivityChange)][-1:]
    assert last.activity == "running"
    assert last.end == pytest.approx(run.samples().time[-1], abs=0.02)


@pytest.mark.parametrize("speed", [2.5, 3.5])
def test_turns(speed: float) -> None:
    """Bends of a track, and round a post and back again."""
    bend, post = Stretch("run", 12.0, speed, turn_deg_s=15.0), Stretch("run", 3.0, speed, turn_deg_s=-60.0)
    straight = Stretch("run", 10.0, speed)
    run = SimulatedRun(programme=(Stretch("stand", 3.0), straight, bend, straight, post, straight, bend, post))
    found = agreement(run)
    assert found.f1 >= 0.995, str(found)
    assert found.side_share >= 0.99, str(found)


def test_a_walk_with_a_u_turn() -> None:
    walk, turn = Stretch("walk", 12.0, 1.3), Stretch("walk", 2.0, 0.7, turn_deg_s=90.0)
    run = SimulatedRun(programme=(Stretch("stand", 3.0), walk, turn, walk, turn, walk))
    found = compare(run, analysed(run), 3.0 + ESTABLISHED_S, run.seconds - 1.0, activity="walking")
    assert found.f1 >= 0.97, str(found)
    assert found.side_share >= 0.95, str(found)


@pytest.mark.parametrize("slip", [-70, 35, pytest.param(-35, marks=MORE), pytest.param(70, marks=MORE), 120])
def test_a_sensor_that_slips_round_the_belt_is_followed(slip: int) -> None:
    run = run_of(f"seconds=120&slip_at=50&slip={slip}")
    events = analysed(run)
    whole, soon, later = (compare(run, events, begin, end) for begin, end in ((9, 122), (60, 75), (75, 122)))
    assert whole.f1 >= 0.99, str(whole)
    assert np.std(soon.toe_off_errors_ms) < 3.0, str(soon)
    assert any("slipped" in e.problems for e in events if isinstance(e, SignalQuality))
    assert later.f1 >= 0.995, str(later)
    assert later.side_share >= 0.99, str(later)


def test_starts_and_stops() -> None:
    legs = "run:20,stand:6,run:15@3.5,walk:10,run:20@2.6"
    run = run_of(f"programme=stand:4,{legs},stand:5")
    events = analysed(run)
    for begin, end in ((4.0, 24.0), (30.0, 45.0), (55.0, 75.0)):
        found = compare(run, events, begin + ESTABLISHED_S, end - 0.6)
        assert found.f1 >= 0.99, str(found)
        assert found.side_share >= 0.99, str(found)
        assert seconds_of(events, "running", begin, end) >= 0.9 * (end - begin)
    assert seconds_of(events, "running", 26.0, 29.0) == 0.0
    assert seconds_of(events, "walking", 45.0, 55.0) >= 6.0


@pytest.mark.parametrize("speed", [1.6, 2.0])
def test_jogging_without_flight_is_running(speed: float) -> None:
    run = run_of(f"programme=stand:3,jog:60@{speed}")
    events = analysed(run)
    # Four seconds of a steady bounce and the two that a window looks back tell it from a flight of stairs.
    assert seconds_of(events, "running", 3.0, 63.0) >= 54.0
    found = compare(run, events, 9.0, 62.0)
    assert found.f1 >= 0.99, str(found)
    assert found.side_share >= 0.95, str(found)


@pytest.mark.parametrize(("speed", "gain"), [(1.6, 10), (1.8, 30), pytest.param(2.2, 30, marks=MORE)])
def test_jogging_without_flight_beside_the_midline_is_running(speed: float, gain: int) -> None:
    """Every second hump is lower: a third of the bounce is at stride frequency."""
    run = run_of(f"programme=stand:3,jog:40@{speed},stand:3&position=left_hip&hip_gain={gain}")
    events = analysed(run)
    assert seconds_of(events, "running", 3.0, 43.0) >= 36.0
    found = compare(run, events, 9.0, 42.0)
    assert found.f1 >= 0.99, str(found)
    assert found.side_share >= 0.95, str(found)


@pytest.mark.parametrize(("cadence", "speed"), [(190, 2.4), (200, 2.0), (220, 2.4)])
def test_short_quick_steps_are_running(cadence: int, speed: float) -> None:
    """Feet that overlap at a cadence that only runners have: the bounce is low and its humps are far from a sine."""
    run = run_of(f"stand=3&seconds=60&cadence={cadence}&speed={speed}")
    events = analysed(run)
    assert seconds_of(events, "running", 3.0, 63.0) >= 54.0
    assert seconds_of(events, "walking") == 0.0
    found = compare(run, events, 9.0, 62.0)
    assert found.f1 >= 0.99, str(found)
    assert found.side_share >= 0.99, str(found)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("cadence=182&speed=2.5&grade=-10&asymmetry=10&seed=304&rate=50", id="downhill"),
        pytest.param("cadence=170&speed=2.2&grade=-6&step_asymmetry=12&seed=174&rate=208", id="uneven"),
        pytest.param("cadence=168&speed=2.7&seed=8944&position=left_hip&hip_gain=45&asymmetry=10", id="on the hip"),
    ],
)
def test_a_jog_on_trial_turns_no_front_round(query: str) -> None:
    """A bounce between a walker's and a runner's; read by the walker's law, the first sides were all exchanged."""
    run = run_of(f"stand=3&seconds=45&{query}")
    events = analysed(run)
    found = compare(run, events, 9.0, 47.0)
    assert found.f1 >= 0.99, str(found)
    assert found.side_share >= 0.99, str(found)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("cadence=205&speed=2.1&grade=-10&noise=6", id="hard landings"),
        pytest.param("cadence=203&speed=2.8&position=left_hip&hip_gain=45&seed=5398", id="on the hip"),
        pytest.param("cadence=218&speed=2.2&grade=-10&asymmetry=-10&step_asymmetry=12&seed=5185", id="uneven"),
    ],
)
def test_short_quick_steps_that_are_uneven_are_running(query: str) -> None:
    run = run_of(f"stand=3&seconds=60&{query}")
    events = analysed(run)
    assert seconds_of(events, "running", 3.0, 63.0) >= 54.0
    assert compare(run, events, 9.0, 62.0).f1 >= 0.98


@pytest.mark.parametrize("cadence", [150, pytest.param(170, marks=MORE), 190, pytest.param(210, marks=MORE)])
def test_quick_skipping_is_no_running(cadence: int) -> None:
    programme = Stretch("stand", 3.0), Stretch("skip", 40.0, cadence_spm=cadence), Stretch("stand", 3.0)
    assert seconds_of(analysed(SimulatedRun(programme=programme)), "running") == 0.0


@pytest.mark.parametrize("cadence", [150, 165, pytest.param(190, marks=MORE), 210])
def test_a_run_after_skipping_begins_where_the_skipping_ends(cadence: int) -> None:
    """The steps that led up to it are told from the skipper's by their time: those come in pairs."""
    skip, run = Stretch("skip", 15.0, cadence_spm=cadence), Stretch("run", 15.0, 3.0)
    events = analysed(SimulatedRun(programme=(Stretch("stand", 3.0), skip, run, skip, Stretch("stand", 3.0))))
    assert seconds_of(events, "running", 3.0, 18.0) <= 0.3
    assert seconds_of(events, "running", 18.0, 33.0) >= 14.0
    assert seconds_of(events, "running", 33.5, 51.0) <= 1.5


def test_running_in_place_is_running() -> None:
    run = run_of("programme=stand:3,in_place:40")
    events = analysed(run)
    assert seconds_of(events, "running", 3.0, 43.0) >= 36.0
    assert compare(run, events, 9.0, 42.0).f1 >= 0.99


@pytest.mark.parametrize("doing", ["walk", "skip", "jump", "tap", "stairs_up", "stairs_down", "stand"])
def test_nothing_else_is_running(doing: str) -> None:
    run = run_of(f"programme=stand:3,{doing}:60,stand:3")
    events = analysed(run)
    assert seconds_of(events, "running") == 0.0
    assert not [s for s in steps_of(events) if s.activity == "running"]
    if doing in {"skip", "jump", "tap", "stand"}:
        assert seconds_of(events, "walking") == 0.0


@pytest.mark.parametrize("speed", [1.0, 1.4, 1.8])
def test_walking_steps_are_found_with_their_sides(speed: float) -> None:
    run = run_of(f"programme=stand:3,walk:60@{speed}")
    found = compare(run, analysed(run), 3.0 + ESTABLISHED_S, 62.0, activity="walking")
    assert found.f1 >= 0.97, str(found)
    assert found.side_share >= 0.95, str(found)


def test_a_springy_walker_is_told_front_from_back() -> None:
    """A bounce as high as a slow jogger's, as brisk walkers have: here a usual one's, enlarged about its mean."""
    run = run_of("programme=stand:3,walk:60@2")
    samples = run.samples()
    mean = samples.acc.mean(axis=0)
    found = compare(
        run,
        analysed(run, replace(samples, acc=mean + 2.8 * (samples.acc - mean))),
        3.0 + ESTABLISHED_S,
        62.0,
        activity="walking",
    )
    assert found.f1 >= 0.97, str(found)
    assert found.side_share >= 0.95, str(found)
