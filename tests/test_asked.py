"""What is done when somebody asks a live run by MQTT: a page on this device, a line in its log."""

from __future__ import annotations

from pathlib import Path

import pytest

from backbeat.asked import say_who, write_report
from backbeat.errors import UserError
from backbeat.mqtt.commands import Identify, Report
from rigs.kept import keep
from rigs.steps import Runner


def test_the_page_of_a_session_is_written_and_told(tmp_path: Path) -> None:
    history = tmp_path / "sam.sqlite"
    for name, at in (("20251009-085320", 0.0), ("20251010-085320", 1.0)):
        keep(history, name, Runner(seconds=120), at)
    write = write_report(history, tmp_path / "pages")
    last = write(Report())
    assert last["session"] == "20251010-085320"
    assert Path(last["file"]).read_text(encoding="utf-8").startswith("<!doctype html>".upper()[:2])
    assert last["summary"]["steps"] > 100
    assert write(Report(session="20251009-085320"))["session"] == "20251009-085320"
    with pytest.raises(UserError, match="no session"):
        write(Report(session="../../etc/passwd"))
    assert sorted(file.name for file in (tmp_path / "pages").iterdir()) == [
        "20251009-085320.html",
        "20251010-085320.html",
    ]


def test_what_stands_in_the_way_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No session of this runner is kept"):
        write_report(tmp_path / "none.sqlite", tmp_path)(Report())
    assert not (tmp_path / "none.sqlite").exists()
    history = tmp_path / "sam.sqlite"
    keep(history, "s1", Runner(seconds=60), 0.0)
    (tmp_path / "pages").write_text("a file")
    with pytest.raises(UserError, match="cannot be written"):
        write_report(history, tmp_path / "pages")(Report())
    history.write_bytes(b"no database" * 1000)
    with pytest.raises(UserError):
        write_report(history, tmp_path / "other")(Report())


def test_a_device_without_a_motor_says_a_line() -> None:
    said: list[str] = []
    assert "log" in say_who("sam", said.append)(Identify())["shown"]
    assert "sam" in said[0]
