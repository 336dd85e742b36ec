"""Scores, intervals, the page and the command, on hand-made and simulated recordings."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backbeat.cli import main
from backbeat.errors import UserError
from backbeat.evaluation.chart import Chart, round_ticks
from backbeat.evaluation.contacts import matched, score_contacts
from backbeat.evaluation.dataset import TrueEvent, labelled_recordings
from backbeat.evaluation.evaluate import Result, SetResult, evaluate
from backbeat.evaluation.found import Found, FoundActivity, FoundStep
from backbeat.evaluation.measures import MEASURES
from backbeat.evaluation.page import page
from backbeat.evaluation.running import seconds_of_running
from backbeat.evaluation.scores import intervals, scores, tally
from backbeat.simulator import Sensor, SimulatedRun, Stretch

GOOD = "activity = 'x'\nsample_rate_hz = 100"
"""The least that a meta.toml says."""


def step(time: float, side: str | None = "left", toe_off: float | None = None) -> FoundStep:
    return FoundStep(time, toe_off, time + 0.5, side, "running", 2.4)


def write_set(folder: Path, name: str, run: SimulatedRun, activity: str = "running") -> None:
    """A simulated recording in the layout of the real ones."""
    here = folder / name
    here.mkdir(parents=True)
    samples = run.samples()
    rows = np.column_stack((samples.time, samples.acc, samples.gyr))
    np.savetxt(here / "imu.csv", rows, "%.6f", ",", header="time,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z", comments="")
    lines = ["time,event,side"]
    for true in run.steps():
        side = {"left": "L", "right": "R"}[true.side]
        lines += [f"{true.time},initial_contact,{side}", f"{true.toe_off},toe_off,{side}"]
    (here / "truth.csv").write_text("\n".join(lines) + "\n")
    (here / "meta.toml").write_text(
        f'sample_rate_hz = {run.sensor.rate_hz}\nactivity = "{activity}"\nplacement = "sacrum"\ntruth = "simulated"\n'
    )


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    for seed in range(3):
        run = SimulatedRun(programme=(Stretch("run", 20.0, 3.0),), sensor=Sensor(yaw_deg=40.0), seed=seed)
        write_set(folder, f"sim/{seed}", run)
    return folder


def perfect(folder: Path) -> list[Found]:
    found = []
    for recording in labelled_recordings(folder):
        contacts = [e for e in recording.truth if e.event == "initial_contact"]
        toe_offs = [e for e in recording.truth if e.event == "toe_off"]
        steps = [
            FoundStep(c.time, t.time, t.time + 0.3, "left" if c.side == "L" else "right", "running", None)
            for c, t in zip(contacts, toe_offs, strict=True)
        ]
        found.append(Found(steps, [FoundActivity(0.0, 20.0, "running")], 19.99))
    return found


def test_each_true_time_takes_its_nearest_found_one_once() -> None:
    assert matched(np.array([1.0, 2.02, 2.05]), np.array([1.05, 2.0, 2.03, 5.0]), 0.08) == [(0, 0), (1, 1)]
    assert matched(np.array([]), np.array([1.0]), 0.08) == []


def test_errors_are_found_minus_true() -> None:
    truth = [TrueEvent(5.0, "initial_contact", "L"), TrueEvent(5.2, "toe_off", "L")]
    result = score_contacts([step(5.01, "right", 5.25), step(5.5)], truth, 4.0, 6.0, None)
    assert (result.true, result.hit, result.extra, result.side_bad) == (1, 1, 1, 1)
    assert result.contact_errors == pytest.approx([0.01])
    assert result.toe_off_errors == pytest.approx([0.05])
    assert result.contact_time_errors == pytest.approx([0.04])
    swapped = score_contacts([step(5.01, "right", 5.25)], truth, 4.0, 6.0, None, sides_may_swap=True)
    assert (swapped.side_good, swapped.side_bad) == (1, 0)


def test_running_is_counted_between_two_times() -> None:
    activities = [FoundActivity(0.0, 10.0, "running"), FoundActivity(10.0, 20.0, "other")]
    assert seconds_of_running(activities, 5.0, 15.0) == 5.0


def test_a_perfect_analysis_has_perfect_scores(simulated: Path) -> None:
    recordings = labelled_recordings(simulated)
    tallies = [tally(r, f) for r, f in zip(recordings, perfect(simulated), strict=True)]
    result = scores(tallies)
    assert result["contact_f1"] == pytest.approx(1.0)
    assert result["side_correct"] == result["toe_off_given"] == 1.0
    assert result["initial_contact_sd_ms"] == result["contact_time_rmse_ms"] == 0.0
    assert "peak_force_rmse_bw" not in result
    assert result["recordings"] == 3


def test_recordings_that_nothing_can_be_held_against_are_counted(simulated: Path) -> None:
    recordings = labelled_recordings(simulated)
    tallies = [tally(r, f) for r, f in zip(recordings, perfect(simulated), strict=True)]
    without = tally(replace(recordings[0], truth=[]), perfect(simulated)[0])
    result = scores([*tallies, without])
    assert (result["recordings"], result["unscored"]) == (4, 1)
    assert "unscored" not in scores(tallies)
    assert "unscored" not in intervals([*tallies, without])


def test_intervals_hold_the_score_and_need_two_recordings(simulated: Path) -> None:
    rng = np.random.default_rng(1)
    tallies = []
    for recording, found in zip(labelled_recordings(simulated), perfect(simulated), strict=True):
        bias = rng.normal(0.0, 0.02)
        moved = [FoundStep(s.time + bias + rng.normal(0, 0.01), *_rest(s)) for s in found.steps]
        tallies.append(tally(recording, Found(moved, found.activities, found.last)))
    low, high = intervals(tallies)["initial_contact_bias_ms"]
    assert low <= scores(tallies)["initial_contact_bias_ms"] <= high
    assert low < high
    assert intervals(tallies) == intervals(tallies)
    assert intervals(tallies[:1]) == {}


def _rest(s: FoundStep) -> tuple:
    return s.toe_off, s.known_at, s.side, s.activity, s.peak_force_bw


def result_of(folder: Path) -> Result:
    recordings, found = labelled_recordings(folder), perfect(folder)
    tallies = [tally(r, f) for r, f in zip(recordings, found, strict=True)]
    group = SetResult("sim", False, recordings, found, tallies, scores(tallies), intervals(tallies))
    return Result(False, [group])


def test_the_page_has_every_plot_and_loads_nothing(simulated: Path) -> None:
    text = page(result_of(simulated))
    for word in ("Contact time: found minus true", "Error of initial contact", "Signal with events", "sim/2"):
        assert word in text
    assert "nan" not in text
    for loading in ("http:", "https:", "src=", "@import", "url(", "<script", "<link"):
        assert loading not in text


def test_every_score_has_a_name_for_people(simulated: Path) -> None:
    result = result_of(simulated)
    assert set(result.sets[0].scores) <= set(MEASURES)
    assert result.measure(result.sets[0], "side_correct").aim == "≥ 99.0 %"
    assert MEASURES["contact_f1"].reached(0.999)
    assert not MEASURES["toe_off_sd_ms"].reached(13.0)
    assert MEASURES["contacts"].reached(5) is None


def test_ticks_are_round() -> None:
    assert round_ticks(0.0, 1.0) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    assert round_ticks(-47.0, 53.0) == [-40.0, -20.0, 0.0, 20.0, 40.0]
    assert Chart("a < b", (0, 1), (0, 1), "x", "y").svg("said").count("a &lt; b") == 1


def test_the_command_writes_table_json_and_page(simulated: Path, tmp_path: Path, capsys) -> None:
    files = {name: str(tmp_path / f"s.{name}") for name in ("json", "html", "markdown")}
    options = [word for name, file in files.items() for word in (f"--{name}", file)]
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(simulated), *options])
    assert ended.value.code == 0
    assert "true contacts" in capsys.readouterr().out
    written = json.loads((tmp_path / "s.json").read_text())
    assert written["sets"]["sim"]["scores"]["recordings"] == 3
    assert "<svg" in (tmp_path / "s.html").read_text()
    assert "| contacts found, F1 |" in (tmp_path / "s.markdown").read_text()


def test_taking_the_gyroscope_away_changes_the_aim_and_nothing_else(simulated: Path) -> None:
    result = evaluate(labelled_recordings(simulated, "sim/0"), accelerometer_only=True)
    assert result.as_json()["accelerometer_only"] is True
    assert result.measure(result.sets[0], "side_correct").low == 0.97


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda f: None, "holds no SET/NAME/meta.toml"),
        (lambda f: _meta(f, "activity = 'running'"), "sample_rate_hz is missing"),
        (lambda f: _meta(f, "activity = "), "correct meta.toml"),
        (lambda f: _meta(f, "activity = 'x'\nsample_rate_hz = 'fast'"), "sample_rate_hz is 'fast'"),
        (lambda f: _meta(f, f"{GOOD}\nrunning_blocks_s = 7"), "running_blocks_s is 7; write pairs"),
        (lambda f: _meta(f, GOOD, "time,event,side\nsoon,initial_contact,L"), "line 2: the time is 'soon'"),
        (lambda f: _meta(f, GOOD, "time,event,side\n5,heel_strike,L"), "'heel_strike' is not known"),
        (lambda f: _meta(f, GOOD, "time,event,side\n5,toe_off,top"), "the side 'top'"),
        (lambda f: _meta(f, GOOD, "when,what\n5,toe_off"), "no column time or event or side"),
    ],
)
def test_a_wrong_folder_is_one_sentence(tmp_path: Path, make, said: str) -> None:
    make(tmp_path)
    with pytest.raises(UserError, match=said):
        labelled_recordings(tmp_path)
    with pytest.raises(UserError, match="is no folder"):
        labelled_recordings(tmp_path / "absent")


def test_sides_may_be_written_out_and_the_order_of_the_lines_does_not_matter(tmp_path: Path) -> None:
    _meta(tmp_path, GOOD, "time,event,side\n6,toe_off,right\n5,initial_contact,R\n4,toe_off,")
    (recording,) = labelled_recordings(tmp_path)
    assert [(e.time, e.side) for e in recording.truth] == [(4.0, ""), (5.0, "R"), (6.0, "R")]


@pytest.mark.parametrize("text", ["", "time,vertical_force_bw\n", "a,b\n1,much\n", "time\n1\n"])
def test_a_force_file_that_holds_no_force_is_one_sentence(tmp_path: Path, text: str) -> None:
    _meta(tmp_path, GOOD)
    (tmp_path / "set" / "one" / "force.csv").write_text(text)
    (recording,) = labelled_recordings(tmp_path)
    with pytest.raises(UserError, match=r"force.csv: .*; write time in s, vertical force in body weights"):
        recording.force()


def test_a_force_plate_that_was_on_for_a_part_is_held_against_that_part() -> None:
    truth = [TrueEvent(time, "initial_contact", "") for time in (5.0, 6.0, 7.0)]
    force = np.array([4.9, 5.1, 6.1]), np.array([0.0, 2.0, np.nan])
    assert score_contacts([step(5.0), step(6.0), step(7.0)], truth, 4.0, 8.0, force).force_errors == [
        pytest.approx(0.4)
    ]


def test_what_cannot_be_scored_or_read_is_said_with_its_name(simulated: Path, tmp_path: Path) -> None:
    here = tmp_path / "mine" / "first"
    here.mkdir(parents=True)
    for name in ("imu.csv", "meta.toml"):
        (here / name).write_bytes((simulated / "sim" / "0" / name).read_bytes())
    with pytest.raises(UserError, match="Nothing here can be scored"):
        evaluate(labelled_recordings(tmp_path))
    (here / "imu.csv").write_text("nonsense\n")
    with pytest.raises(UserError, match=r"mine/first/imu\.csv, line 1"):
        evaluate(labelled_recordings(tmp_path))


def _meta(folder: Path, text: str, truth: str = "time,event,side") -> None:
    here = folder / "set" / "one"
    here.mkdir(parents=True)
    (here / "meta.toml").write_text(text)
    (here / "truth.csv").write_text(truth)
