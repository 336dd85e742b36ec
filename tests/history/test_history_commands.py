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
    assert "bladder" in said(capsys, "note", "--pain", "1")
    assert "bladder" not in said(capsys, "note", "--pain", "0")
    assert "nothing to note" in said(capsys, "note", status=2)


def test_a_warning_sign_leads_to_a_professional(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(data / "runner.sqlite", "20250615-150000", Runner(seconds=120), 0.0)
    note = ("note", "--pain", "2", "--session", "last", "--warning-sign")
    assert "see a professional" not in said(capsys, *note, "none")
    assert "see a professional before you run on" in said(capsys, *note, "soon")
    assert "see a professional before you run on" in said(capsys, "history", "show", "last")
    assert "at once" in said(capsys, *note, "emergency")
    page = data / "page.html"
    said(capsys, "report", "last", "--out", str(page))
    text = page.read_text()
    assert text.index("You noted a warning sign") < text.index("<h2>")
    assert "see a professional at once" in text


def test_questions_are_asked_where_somebody_can_answer(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, True])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: next(answers))
    told = said(capsys, "note", "--pain", "4")
    assert told.index("bladder") < told.index("cancer") < told.index("see a professional before you run on")


def test_the_surface_of_a_session(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no session of today" in said(capsys, "note", "--surface", "trail", status=2)
    keep(data / "runner.sqlite", "20250615-150000", Runner(seconds=120), 0.0)
    said(capsys, "note", "--surface", "trail", "--session", "last")
    assert "on trail" in said(capsys, "history", "show", "last")


def test_the_history_is_that_of_the_configuration(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = data / "backbeat.toml"
    config.write_text('[runner]\nid = "sam"\n[history]\nfolder = "kept"\n')
    monkeypatch.setattr("backbeat.cli.whose.find", lambda: config)
    said(capsys, "note", "slept badly")
    said(capsys, "shoes", "add", "blue")
    assert (data / "kept" / "sam.sqlite").exists()
    assert said(capsys, "history", "path").replace("\n", "") == str(data / "kept" / "sam.sqlite")
    said(capsys, "note", "--runner", "kim", "slept well")
    assert sorted(p.name for p in (data / "kept").iterdir()) == ["kim.sqlite", "sam.sqlite"]


def test_shoes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "shoes", "add", "blue", "Blue trainers", "--km", "120")
    listed = said(capsys, "shoes")
    assert "Blue trainers" in listed
    assert "worn now" in listed
    said(capsys, "shoes", "retire", "blue")
    assert "retired" in said(capsys, "shoes")
    assert "short name" in said(capsys, "shoes", "add", "No Good", status=2)
