"""`backbeat record`, and a replay of what it and a live run recorded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from backbeat.cli import main
from backbeat.logbook.source import open_recording
from backbeat.samples import Samples


def test_records_a_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "run.mcap"
    with pytest.raises(SystemExit) as end:
        main(["record", "--source", "sim:?seconds=30", "--seconds", "1.5", str(file)])
    assert end.value.code == 0
    readings = sum(len(block) for block in open_recording(file, strict=True) if isinstance(block, Samples))
    assert f"{readings} readings from" in capsys.readouterr().out
    assert readings > 100


def test_a_file_that_exists_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "run.mcap"
    file.write_text("mine")
    with pytest.raises(SystemExit) as end:
        main(["record", "--source", "sim:?seconds=3", str(file)])
    assert end.value.code == 2
    assert "File exists" in capsys.readouterr().err
    assert file.read_text() == "mine"


def test_the_recording_of_a_live_run_replays_to_its_events(tmp_path: Path) -> None:
    backbeat = [sys.executable, "-m", "backbeat"]
    file = tmp_path / "run.mcap"
    live = subprocess.run(
        [*backbeat, "run", "--source", "sim:?seconds=6&seed=2", "--up=+z", "--record", str(file), "--jsonl", "-"],
        capture_output=True, text=True, timeout=100, check=True,
    )  # fmt: skip
    again = subprocess.run([*backbeat, "replay", str(file), "--jsonl", "-"], capture_output=True, text=True, check=True)
    assert live.stdout == again.stdout
    assert sum(json.loads(line)["kind"] == "step" for line in again.stdout.splitlines()) > 8
    assert open_recording(file).settings["gait"]["up"] == "+z"
