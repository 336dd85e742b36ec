"""`backbeat calibrate`: stand, hop, and every run of this runner with this sensor knows how it is worn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backbeat.cli import calibrate, main
from backbeat.simulator import Runner, Sensor, SimulatedRun, Stretch
from firmware_host.emulators.feed import Feed
from rigs.chip_bench import HandClock, emulated

HOPS = "sim:?programme=stand:12,hop:4,stand:20"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BACKBEAT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(calibrate, "find", lambda: None)
    return tmp_path / "data"


def called(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    return int(end.value.code or 0)


def test_it_is_kept_used_by_a_run_and_forgotten(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert called("calibrate", "--source", HOPS, "--runner", "runner") == 0
    told = capsys.readouterr().out
    assert "RIGHT foot" in told
    assert "Up is the sensor's +z" in told
    assert "forward its +x" in told
    file = data / "worn" / "runner-simulated-runner.toml"
    assert str(file) in told
    recording = tmp_path / "run.mcap"
    assert called("run", "--source", "sim:?seconds=1&stand=0", "--record", str(recording), "--jsonl", "-") == 0
    capsys.readouterr()
    from backbeat.logbook.source import open_recording

    worn = open_recording(recording).settings["gait"]["worn"]
    assert worn["legs"] == "usual"
    assert worn["up"][2] > 0.98
    assert called("replay", str(recording), "--jsonl", "-") == 0  # a recording knows it too
    assert called("calibrate", "--source", HOPS, "--forget") == 0
    assert "Forgotten" in capsys.readouterr().out
    assert not file.exists()
    assert called("calibrate", "--source", HOPS, "--forget") == 0
    assert "Nothing was known" in capsys.readouterr().out


def test_a_damaged_file_is_told_and_costs_no_run(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = data / "worn" / "runner-simulated-runner.toml"
    file.parent.mkdir(parents=True)
    file.write_text('up = [1, "two"]')
    assert called("run", "--source", "sim:?seconds=1&stand=0", "--record", "none", "--jsonl", "-") == 0
    told = capsys.readouterr()
    assert "is damaged; calibrate again, or delete it. This run goes without it." in told.err
    assert json.loads(told.out.splitlines()[-1])["kind"] == "activity"


ALONG = "up = [0.0, 0.0, 1.0]\nforward = [0.0, 0.6, 0.8]\n"
ELSEWHERE = 'up = [0.0, 0.0, 1.0]\nforward = [1.0, 0.0, 0.0]\nposition = "left_hip"\n'


@pytest.mark.parametrize(
    ("kept", "says"),
    [
        (ALONG, "is damaged; calibrate again"),
        (ELSEWHERE.replace("left_hip", "head"), "is damaged; calibrate again"),
        (ELSEWHERE, "was made with the sensor at the left hip, and [mount] position now says the middle of the back"),
    ],
)
def test_a_calibration_that_cannot_hold_is_told(
    kept: str, says: str, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = data / "worn" / "runner-simulated-runner.toml"
    file.parent.mkdir(parents=True)
    file.write_text(kept)
    settings = tmp_path / "backbeat.toml"
    settings.write_text('[mount]\nposition = "sacrum"\n')
    words = ("--settings", str(settings), "--source", "sim:?seconds=1&stand=0")
    assert called("run", *words, "--record", "none", "--jsonl", "-") == 0
    (told,) = capsys.readouterr().err.splitlines()
    assert says in told
    assert told.endswith("This run goes without it.")


@pytest.mark.parametrize(
    ("programme", "says"),
    [
        ("stand:12,stand:40", "Too few hops could be seen"),
        ("walk:30", "did not stand still"),
        ("stand:12", "stopped before"),
    ],
)
def test_what_went_wrong_is_said(programme: str, says: str, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called("calibrate", "--source", f"sim:?programme={programme}") == 2
    assert says in capsys.readouterr().err
    assert not data.exists()


def test_the_configuration_names_sensor_and_runner(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "backbeat.toml"
    file.write_text(f'[runner]\nid = "sam"\n[sensor]\nsource = "{HOPS}"\n[mount]\nup = "+z"\n')
    assert called("calibrate", "--settings", str(file)) == 0
    assert (data / "worn" / "sam-simulated-runner.toml").exists()
    assert "[mount]" in capsys.readouterr().out
    assert called("calibrate") == 2
    assert "There is no sensor" in capsys.readouterr().err


def test_a_runner_s_name_is_no_path(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert called("calibrate", "--source", HOPS, "--runner", "../sam") == 2
    assert "cannot be a runner's short name" in capsys.readouterr().err


@pytest.mark.parametrize("drop", [6.0, -6.0])
def test_a_chip_on_a_bus_that_loses_transfers(
    data: Path, drop: float, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from firmware_host.emulators.faults import Faults

    runner, programme = Runner(drop_deg=drop), (Stretch("stand", 12.0), Stretch("hop", 4.0), Stretch("stand", 20.0))
    worn = SimulatedRun(runner, programme, Sensor(rate_hz=208.0, roll_deg=90.0), 1)
    clock = HandClock()
    source = emulated("lsm6dsox", Feed(worn.stream()), Faults(nack=0.002, seed=1), clock)
    monkeypatch.setattr(calibrate, "open_source", lambda _: source)
    assert called("calibrate", "--source", "emulate:lsm6dsox") == 0
    told = capsys.readouterr().out
    assert "Up is the sensor's +y" in told or "Up is the sensor's -y" in told
    assert ("as most people's" if drop > 0 else "the other way round") in told
    assert list((data / "worn").glob("*.toml"))
