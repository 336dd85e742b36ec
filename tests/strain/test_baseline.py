import math
from functools import cache

import numpy as np
import pytest

from backbeat.strain.baseline import Baseline, Exposure, SessionMinutes, fit, population
from backbeat.strain.blocks import BlockBuilder
from backbeat.strain.measures import NAMES, POSITION, PRIORS, covariates
from rigs.steps import Runner, day, person, steps, varied_grade, varied_speed

IMPACT = POSITION["impact_peak_g"]
LEVEL = covariates(3.0, None, 0.0)


def minutes(runner: Runner, *, usable: bool = True, unit: float = 1.0) -> SessionMinutes:
    run = steps(runner)
    builder = BlockBuilder(60.0)
    blocks = [block for step in run if (block := builder.add(step)) is not None]
    return SessionMinutes(
        np.array([block.values * unit for block in blocks]),
        [block.speed_m_s for block in blocks],
        [block.grade_pct for block in blocks],
        len(run),
        usable,
    )


@cache
def sessions(count: int, who: int = 3, seconds: float = 900.0, **changes: object) -> list[SessionMinutes]:
    own = person(who)
    return [
        minutes(
            Runner(
                seconds=seconds,
                seed=100 * who + k,
                speed=varied_speed(k),
                grade=varied_grade(k),
                person=own,
                day=day(100 * who + k, 0.5),
                **changes,  # type: ignore[arg-type]
            )
        )
        for k in range(count)
    ]


def true_level(who: int, name: str, speed: float, grade: float) -> float:
    prior = PRIORS[POSITION[name]]
    terms = np.array([math.log(prior.typical), prior.pace[0], prior.uphill[0], prior.downhill[0]])
    return float(covariates(speed, None, grade) @ (terms + np.array(person(who)[name])))


def test_states_by_sessions_and_steps() -> None:
    assert fit([]).state == "learning"
    some = sessions(10, seconds=300)
    assert [fit(some[:n]).state for n in (4, 5, 9, 10)] == ["learning", "provisional", "provisional", "established"]
    assert fit([SessionMinutes(s.values, s.speed_m_s, s.grade_pct, 100) for s in some[:6]]).state == "learning"


def test_own_level_is_found_and_more_sessions_are_surer() -> None:
    kept = sessions(12)
    few, many = fit(kept[:2]), fit(kept)
    truth = true_level(3, "impact_peak_g", 3.0, 0.0)
    for baseline in (few, many):
        error = float(LEVEL @ baseline.mean[IMPACT]) - truth
        assert abs(error) < 3 * math.sqrt(float(LEVEL @ baseline.cov[IMPACT] @ LEVEL))
    assert abs(float(LEVEL @ many.mean[IMPACT]) - truth) < 0.05
    assert np.all(many.cov[:, 0, 0] - many.between**2 < few.cov[:, 0, 0] - few.between**2 + 1e-12)


def test_own_effect_of_pace_and_slope_is_learned() -> None:
    learned = fit(sessions(15, seconds=1500))
    for speed, grade in ((2.6, 3.0), (3.4, -4.0)):
        row = covariates(speed, None, grade) - LEVEL
        truth = true_level(3, "impact_peak_g", speed, grade) - true_level(3, "impact_peak_g", 3.0, 0.0)
        assert float(row @ learned.mean[IMPACT]) == pytest.approx(truth, abs=0.03)
        assert float(row @ learned.cov[IMPACT] @ row) < float(row @ population().cov[IMPACT] @ row)


def test_one_wild_session_hardly_moves_usual() -> None:
    kept = sessions(12)
    wild = SessionMinutes(kept[5].values * 3.0, kept[5].speed_m_s, kept[5].grade_pct, kept[5].steps)
    with_it, without = fit([*kept[:5], wild, *kept[6:]]), fit(kept)
    assert float(LEVEL @ with_it.mean[IMPACT]) == pytest.approx(float(LEVEL @ without.mean[IMPACT]), abs=0.03)


def test_unusable_sessions_are_left_out() -> None:
    kept = sessions(6)
    bad = SessionMinutes(kept[0].values * 2, kept[0].speed_m_s, kept[0].grade_pct, kept[0].steps, usable=False)
    assert fit([*kept, bad]).as_json() == fit(kept).as_json()


def test_a_slow_decline_cannot_become_usual() -> None:
    own, kept = person(3), []
    for k in range(60):
        creeping = {"impact_peak_g": lambda _, k=k: 0.006 * k}
        kept.append(minutes(Runner(seconds=250, seed=k, person=own, speed=lambda _: 3.0, change=creeping)))
    learned = fit(kept)
    start = fit(kept[:10])
    moved = float(LEVEL @ learned.mean[IMPACT]) - float(LEVEL @ start.mean[IMPACT])
    assert 0 < moved <= start.between[IMPACT] + 0.02
    assert learned.between[IMPACT] <= 1.5 * start.between[IMPACT]


def test_spreads_come_from_the_runner() -> None:
    calm, restless = fit(sessions(12, noise=0.3)), fit(sessions(12, noise=2.5))
    assert calm.within[IMPACT] < population().within[IMPACT] < restless.within[IMPACT]


@pytest.mark.parametrize("unit", [0.1, 9.80665, 1000.0])
def test_other_units_change_nothing_but_the_level(unit: float) -> None:
    plain = sessions(6)
    scaled = [SessionMinutes(s.values * unit, s.speed_m_s, s.grade_pct, s.steps) for s in plain]
    a, b = fit(plain), fit(scaled)
    cadence_free = [i for i, p in enumerate(PRIORS) if p.logarithmic]
    assert np.allclose(a.mean[cadence_free, 1:], b.mean[cadence_free, 1:], atol=1e-9)
    assert np.allclose(a.within[cadence_free], b.within[cadence_free])
    shift = b.mean[cadence_free, 0] - a.mean[cadence_free, 0]
    assert np.allclose(shift, math.log(unit), atol=0.02 * abs(math.log(unit)) + 1e-9)


def test_there_and_back_through_json() -> None:
    learned = fit(sessions(6), Exposure(longest_distance_m=9000.0, run_free_days=3, shoe="blue", shoe_km=12.5))
    again = Baseline.from_json(learned.as_json())
    assert again.as_json() == learned.as_json()
    assert again.exposure == learned.exposure


@pytest.mark.parametrize("nonsense", [None, 3, "x", {}, {"state": "established"}, {"exposure": {"x": 1}}])
def test_what_is_no_baseline_is_refused(nonsense: object) -> None:
    with pytest.raises(ValueError, match="not a baseline"):
        Baseline.from_json(nonsense)  # type: ignore[arg-type]


def test_nothing_given_is_changed() -> None:
    kept = sessions(5)
    before = [s.values.copy() for s in kept]
    fit(kept)
    assert all(np.array_equal(a, s.values, equal_nan=True) for a, s in zip(before, kept, strict=True))
    assert len(NAMES) == len(PRIORS)
