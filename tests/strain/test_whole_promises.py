"""Promises of the whole analysis, from readings to words: simulated runs through the monitor."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backbeat.event_json import as_json
from backbeat.events import Alert, Event, Summary
from backbeat.logbook.source import open_recording
from backbeat.monitor import Monitor
from backbeat.report.words import in_words
from backbeat.samples import STANDARD_GRAVITY, Context, Samples, SourceInfo, joined
from backbeat.simulator.source import open_simulator
from rigs.whole_runs import Lopsided, as_lopsided

LOPSIDED = "sim:?stand=4&seconds=1000&speed=3&seed=8&asymmetry=3"


def run_of(uri: str, runner: Lopsided | None = None) -> tuple[SourceInfo, list[Samples | Context]]:
    source = open_simulator(uri)
    if runner is not None:
        source.run = replace(source.run, runner=runner)
    return source.info, list(source)


def analysed(info: SourceInfo, blocks: Sequence[Samples | Context]) -> list[Event]:
    monitor = Monitor(info)
    events = [event for block in blocks for event in monitor.feed(block)]
    return [*events, *monitor.end()]


def mirrored(blocks: Sequence[Samples | Context]) -> Iterator[Samples | Context]:
    """As seen in a mirror beside the runner: the sideways axis of acceleration, the other two of rotation."""
    for block in blocks:
        if isinstance(block, Context):
            yield block
        else:
            assert block.gyr is not None
            yield replace(block, acc=block.acc * [1.0, -1.0, 1.0], gyr=block.gyr * [-1.0, 1.0, -1.0])


def alerts_of(events: Sequence[Event]) -> list[dict[str, Any]]:
    return [as_json(event) for event in events if isinstance(event, Alert)]


def summary_of(events: Sequence[Event]) -> dict[str, Any]:
    (summary,) = [as_json(event) for event in events if isinstance(event, Summary)]
    return summary


@pytest.fixture(scope="module")
def growing_lopsided() -> tuple[SourceInfo, list[Samples | Context]]:
    """A run whose right landings become harder by ten points after 12 minutes."""
    run = open_simulator(LOPSIDED).run
    return run_of(LOPSIDED, as_lopsided(run.runner, 10.0, from_s=700.0))


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_mirrored_run_is_told_in_mirrored_words(growing_lopsided) -> None:
    info, blocks = growing_lopsided
    told, seen = analysed(info, blocks), analysed(info, list(mirrored(blocks)))
    there, here = alerts_of(told), alerts_of(seen)
    assert "asymmetry_change" in {alert["alert"] for alert in there}
    assert len(there) == len(here)
    for alert, mirror in zip(there, here, strict=True):
        assert (alert["alert"], alert["state"]) == (mirror["alert"], mirror["state"])
        assert alert["known_at"] == pytest.approx(mirror["known_at"], abs=1.0)
        assert {alert["side"], mirror["side"]} in ({"left", "right"}, {None})
        words = alert["message"].replace("Right", "X").replace("Left", "Right").replace("X", "Left")
        assert words == mirror["message"]
    symmetry, mirror = summary_of(told)["symmetry"], summary_of(seen)["symmetry"]
    for name in ("impact_pct", "contact_time_pct", "step_time_pct"):
        assert symmetry[name] == pytest.approx(-mirror[name], abs=0.05)
    said, seen_said = (" ".join(in_words(summary_of(events), alerts_of(events))) for events in (told, seen))
    assert said.replace("The right landed", "The left landed") == seen_said


def test_units_of_a_file_change_nothing(tmp_path: Path) -> None:
    """The same run as m/s² and rad/s with seconds, and as g and degrees a second with milliseconds."""
    _, blocks = run_of("sim:?stand=4&seconds=90&speed=3&seed=4")
    whole = joined([block for block in blocks if isinstance(block, Samples)])
    assert whole.gyr is not None
    time = np.round(whole.time, 3)
    names = "time,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z"
    ours = np.column_stack([time, whole.acc, whole.gyr])
    theirs = np.column_stack([time * 1000, whole.acc / STANDARD_GRAVITY, np.rad2deg(whole.gyr)])
    np.savetxt(tmp_path / "ours.csv", ours, "%.12g", ",", header=names, comments="")
    np.savetxt(tmp_path / "theirs.csv", theirs, "%.12g", ",", header="t,ax,ay,az,wx,wy,wz", comments="")
    units = {"t": "ms", "a": "g", "w": "deg/s"}
    columns = "".join(
        f'{ours} = {{ name = "{theirs}", unit = "{units[theirs[0]]}" }}\n'
        for ours, theirs in zip(names.split(","), ("t", "ax", "ay", "az", "wx", "wy", "wz"), strict=True)
    )
    (tmp_path / "map.toml").write_text(f"[columns]\n{columns}")
    told = []
    for file, column_map in (("ours.csv", None), ("theirs.csv", tmp_path / "map.toml")):
        recording = open_recording(tmp_path / file, columns=column_map)
        told.append([as_json(event) for event in analysed(recording.info, list(recording))])
    assert len(told[0]) == len(told[1]) > 200
    for one, other in zip(*told, strict=True):
        assert one["kind"] == other["kind"]
        for name, value in one.items():
            if isinstance(value, float):
                assert other[name] == pytest.approx(value, abs=0.011, rel=1e-3), name
            elif name not in ("symmetry", "index", "session"):
                assert other[name] == value, name


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", [3, 4])
def test_a_longer_look_at_the_same_runner_narrows_the_interval(seed: int) -> None:
    """More of the same data; intervals are of samples, so a little wider by chance is allowed."""
    widths = []
    for seconds in (100, 400):
        info, blocks = run_of(f"sim:?stand=4&seconds={seconds}&speed=3&seed={seed}&asymmetry=4")
        symmetry = summary_of(analysed(info, blocks))["symmetry"]
        widths.append({n: symmetry[f"{n}_high_pct"] - symmetry[f"{n}_low_pct"] for n in ("impact", "step_time")})
    for name, wide in widths[0].items():
        assert widths[1][name] < 0.8 * wide, name


def test_a_noisy_sensor_never_narrows_the_interval() -> None:
    widths = []
    for noise in (0, 60):
        info, blocks = run_of(f"sim:?stand=4&seconds=240&speed=3&seed=5&asymmetry=4&noise={noise}")
        symmetry = summary_of(analysed(info, blocks))["symmetry"]
        widths.append(symmetry["impact_high_pct"] - symmetry["impact_low_pct"])
    assert widths[1] > 0.95 * widths[0]
