"""The few questions: what is answered stands in the file, and the file can be used."""

from __future__ import annotations

import errno
import io
import os
import pty
import select
import subprocess
import sys
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
    answers = 'Ann "the hare" Ö\n!\nann\n9\n2\nnowhere\naa:bb:cc:dd:ee:01\n3\nY\ntcp://broker.local\nbroker.local:99999\nbroker.local:8884\nmaybe\nYES\nann\n'
    assert setup(monkeypatch, answers, "--file", str(path)) == 0
    told = load(path)
    assert told.runner.name == 'Ann "the hare" Ö'
    assert told.sensor.source == "ble://AA:BB:CC:DD:EE:01?sensor=witmotion&rate=200"
    assert told.mount.position == "right_hip"
    belt = (Path(__file__).parents[2] / "config" / "i2c-belt.toml").read_text(encoding="utf-8")
    assert f"# motor_pin = {told.cues.motor_pin}\n# button_pin = {told.cues.button_pin}\n" in belt  # as wired
    assert told.mqtt is not None
    assert (told.mqtt.host, told.mqtt.port, told.mqtt.tls, told.mqtt.user) == ("broker.local", 8884, True, "ann")
    assert told.mqtt.password_file == tmp_path / "password"
    out = capsys.readouterr().out
    assert "AA:BB:CC:DD:EE:FF, please" in out
    assert "Such as broker.local" in out
    assert "y or n, please" in out
    assert f"install -m 0600 /dev/null {tmp_path / 'password'}" in out  # what remains to be done


@pytest.mark.parametrize(
    ("name", "runner"), [("Ann Ö", "ann-o"), ("王", "runner"), ("-", "runner"), ("A" * 40, "a" * 32)]
)
def test_an_id_is_made_from_any_name(monkeypatch, tmp_path, name, runner):
    path = tmp_path / "backbeat.toml"
    assert setup(monkeypatch, f"{name}\n" + "\n" * 5, "--file", str(path)) == 0
    assert (load(path).runner.id, load(path).runner.name) == (runner, name)


def test_any_sensor_can_be_named_by_its_uri(monkeypatch, tmp_path, capsys):
    path = tmp_path / "backbeat.toml"
    uri = "i2c://1/0x68?chip=mpu6050"
    assert setup(monkeypatch, f"Ann\n\n6\nmpu6050\n{uri}\n\n\nfe80::1\n\n\n", "--file", str(path)) == 0
    told = load(path)
    assert told.sensor.source == uri
    assert told.mqtt is not None
    assert told.mqtt.host == "fe80::1"
    assert "Such as i2c" in capsys.readouterr().out


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
    assert setup(monkeypatch, "\n" * 9, "--file", str(tmp_path)) == 2  # a folder
    assert "Is a directory" in capsys.readouterr().err


def test_answers_that_are_no_text_write_nothing(monkeypatch, tmp_path, capsys):
    path = tmp_path / "backbeat.toml"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe\n"), encoding="utf-8"))
    with pytest.raises(SystemExit) as end:
        main(["setup", "--file", str(path)])
    assert end.value.code == 2
    assert "not UTF-8" in capsys.readouterr().err
    assert not path.exists()


def test_a_full_card_does_not_cost_the_file_that_was_there(monkeypatch, tmp_path, capsys):
    path = tmp_path / "backbeat.toml"
    path.write_text("# mine\n", encoding="utf-8")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert setup(monkeypatch, "\n" * 9, "--file", str(path), "--force") == 2
    assert "No space left" in capsys.readouterr().err
    assert [(file.name, file.read_text(encoding="utf-8")) for file in tmp_path.iterdir()] == [(path.name, "# mine\n")]


def test_ctrl_c_in_a_terminal_writes_nothing(tmp_path):
    """In a terminal of its own, as a runner has one."""
    path = tmp_path / "backbeat.toml"
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "backbeat", "setup", "--file", str(path)]
    program = subprocess.Popen(
        ["env", "--default-signal=INT", "setsid", "--ctty", *command], stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    seen = ""
    try:
        seen = until(master, "Who runs?")
        os.write(master, b"Ann\n")
        seen += until(master, "[ann]: ")
        os.write(master, b"\x03")
        seen += until(master, None)
        assert program.wait(timeout=60) == 130
    finally:
        program.kill()
        os.close(master)
    assert "Nothing was written." in seen
    assert "Traceback" not in seen
    assert not path.exists()


def until(terminal: int, words: str | None) -> str:
    """What the terminal shows up to these words, or up to its end."""
    seen = b""
    while words is None or words.encode() not in seen:
        ready, _, _ = select.select([terminal], [], [], 60)
        assert ready, seen
        try:
            seen += os.read(terminal, 4096)
        except OSError:  # its program has ended
            assert words is None, seen
            break
    return seen.decode()


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40))
@settings(deadline=None, derandomize=True)
def test_any_name_comes_back_from_the_file(name):
    text = written(Answers("x", name, "emulate:lsm6dsox", "sacrum", True, "h", tls=True, user=name))
    told = parse(text, Path("/etc/backbeat/backbeat.toml"))
    assert told.runner.name == name
    assert told.mqtt is not None
    assert told.mqtt.user == name
