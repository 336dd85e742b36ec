"""The pytest plugin as a project of somebody else uses it, and the page that documents it."""

import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from backbeat import testing
from backbeat.mqtt import embedded
from backbeat.testing import Tolerances, differences, golden_text

PAGE = Path(__file__).parents[1] / "docs" / "replaying-logs.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=250,
    )  # fmt: skip


def test_the_worked_example_of_the_page(tmp_path: Path) -> None:
    (code,) = blocks("python")
    (tmp_path / "test_my_runs.py").write_text(code)
    missing = run_pytest(tmp_path, "-k", "stay")
    assert "write it with: pytest --update-golden" in missing.stdout
    assert run_pytest(tmp_path, "-k", "stay", "--update-golden").returncode == 0
    golden = tmp_path / "golden" / "ten-seconds.jsonl"
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    lines = golden.read_text().splitlines()
    golden.write_text("\n".join([lines[0].replace('"kind": "step"', '"kind": "stop"'), *lines[1:]]) + "\n")
    moved = run_pytest(tmp_path, "-k", "stay")
    assert moved.returncode == 1
    assert "line 1 (stop): kind is 'step' instead of 'stop'" in moved.stdout


def test_the_commands_of_the_page(tmp_path: Path) -> None:
    commands = [line for block in blocks("sh") for line in block.splitlines()]
    assert len(commands) == 8
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "backbeat"
        done = subprocess.run(
            [sys.executable, "-m", "backbeat", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, (command, done.stderr)
    names = {"short.mcap", "short.csv", "events.jsonl", "whole.mcap", "part.csv", "picture.svg"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_tolerances() -> None:
    (*_, step) = testing.replay("sim:?seconds=6&seed=1").steps
    text = golden_text([step])
    assert not list(differences([step], text, Tolerances()))
    later = replace(step, time=step.time + 0.01, contact_time_ms=(step.contact_time_ms or 0.0) * 1.03)
    told = list(differences([later], text, Tolerances()))
    assert [t.split(": ")[1].split(" ")[0] for t in told] == ["contact_time_ms", "time"]
    loose = Tolerances(time_s=0.02, fields={"contact_time_ms": 20.0})
    assert not list(differences([later], text, loose))
    assert not list(differences([later], text, Tolerances(ignore=("time", "contact_time_ms"))))
    assert list(differences([], text, Tolerances())) == ["0 events instead of 1"]
    assert list(differences([replace(step, side=None)], text, Tolerances(ignore=("side_confidence",))))


def test_a_broker_with_and_without_mosquitto(
    mqtt_broker: str, monkeypatch: pytest.MonkeyPatch, mosquitto_program: str
) -> None:
    assert mqtt_broker.startswith("mqtt://127.0.0.1:")
    program = embedded._program()
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    monkeypatch.setattr(embedded, "_program", lambda: program)
    with testing.broker() as url:
        assert url.startswith("mqtt://127.0.0.1:")
        assert url != mqtt_broker
