"""The few questions: what is answered stands in the file, and the file can be used."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.cli import main
from backbeat.config import load
from backbeat.config.example import complete
from backbeat.config.load import parse
from backbeat.config.write import Answers, written


def setup(monkeypatch, answers: str, *words: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(answers))
    with pytest.raises(SystemExit) as end:
        main(["setup", *words])
    assert isinstance(end.value.code, int)
    return end.value.code


def test_the_shortest_way_is_to_agree(monkeypatch, tmp_path, capsys):
    path = tmp_path / "new" / "backbeat.toml"
    assert setup(monkeypatch, "\n" * 6, "--file", str(path)) == 0
    told = load(path)
    assert (told.runner.id, told.runner.name, told.mount.position, told.mqtt) == ("sam", "Sam", "sacrum", None)
    assert told.sensor.source == "i2c://1/0x6a?chip=lsm6dsox&rate=208"
    assert not told.cues.any
    assert "Written" in capsys.readouterr().out


def test_wrong_answers_are_asked_again(monkeypatch, tmp_path, capsys):
    path = tmp_path / "backbeat.toml"
    answers = 'Ann "the hare" Ö\n!\nann\n9\n2\nnowhere\naa:bb:cc:dd:ee:01\n3\ny\nbroker.local\nmaybe\ny\nann\n'
    assert setup(monkeypatch, answers, "--file", str(path)) == 0
    told = load(path)
    assert told.runner.name == 'Ann "the hare" Ö'
    assert told.sensor.source == "ble://AA:BB:CC:DD:EE:01?sensor=witmotion&rate=200"
    assert told.mount.position == "right_hip"
    belt = (Path(__file__).parents[2] / "config" / "i2c-belt.toml").read_text(encoding="utf-8")
    assert f"# motor_pin = {told.cues.motor_pin}\n# button_pin = {told.cues.button_pin}\n" in belt  # as wired
    assert told.mqtt is not None
    assert (told.mqtt.host, told.mqtt.tls, told.mqtt.user) == ("broker.local", True, "ann")
    assert told.mqtt.password_file == tmp_path / "password"
    out = capsys.readouterr().out
    assert "AA:BB:CC:DD:EE:FF, please" in out
    assert "One of y, n, please" in out


def test_a_file_that_somebody_wrote_stays(monkeypatch, tmp_path, capsys):
    path = tmp_path / "backbeat.toml"
    path.write_text("# mine\n", encoding="utf-8")
    assert setup(monkeypatch, "\n" * 9, "--file", str(path)) == 2
    assert "--force" in capsys.readouterr().err
    assert path.read_text(encoding="utf-8") == "# mine\n"
    assert setup(monkeypatch, "\n" * 9, "--file", str(path), "--force") == 0
    path.write_text(complete(), encoding="utf-8")  # as installed
    assert setup(monkeypatch, "\n" * 9, "--file", str(path)) == 0


def test_answers_that_end_early_write_nothing(monkeypatch, tmp_path, capsys):
    path = tmp_path / "backbeat.toml"
    assert setup(monkeypatch, "Ann\n", "--file", str(path)) == 2
    assert not path.exists()
    assert setup(monkeypatch, "\n" * 9, "--file", "/proc/backbeat.toml") == 2
    assert "sudo" in capsys.readouterr().err


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40))
@settings(deadline=None, derandomize=True)
def test_any_name_comes_back_from_the_file(name):
    text = written(Answers("x", name, "emulate:lsm6dsox", "sacrum", True, "h", True, name))
    told = parse(text, Path("/etc/backbeat/backbeat.toml"))
    assert told.runner.name == name
    assert told.mqtt is not None
    assert told.mqtt.user == name
