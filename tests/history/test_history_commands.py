from pathlib import Path

import pytest

from backbeat.cli import main
from rigs.kept import keep
from rigs.steps import Runner


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BACKBEAT_DATA", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> str:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    assert (end.value.code or 0) == status
    out, err = capsys.readouterr()
    return out + err


def test_history_lists_shows_and_deletes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "No sessions yet" in said(capsys, "history")
    keep(data / "runner.sqlite", "20250615-150000", Runner(seconds=120, speed=lambda _: 3.0), 0.0)
    assert "20250615-150000" in said(capsys, "history")
    shown = said(capsys, "history", "show", "last")
    assert "running_s" in shown
    assert "no session 'x'" in said(capsys, "history", "show", "x", status=2)
    said(capsys, "history", "delete", "last", "--yes")
    assert "No sessions yet" in said(capsys, "history")


def test_pain_is_answered_with_what_to_look_out_for(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = said(capsys, "note", "--pain", "6", "lower back")
    assert "stop running for today" in told
    assert "bladder" in told
    assert "Noted" in said(capsys, "note", "slept badly")
    assert "bladder" not in said(capsys, "note", "--pain", "1")
    assert "nothing to note" in said(capsys, "note", status=2)


def test_shoes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "shoes", "add", "blue", "Blue trainers", "--km", "120")
    listed = said(capsys, "shoes")
    assert "Blue trainers" in listed
    assert "worn now" in listed
    said(capsys, "shoes", "retire", "blue")
    assert "retired" in said(capsys, "shoes")
    assert "short name" in said(capsys, "shoes", "add", "No Good", status=2)
