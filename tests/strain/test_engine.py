"""Alerts of a run, on steps with known truth."""

from dataclasses import replace
from itertools import pairwise

import pytest

from backbeat.events import Alert, Event, SignalQuality, Step, Summary
from backbeat.samples import Context, JsonValue
from backbeat.strain.engine import Known, Strain
from backbeat.strain.settings import AlertOverride, AlertSettings, StrainSettings
from rigs.steps import Runner, steps


def analyse(run: list[Step], settings: StrainSettings | None = None, position: str = "sacrum") -> list[Event]:
    strain = Strain(settings or StrainSettings(), Known(position))  # type: ignore[arg-type]
    events = [event for step in run for event in strain.step(step)]
    return events + strain.finish("test", run[-1].time, run[-1].known_at, 0.0)


def raised(events: list[Event], name: str | None = None) -> list[Alert]:
    found = [event for event in events if isinstance(event, Alert) and event.state == "raised"]
    return found if name is None else [alert for alert in found if alert.alert == name]


def harder_from(time: float, share: float) -> dict[str, object]:
    return {"impact_peak_g": lambda t: share if t > time else 0.0}


def test_an_even_run_says_nothing() -> None:
    for seed in range(5):
        assert raised(analyse(steps(Runner(seconds=1500, seed=seed)))) == []


def test_landing_harder_is_told_once_with_both_figures() -> None:
    events = analyse(steps(Runner(seconds=1500, change=harder_from(900, 0.2))))
    alerts = raised(events, "impact_high")
    assert len(alerts) == 1
    alert = alerts[0]
    assert 900 < alert.time < 1100
    assert alert.value is not None
    assert alert.usual is not None
    assert 1.08 < alert.value / alert.usual < 1.3
    assert alert.unit == "g"
    assert alert.evidence
    assert alert.contrary_evidence
    assert alert.evidence_grade == "C"


def test_back_to_usual_is_told_too() -> None:
    bump = {"impact_peak_g": lambda t: 0.25 if 800 < t < 1100 else 0.0}
    events = analyse(steps(Runner(seconds=1800, change=bump)))
    states = [e.state for e in events if isinstance(e, Alert) and e.alert == "impact_high"]
    assert states == ["raised", "cleared"]
    cleared = next(e for e in events if isinstance(e, Alert) and e.state == "cleared")
    assert 1100 < cleared.known_at < 1500


@pytest.mark.parametrize(("sign", "side", "word"), [(1, "right", "Right"), (-1, "left", "Left")])
def test_one_side_growing_harder_names_that_side(sign: int, side: str, word: str) -> None:
    run = Runner(seconds=1200, asymmetry={"impact_peak_g": lambda t: sign * (8.0 if t > 700 else 1.0)})
    alerts = raised(analyse(steps(run)), "asymmetry_change")
    assert [alert.side for alert in alerts] == [side]
    assert alerts[0].message.startswith(word)


def test_downhill_is_not_landing_harder() -> None:
    run = Runner(seconds=1800, speed=lambda _: 3.0, grade=lambda t: -6.0 if 900 < t < 1500 else 0.0)
    assert raised(analyse(steps(run)), "impact_high") == []


def test_suspended_while_the_signal_is_bad() -> None:
    run = steps(Runner(seconds=1500, change=harder_from(700, 0.3)))
    strain = Strain(StrainSettings(), Known("sacrum"))
    events: list[Event] = []
    for step in run:
        if strain.due == float("inf") and step.time > 600 and not raised(events):
            assert strain.signal(SignalQuality(time=step.time, known_at=step.time, quality=0.2)) == []
            assert strain.due == pytest.approx(step.time + 10)
            events += strain.at(strain.due, strain.due)
            assert strain.due == float("inf")
        events += strain.step(step)
    assert [alert.alert for alert in raised(events)] == ["signal_bad"]


def test_a_signal_that_is_good_again_for_ten_seconds_ends_its_alert() -> None:
    strain = Strain(StrainSettings(), Known("sacrum"))
    strain.signal(SignalQuality(time=100.0, known_at=100.1, quality=0.2))
    assert [alert.state for alert in raised(strain.at(strain.due, 110.1))] == ["raised"]
    assert strain.signal(SignalQuality(time=150.0, known_at=150.1, quality=1.0)) == []
    assert strain.due == pytest.approx(160.0)
    (cleared,) = strain.at(strain.due, 160.1)
    assert isinstance(cleared, Alert)
    assert (cleared.state, cleared.alert) == ("cleared", "signal_bad")
    assert strain.due == float("inf")


def test_at_most_one_spoken_cue_in_three_minutes() -> None:
    change = {
        "impact_peak_g": lambda t: 0.3 if t > 700 else 0.0,
        "cadence_spm": lambda t: -0.08 if t > 700 else 0.0,
        "pelvic_rotation_range_deg": lambda t: 8.0 if t > 700 else 0.0,
        "pelvic_drop_deg": lambda t: 6.0 if t > 700 else 0.0,
    }
    alerts = raised(analyse(steps(Runner(seconds=1500, change=change))))
    assert len({alert.alert for alert in alerts}) >= 4
    spoken = [alert.known_at for alert in alerts if alert.spoken]
    assert spoken
    assert all(b - a >= 180 for a, b in pairwise(spoken))


def test_the_pause_between_two_spoken_cues_outlasts_a_session() -> None:
    known, spoken = Known("sacrum"), []
    for at in (0.0, 100.0, 200.0):
        session = Strain(StrainSettings(), known)
        (alert,) = session.context(Context(at, "pain", {"value": 5, "when": "during"}), at)
        session.finish("s", at + 50.0, at + 50.0, 0.0)
        assert isinstance(alert, Alert)
        spoken.append(alert.spoken)
    assert spoken == [True, False, True]


def note(value: JsonValue) -> Context:
    return Context(1.0, "pain", value)


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (2, None),
        (4, "Ease off"),
        (6, "stop running for today"),
        ({"value": 0, "red_flag": "soon"}, "see a professional before you run on"),
        ({"value": 1, "red_flag": "emergency"}, "see a professional at once"),
    ],
)
def test_pain_that_is_entered_is_answered_at_once(value: JsonValue, word: str | None) -> None:
    events = Strain(StrainSettings(), Known("sacrum")).context(note(value), 5.0)
    if word is None:
        assert events == []
    else:
        assert isinstance(events[0], Alert)
        assert word in events[0].message
        assert events[0].known_at == 5.0


def test_pain_is_answered_with_all_other_alerts_silenced() -> None:
    silent = Strain(StrainSettings(alerts=AlertSettings(enabled=False)), Known("sacrum"))
    assert [e.alert for e in silent.context(note(6), 5.0) if isinstance(e, Alert)] == ["pain_report"]


def test_pain_that_grows_is_answered_again() -> None:
    strain = Strain(StrainSettings(), Known("sacrum"))
    strain.context(Context(1.0, "pain", 3), 1.0)
    cleared, raised = (e for e in strain.context(Context(60.0, "pain", 8), 60.0) if isinstance(e, Alert))
    assert (cleared.state, raised.state) == ("cleared", "raised")
    assert raised.value == 8
    assert "stop running" in raised.message


def test_less_pain_clears_and_nonsense_is_ignored() -> None:
    strain = Strain(StrainSettings(), Known("sacrum"))
    assert [e.state for e in strain.context(note({"value": 4}), 5.0) if isinstance(e, Alert)] == ["raised"]
    for nonsense in (None, "much", 11, -1, True, {"value": "a"}):
        assert strain.context(note(nonsense), 6.0) == []
    assert [e.state for e in strain.context(note(1), 9.0) if isinstance(e, Alert)] == ["cleared"]


def test_three_hard_landings_in_a_minute() -> None:
    run = steps(Runner(seconds=700))
    marked = [replace(s, impact_peak_g=8.5) if i in (1500, 1540, 1600) else s for i, s in enumerate(run)]
    events = analyse(marked)
    assert len(raised(events, "hard_landing")) == 1
    summary = events[-1]
    assert isinstance(summary, Summary)
    assert summary.hard_landings == 3
    assert raised(analyse([replace(s, impact_peak_g=8.5) if i in (900, 1500) else s for i, s in enumerate(run)])) == []


def test_what_the_user_switches_off_stays_quiet() -> None:
    run = steps(Runner(seconds=1500, change=harder_from(900, 0.2)))
    off = AlertSettings(overrides={"impact_high": AlertOverride(enabled=False)})
    assert raised(analyse(run, StrainSettings(alerts=off)), "impact_high") == []
    higher = AlertSettings(overrides={"impact_high": AlertOverride(threshold=40.0)})
    assert raised(analyse(run, StrainSettings(alerts=higher)), "impact_high") == []


def test_summary_counts_what_was_run() -> None:
    run = steps(Runner(seconds=900, speed=lambda _: 3.0, grade=lambda t: 6.0 if t > 600 else 0.0))
    summary = analyse(run)[-1]
    assert isinstance(summary, Summary)
    assert summary.steps == len(run)
    assert summary.running_s == pytest.approx(run[-1].time - run[0].time, abs=1e-6)
    assert summary.distance_m == pytest.approx(3.0 * summary.running_s, rel=1e-6)
    assert summary.uphill_s == pytest.approx(300, abs=8)
    assert summary.downhill_s == 0
    assert summary.cumulative_load_bw == pytest.approx(sum(s.peak_force_bw or 0 for s in run))
    assert summary.symmetry is not None
    assert summary.symmetry.steps_left == pytest.approx(len(run) / 2, abs=2)


def test_absent_measures_stay_absent() -> None:
    run = steps(Runner(seconds=900, without=("peak_force_bw", "impact_peak_g", "pelvic_drop_deg")))
    summary = analyse(run)[-1]
    assert isinstance(summary, Summary)
    assert summary.cumulative_load_bw is None
    assert summary.impact_peak_g is None
    assert summary.distance_m is None
    assert summary.contact_time_ms is not None
