"""The `sim:` URI: what it opens, and what it says about a mistake."""

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.errors import SourceError
from backbeat.samples import Context, Samples
from backbeat.simulator.source import NUMBERS, QUERY, open_simulator
from backbeat.sources import Source, open_source


def test_a_uri_names_runner_programme_and_sensor() -> None:
    source = open_simulator("sim:?cadence=170&speed=3.2&asymmetry=6&seconds=20&seed=7&rate=208&grade=-4&yaw=90&noise=2")
    run = source.run
    assert (run.runner.cadence_spm, run.runner.impact_asymmetry_pct, run.seed) == (170.0, 6.0, 7)
    assert [(s.activity, s.seconds) for s in run.programme] == [("stand", 3.0), ("run", 20.0)]
    assert (run.programme[1].speed, run.programme[1].grade_pct) == (3.2, -4.0)
    assert (run.sensor.rate_hz, run.sensor.yaw_deg, run.sensor.noise_acc) == (208.0, 90.0, 0.1)


def test_a_programme_in_the_uri() -> None:
    run = open_simulator("sim:?programme=stand:5,run:60@3.2/-8,walk:30&gap=40:2,50:1&jitter=2").run
    assert [(s.activity, s.seconds, s.speed, s.grade_pct) for s in run.programme] == [
        ("stand", 5.0, 0.0, 0.0),
        ("run", 60.0, 3.2, -8.0),
        ("walk", 30.0, 1.4, 0.0),
    ]
    assert run.sensor.gaps == ((40.0, 2.0), (50.0, 1.0))
    assert run.sensor.jitter_s == pytest.approx(0.002)


@pytest.mark.parametrize("uri", ["sim:", "sim:?", "sim://?seconds=60"])
def test_the_registry_opens_it_and_it_says_that_it_is_simulated(uri: str) -> None:
    with open_source(uri) as source:
        assert isinstance(source, Source)
        assert source.info.origin == "simulated"
        assert "simulated" in source.info.name
        assert source.info.duration_s == 63.0
        kinds = [type(part) for part, _ in zip(source, range(5), strict=False)]
    assert kinds[:3] == [Context, Context, Samples]


def test_stop_ends_the_iteration() -> None:
    source = open_simulator("sim:")
    parts = iter(source)
    next(parts)
    source.stop()
    assert list(parts) == []


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("sim:?cadense=170", "no parameter 'cadense'"),
        ("sim:?cadence=fast", "cadence=fast is no number"),
        ("sim:?cadence=nan", "between 40 and 300"),
        ("sim:?cadence=1e9", "between 40 and 300"),
        ("sim:?seed=1&seed=2", "given twice"),
        ("sim:?position=ankle", "none of sacrum"),
        ("sim:?programme=fly:60", "'fly' is no activity"),
        ("sim:?programme=run:x", "should read activity:seconds"),
        ("sim:?programme=run:60@99", "out of range"),
        ("sim:?programme=run:60&speed=3", "'speed' says nothing beside 'programme'"),
        ("sim:?gap=5", "begin:length"),
        ("sim:?gap=5:-1", "begin:length"),
        ("sim:?cadence", "cadence= is no number"),
    ],
)
def test_a_mistake_is_one_clear_sentence(uri: str, said: str) -> None:
    with pytest.raises(SourceError) as error:
        open_simulator(uri)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@settings(deadline=None, max_examples=200, derandomize=True)
@given(st.dictionaries(st.sampled_from(sorted(QUERY)), st.text(max_size=12), max_size=4))
def test_any_query_opens_or_is_refused_with_a_sentence(query: dict[str, str]) -> None:
    said = "opened."
    try:
        open_simulator(f"sim:?{urlencode(query)}")
    except SourceError as error:
        said = str(error)
    assert said.endswith(".")


@settings(deadline=None, max_examples=60, derandomize=True)
@given(st.data())
def test_any_numbers_within_their_ranges_give_readings(data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(sorted(set(NUMBERS) - {"seconds", "stand", "rate"})), unique=True))
    values = {name: data.draw(st.floats(NUMBERS[name].low, NUMBERS[name].high)) for name in names}
    run = open_simulator(f"sim:?seconds=5&stand=1&{urlencode(values)}").run
    assert sum(len(block) for block in run.blocks()) <= run.readings
    assert all(step.toe_off > step.time for step in run.steps())
