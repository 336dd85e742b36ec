"""`run` and `replay` do what the file says, and what the command line says goes before it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from backbeat.cli import main
from backbeat.sources import open_source

SENSOR = "emulate:lsm6dsox?source=sim:%3Fcadence=172"


def called(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "backbeat.toml"
    path.write_text(
        f"""
        [sensor]
        source = "{SENSOR}"
        [mount]
        position = "left_hip"
        [recorder]
        folder = "runs"
        [session]
        start_after_running_s = 5
        forget_after_pause_s = 5
        [speed]
        source = "treadmill"
        speed_km_h = 9
        """,
        encoding="utf-8",
    )
    return path


def test_a_run_takes_its_sensor_position_and_recording_from_the_file(file, capfd):
    assert called("run", "--settings", str(file), "--seconds", "1", "--jsonl", "-") == 0
    (made,) = (file.parent / "runs").glob("*.mcap")
    with open_source(str(made)) as recording:
        assert recording.info.position == "left_hip"
        blocks = list(recording)
    assert ("speed_m_s", 2.5) in [(block.kind, block.value) for block in blocks if hasattr(block, "kind")]
    capfd.readouterr()


def test_the_command_line_goes_before_the_file(file, tmp_path, capfd):
    made = tmp_path / "here.mcap"
    assert called("run", "--settings", str(file), "--seconds", "0.5", "--record", str(made), "--jsonl", "-") == 0
    assert made.exists()
    assert not (file.parent / "runs").exists()
    capfd.readouterr()


def test_faults_of_the_file_come_before_anything_starts(file, capsys):
    file.write_text("[sensor]\nsauce = 1\n[mount]\nup = 3\n", encoding="utf-8")
    assert called("run", "--settings", str(file)) == 2
    told = capsys.readouterr().err
    assert "2 faults" in told
    assert "sauce" in told
    assert called("replay", "--settings", str(file), "absent.csv") == 2


def test_without_a_sensor_it_says_where_to_name_one(tmp_path, capsys):
    file = tmp_path / "empty.toml"
    file.touch()
    assert called("run", "--settings", str(file)) == 2
    assert "[sensor] source" in capsys.readouterr().err


def test_a_replay_follows_the_file(file, tmp_path, capfd):
    made = tmp_path / "run.csv"
    with open_source("sim:?seconds=25&stand=2&seed=3") as runner:
        rows = ["time,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z"]
        for block in runner:
            if hasattr(block, "acc"):
                rows += [
                    ",".join(f"{value:.6f}" for value in (t, *a, *g))
                    for t, a, g in zip(block.time, block.acc, block.gyr, strict=True)
                ]
    made.write_text("\n".join(rows) + "\n", encoding="utf-8")

    def kinds(*more: str) -> list[dict[str, object]]:
        assert called("replay", str(made), "--jsonl", "-", *more) == 0
        return [json.loads(line) for line in capfd.readouterr().out.splitlines()]

    assert not [event for event in kinds() if event["kind"] == "summary"]  # 30 s of running make a session
    told = kinds("--settings", str(file))
    assert len([event for event in told if event["kind"] == "summary"]) == 1
    steps = [event for event in told if event["kind"] == "step"]
    assert {event["speed_m_s"] for event in steps} == {2.5}


def test_the_configuration_is_small_in_a_live_run(file):
    """What reading a configuration adds to a live process stays within its share of 80 MB."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "def peak_kb():  # not ru_maxrss: it remembers the size of the process that started this one\n"
        "    return int(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])\n"
        "import backbeat.cli.run\n"
        "from backbeat.config import load\n"
        "before = peak_kb()\n"
        "load(Path(sys.argv[1]))\n"
        "after = peak_kb()\n"
        "print(after - before, int('scipy' in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(file)], capture_output=True, text=True, timeout=120, check=True
    )
    added_kb, scipy = map(int, done.stdout.split())
    assert added_kb < 25_000
    assert not scipy
