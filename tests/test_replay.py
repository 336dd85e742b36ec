"""`backbeat replay` as a user types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from backbeat.cli import main

BACKBEAT = [sys.executable, "-m", "backbeat"]


def standing(folder: Path, name: str = "imu.csv", seconds: int = 20) -> Path:
    rows = [f"{i / 100:.2f},{0.1 * (i % 3):.1f},0.2,9.8" for i in range(100 * seconds)]
    path = folder / name
    path.write_text("time,acc_x,acc_y,acc_z\n" + "\n".join(rows) + "\n")
    return path


def replay(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BACKBEAT, "replay", *map(str, arguments)], capture_output=True, text=True, timeout=120)


def test_lines_of_json_and_nothing_else_on_standard_output(tmp_path: Path) -> None:
    done = replay(standing(tmp_path), "--jsonl", "-")
    assert done.returncode == 0
    assert done.stderr == ""
    assert all(json.loads(line)["kind"] for line in done.stdout.splitlines())


def test_a_file_of_json_beside_plain_lines(tmp_path: Path) -> None:
    done = replay(standing(tmp_path), "--jsonl", tmp_path / "events.jsonl")
    assert done.returncode == 0
    assert done.stdout.startswith("imu.csv\n")
    assert (tmp_path / "events.jsonl").exists()


def test_several_recordings(tmp_path: Path) -> None:
    done = replay(standing(tmp_path, "a.csv"), standing(tmp_path, "b.csv"))
    assert [line for line in done.stdout.splitlines() if line.endswith(".csv")] == ["a.csv", "b.csv"]


def test_a_structural_fault_is_one_sentence_before_any_output(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("time,acc_x\n0,1\n")
    done = replay(standing(tmp_path), bad, "--jsonl", tmp_path / "events.jsonl")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"backbeat: {bad}, line 1: ")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "events.jsonl").exists()


def test_a_bad_row_is_a_warning_and_with_strict_an_error(tmp_path: Path) -> None:
    path = standing(tmp_path)
    path.write_text(path.read_text() + "20.00,0.1,oops")
    done = replay(path, "--jsonl", "-")
    assert done.returncode == 0
    assert "imu.csv, line 2002: 3 fields instead of 4" in done.stderr
    done = replay(path, "--jsonl", "-", "--strict")
    assert done.returncode == 2
    assert "line 2002" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["absent.csv"], "absent.csv: there is no such file"),
        ([".", "--up", "z"], "'z' is no axis"),
        ([".", "--session", "a/#"], "The session 'a/#' cannot be a topic"),
        (["."], "is a folder"),
    ],
)
def test_wrong_arguments(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(["replay", *arguments])
    assert end.value.code == 2
    assert told in capsys.readouterr().err


def test_every_run_and_every_block_size_gives_the_same_bytes(recordings: Path) -> None:
    imu = recordings / "fukuchi" / "RBDS002runT25" / "imu.csv"
    runs = {replay(imu, "--jsonl", "-", *more).stdout for more in ([], [], ["--block", "1"], ["--block", "777"])}
    assert len(runs) == 1


def test_a_reader_that_leaves_early_is_no_error(recordings: Path) -> None:
    imu = recordings / "lmu" / "002" / "imu.csv"
    command = f"{' '.join(BACKBEAT)} replay {imu} --jsonl - | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120)
    assert done.stderr == ""
    assert json.loads(done.stdout)["kind"]


def test_no_broker_is_one_sentence(tmp_path: Path) -> None:
    done = replay(standing(tmp_path), "--mqtt", "mqtt://127.0.0.1:9", "--jsonl", "-")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
