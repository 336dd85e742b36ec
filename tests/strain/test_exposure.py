"""What is told about how much, how fast and how often, against the runner's history."""

from dataclasses import replace

import pytest

from backbeat.events import Alert, Event, Step
from backbeat.strain.baseline import Exposure, population
from backbeat.strain.engine import Known, Strain
from backbeat.strain.settings import AlertOverride, AlertSettings, StrainSettings
from rigs.steps import Runner, steps


def analyse(run: list[Step], exposure: Exposure, settings: StrainSettings | None = None) -> list[Event]:
    strain = Strain(settings or StrainSettings(), Known("sacrum", replace(population(), exposure=exposure)))
    events = [event for step in run for event in strain.step(step)]
    return events + strain.finish("test", run[-1].time, run[-1].known_at, 0.0)


def raised(events: list[Event], name: str) -> list[Alert]:
    return [e for e in events if isinstance(e, Alert) and e.state == "raised" and e.alert == name]


@pytest.fixture(scope="module")
def run() -> list[Step]:
    return steps(Runner(seconds=2000, speed=lambda _: 3.0))


def test_each_level_beyond_the_longest_run_is_told_once_as_it_is_reached(run: list[Step]) -> None:
    alerts = raised(analyse(run, Exposure(longest_distance_m=3000.0, sessions=10)), "longest_run")
    assert [round(alert.value or 0.0) // 10 for alert in alerts] == [1, 3]
    assert alerts[0].time == pytest.approx(1.1 * 1000, abs=25)
    assert alerts[1].time == pytest.approx(1.3 * 1000, abs=25)
    assert "past your longest run in 30 days" in alerts[0].message


def test_without_speed_the_longest_run_is_a_matter_of_time() -> None:
    run = steps(Runner(seconds=1300))
    exposure = Exposure(longest_distance_m=10.0, longest_running_s=1000.0, sessions=10)
    assert len(raised(analyse(run, exposure), "longest_run")) == 1
    assert raised(analyse(run, replace(exposure, sessions=9)), "longest_run") == []  # nine make no longest
    assert raised(analyse(run, Exposure()), "longest_run") == []


def test_a_start_is_quick_only_beside_the_fastest_minutes(run: list[Step]) -> None:
    easy_before = Exposure(easy_speed_m_s=2.5, fast_speed_m_s=2.9, sessions=10, starts_easy=True)
    quick = raised(analyse(run, easy_before), "warmup_missing")
    assert [(alert.value, alert.usual) for alert in quick] == [(pytest.approx(3.0), 2.9)]
    assert 300 <= quick[0].time < 330
    others = ({"fast_speed_m_s": 3.1}, {"starts_easy": False}, {"starts_easy": None}, {"sessions": 9})
    for other in others:
        assert raised(analyse(run, replace(easy_before, **other)), "warmup_missing") == []


def test_too_fast_wants_an_unusual_pace_and_form_that_drifts() -> None:
    tired = {name: lambda t: 0.06 if t > 900 else 0.0 for name in ("impact_peak_g", "contact_time_ms", "braking_m_s")}
    exposure = Exposure(fast_speed_m_s=3.2, sessions=10)
    for speed, change, told in ((3.5, tired, 1), (3.0, tired, 0), (3.5, {}, 0)):
        run = steps(Runner(seconds=1500, speed=lambda _, speed=speed: speed, change=change))
        assert len(raised(analyse(run, exposure), "too_fast")) == told


def test_the_question_after_half_an_hour_is_asked_of_those_who_want_it(run: list[Step]) -> None:
    assert raised(analyse(run, Exposure()), "check_in_30") == []
    asked = StrainSettings(alerts=AlertSettings(overrides={"check_in_30": AlertOverride(enabled=True, threshold=1200)}))
    (alert,) = raised(analyse(run, Exposure(), asked), "check_in_30")
    assert 1200 <= alert.time < 1225
    assert alert.message == "20 minutes. How does your back feel, 0 to 10?"


def test_rest_days_and_worn_shoes_are_told_at_the_end(run: list[Step]) -> None:
    events = analyse(run, Exposure(run_free_days=1, shoe="blue", shoe_km=495.0))
    (rest,), (shoe,) = raised(events, "rest_days"), raised(events, "shoe_km")
    assert rest.message.endswith("seven: 1.")
    assert shoe.value == pytest.approx(501.0, abs=0.1)
    assert raised(analyse(run, Exposure(run_free_days=2, shoe="blue", shoe_km=510.0)), "shoe_km") == []


def test_leaning_uphill_and_hard_landings_downhill() -> None:
    climb = Runner(
        seconds=1200,
        grade=lambda t: 6.0 if t > 700 else 0.0,
        change={"pelvic_tilt_drift_deg": lambda t: 8.0 if t > 700 else 0.0},
    )
    assert len(raised(analyse(steps(climb), Exposure()), "uphill_lean")) == 1
    assert raised(analyse(steps(replace(climb, change={})), Exposure()), "uphill_lean") == []
    descent = replace(climb, grade=lambda t: -6.0 if t > 700 else 0.0, change={})
    (alert,) = raised(analyse(steps(descent), Exposure()), "downhill_load")
    assert 820 <= alert.known_at < 880
