"""An archive analysed again: the same as replay to the bit, resumable, and nothing stops it."""

from __future__ import annotations

import csv
import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import fsspec
import pytest

from backbeat.cli import main
from backbeat.reprocess import shelf, task
from backbeat.reprocess.index import alone
from rigs.shelves import recording, shelve

NAMES = {"anna/monday.mcap": 1, "anna/tuesday.csv": 2, "ben/monday.mcap": 3, "alone.csv": 4}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shelve(tmp_path_factory.mktemp("archive"), NAMES)


@pytest.fixture(scope="module")
def replayed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What `backbeat replay` writes for each recording."""
    found = {}
    for name in NAMES:
        lines = tmp_path_factory.mktemp("replayed") / "lines.jsonl"
        backbeat("replay", archive / name, "--jsonl", lines)
        found[name.rpartition(".")[0]] = lines.read_bytes()
    return found


def backbeat(*words: str | Path) -> int:
    """The exit status of the command."""
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def reprocess(archive: Path | str, out: Path, *more: str | Path) -> int:
    return backbeat("reprocess", archive, "--out", out, *more)


def index(out: Path) -> dict[str, dict[str, str]]:
    with (out / "index.csv").open(newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def results(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out))[: -len(".jsonl")]: path.read_bytes() for path in sorted(out.rglob("*.jsonl"))}


def test_results_are_those_of_replay_to_the_bit(archive: Path, replayed: dict[str, bytes], tmp_path: Path) -> None:
    assert reprocess(archive, tmp_path, "--workers", "2") == 0
    assert results(tmp_path) == replayed
    assert all(len(lines) > 10_000 for lines in replayed.values())
    rows = index(tmp_path)
    assert set(rows) == set(replayed)
    for row in rows.values():
        assert row["state"] == "done"
        assert 39 <= float(row["seconds"]) <= 43
        assert 60 < int(row["steps"]) < 140
        assert len(row["sha256"]) == 64


def test_what_is_done_stays_and_what_changed_is_done_again(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy, out = shelve(tmp_path / "archive", NAMES), tmp_path / "out"
    assert reprocess(copy, out, "--match", "a*", "--workers", "1") == 0
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.jsonl")}
    assert len(before) == 3
    (copy / "alone.csv").write_bytes(recording(40, 5, ".csv"))
    (out / "anna" / "tuesday.jsonl").unlink()
    capsys.readouterr()
    assert reprocess(copy, out) == 0
    assert "3 analysed, 1 as before, 0 failed" in capsys.readouterr().out
    assert (out / "anna/monday.jsonl").stat().st_mtime_ns == before[out / "anna/monday.jsonl"]
    made_by_another = (out / "index.csv").read_text().replace(task.engine_version(), "0.0.1+older")
    (out / "index.csv").write_text(made_by_another)
    assert reprocess(copy, out, "--match", "alone*") == 0
    assert "1 analysed, 0 as before" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"{}\n"], ids=["emptied by a power cut", "changed by hand"])
def test_a_result_that_is_not_as_it_was_written_is_made_again(tmp_path: Path, content: bytes) -> None:
    copy, out = shelve(tmp_path / "archive", {"one.csv": 1}), tmp_path / "out"
    assert reprocess(copy, out, "--workers", "1") == 0
    result = out / "one.jsonl"
    whole = result.read_bytes()
    result.write_bytes(content)
    assert reprocess(copy, out, "--workers", "1") == 0
    assert result.read_bytes() == whole


def test_every_file_that_decides_on_events_is_in_the_sum() -> None:
    code = (
        "import sys, backbeat.monitor, backbeat.pipeline, backbeat.jsonl, backbeat.logbook.source; print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    ours = {name.split(".")[1] for name in loaded if name.startswith("backbeat.")}
    assert "gait" in ours
    assert ours - {"errors"} <= {name.removesuffix(".py") for name in task.ANALYSIS}


def test_a_worker_with_another_analysis_makes_no_result(archive: Path) -> None:
    found = shelf.recordings(str(archive))[0]
    done = task.analyse(found, None, "0.0.1+an older one")
    assert not done.lines
    assert "wanted is 0.0.1+an older one; install the same on all" in done.error


def test_bad_recordings_are_listed_and_stop_nothing(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy, out = shelve(tmp_path / "archive", {"good.mcap": 1}), tmp_path / "out"
    (copy / "empty.csv").touch()
    (copy / "text.csv").write_text("this,is\nno,recording\n")
    (copy / "broken.mcap").write_bytes(recording(40, 1, ".mcap")[:7])
    (copy / "broken.zip").write_bytes(b"PK\x03\x04 and no more")
    (copy / "notes.txt").write_text("not looked at")
    assert reprocess(copy, out) == 1
    rows = index(out)
    assert {name: row["state"] for name, row in rows.items()} == {
        "good": "done",
        "empty": "failed",
        "text": "failed",
        "broken.mcap": "failed",
        "broken.zip": "failed",
    }
    assert all(row["error"] for row in rows.values() if row["state"] == "failed")
    told = capsys.readouterr()
    assert "1 analysed, 0 as before, 4 failed" in told.out
    assert "Traceback" not in told.err + "".join(row["error"] for row in rows.values())
    assert set(results(out)) == {"good"}
    (copy / "text.csv").unlink()
    reprocess(copy, out)
    assert "text" not in index(out)


def test_the_same_name_with_another_suffix_or_folder_is_another_result(tmp_path: Path) -> None:
    shelve(tmp_path / "archive", {"run.csv": 1, "run.mcap": 2, "x/run.csv": 3, "y/run.csv": 4})
    names = [found.name for found in shelf.recordings(str(tmp_path / "archive"))]
    assert names == ["run.csv", "run.mcap", "x/run", "y/run"]


def test_results_within_the_archive_are_no_recordings(tmp_path: Path) -> None:
    archive = shelve(tmp_path, {"run.mcap": 1})
    out = archive / "results"
    assert reprocess(archive, out) == 0
    assert reprocess(archive, out) == 0
    assert set(index(out)) == {"run"}


def test_a_bucket_is_read_like_a_folder(replayed: dict[str, bytes], tmp_path: Path) -> None:
    bucket = fsspec.filesystem("memory")
    for name, seed in NAMES.items():
        bucket.pipe_file(f"/runs/{name}", recording(40, seed, Path(name).suffix))
    try:
        assert reprocess("memory://runs", tmp_path) == 0
    finally:
        bucket.rm("/runs", recursive=True)
    assert results(tmp_path) == replayed


def test_what_is_wrong_in_a_bucket_is_told_of_the_bucket_and_not_of_a_copy(tmp_path: Path) -> None:
    bucket = fsspec.filesystem("memory")
    bucket.pipe_file("/wrong/anna/run.csv", b"nonsense\n")
    try:
        assert reprocess("memory://wrong", tmp_path) == 1
    finally:
        bucket.rm("/wrong", recursive=True)
    assert index(tmp_path)["anna/run"]["error"].startswith("memory://wrong/anna/run.csv, line 1: no column time")


def test_settings_that_are_said_make_other_results(archive: Path, tmp_path: Path) -> None:
    settings, out = tmp_path / "settings.toml", tmp_path / "out"
    settings.write_text('[mount]\nposition = "left_hip"\n')
    assert reprocess(archive, out, "--match", "alone*") == 0
    plain = index(out)["alone"]
    assert reprocess(archive, out, "--match", "alone*", "--settings", settings) == 0
    hip = index(out)["alone"]
    assert hip["engine"].startswith(plain["engine"])
    assert hip["engine"] != plain["engine"]
    assert hip["sha256"] != plain["sha256"]
    lines = tmp_path / "lines.jsonl"
    backbeat("replay", archive / "alone.csv", "--settings", settings, "--jsonl", lines)
    assert results(out)["alone"] == lines.read_bytes()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["no-such-folder"], "there is no such folder"),
        (["s3x://bucket"], "s3x"),
        (["."], "no recording"),
        ([".", "--scheduler", "tcp://127.0.0.1:1"], "no recording"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert reprocess(words[0], tmp_path / "out", *words[1:]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


def test_a_result_that_has_no_place_is_listed_and_stops_nothing(tmp_path: Path) -> None:
    archive, out = (
        shelve(tmp_path / "archive", {"a.csv": 1, "b.csv": 1, "b.jsonl/c.csv": 1}, seconds=8),
        tmp_path / "out",
    )
    (out / "a.jsonl").mkdir(parents=True)
    assert reprocess(archive, out, "--workers", "1") == 1
    rows = index(out)
    assert [rows[name]["state"] for name in ("a", "b", "b.jsonl/c")] == ["failed", "done", "failed"]
    assert "a.jsonl: a folder and a result have the same name" in rows["a"]["error"]
    assert not list(out.rglob("*.part"))


ODD = (b"a::b", b"#?%20", b"new\nline", b"esc\x1b[2J", b"half\xff", b"n" * 251, b"-", b".", "\u202eleft 😀".encode())


def test_any_name_that_a_file_can_have_has_a_result_and_a_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, out = tmp_path / "runs::1", tmp_path / "out"
    archive.mkdir()
    for name in ODD:
        Path(os.fsdecode(os.fsencode(archive) + b"/" + name + b".csv")).write_bytes(recording(8, 1, ".csv"))
    assert reprocess(archive, out, "--workers", "1") == 0, capsys.readouterr().err
    assert f"{len(ODD)} analysed" in capsys.readouterr().out
    assert len(results(out)) == len(index(out)) == len(ODD)
    assert all(name.isprintable() for name in index(out))
    assert reprocess(archive, out) == 0
    assert f"0 analysed, {len(ODD)} as before" in capsys.readouterr().out


def test_pipes_circles_and_links_to_nowhere_stop_nothing(tmp_path: Path) -> None:
    archive, out = shelve(tmp_path / "archive", {"run.csv": 1}, seconds=8), tmp_path / "out"
    other = shelve(tmp_path / "other", {"linked.csv": 1}, seconds=8)
    (archive / "circle").symlink_to(archive)
    (archive / "disk").symlink_to(other)
    (archive / "later").symlink_to(other)  # what two links lead to is one recording
    (archive / "gone.csv").symlink_to("/no/such/file")
    os.mkfifo(archive / "pipe.csv")
    assert reprocess(archive, out, "--workers", "1") == 1
    assert {name: row["state"] for name, row in index(out).items()} == {
        "run": "done",
        "disk/linked": "done",
        "gone": "failed",
    }


def test_a_folder_that_may_not_be_read_is_listed_as_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = shelve(tmp_path / "archive", {"run.csv": 1, "closed/run.csv": 1}, seconds=8)
    listing = os.scandir

    def refused(folder: str) -> object:  # who runs the tests may be root, whom no folder's rights keep out
        if Path(folder) == archive / "closed":
            raise PermissionError(errno.EACCES, "Permission denied", folder)
        return listing(folder)

    monkeypatch.setattr(os, "scandir", refused)
    closed, run = (task.analyse(each, None, task.engine_version()) for each in shelf.recordings(str(archive)))
    assert "closed: this folder cannot be listed; check who may read it" in closed.error
    assert (closed.steps, run.steps, run.error) == (0, 22, "")
    assert reprocess(archive, tmp_path / "out", "--match", "*run.csv", "--workers", "1") == 0
    assert "closed: this folder cannot be listed, so nothing in it is looked at" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["archive", "."], ids=["the same folder", "the folder above"])
def test_the_archive_may_lie_in_the_folder_of_the_results(tmp_path: Path, place: str) -> None:
    archive = shelve(tmp_path / "archive", {"run.csv": 1}, seconds=8)
    for _ in range(2):
        assert reprocess(archive, tmp_path / place, "--workers", "1") == 0
        assert set(index(tmp_path / place)) == {"run"}


def test_what_a_pattern_leaves_out_keeps_its_row_and_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, out = shelve(tmp_path / "archive", {"run.csv": 1, "run.mcap": 2, "b.csv": 1}, seconds=8), tmp_path / "out"
    assert reprocess(archive, out, "--match", "*.mcap", "--workers", "1") == 0
    assert reprocess(archive, out, "--match", "*.csv", "--workers", "1") == 0
    assert set(index(out)) == {"run.csv", "run.mcap", "b"}
    capsys.readouterr()
    assert reprocess(archive, out) == 0
    assert "0 analysed, 3 as before" in capsys.readouterr().out
    assert reprocess(archive, out, "--match", "nothing") == 2
    assert "none of its 3 recordings matches 'nothing'" in capsys.readouterr().err


def test_two_at_once_do_not_write_into_one_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archive, out = shelve(tmp_path / "archive", {"run.csv": 1}, seconds=8), tmp_path / "out"
    with alone(out):
        assert reprocess(archive, out) == 2
    assert "another reprocess writes there" in capsys.readouterr().err
    assert reprocess(archive, out, "--workers", "1") == 0


def test_a_full_disk_is_one_sentence_and_leaves_no_half_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    archive, out = shelve(tmp_path / "archive", {"run.csv": 1}, seconds=8), tmp_path / "out"
    write = Path.write_bytes

    def write_on_a_small_disk(self: Path, content: bytes) -> int:
        if len(content) < 5000:
            return write(self, content)
        write(self, content[:5000])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_on_a_small_disk)
    assert reprocess(archive, out, "--workers", "1") == 2
    told = capsys.readouterr().err
    assert "No space left on device; free some space or choose another folder" in told
    assert told.count("\n") == 1
    assert [path.name for path in out.iterdir()] == ["index.csv"]


def test_another_program_s_index_is_not_written_over(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("a,b\n1,2\n")
    assert reprocess(archive, tmp_path) == 2
    assert (tmp_path / "index.csv").read_text() == "a,b\n1,2\n"


def children(of: int) -> list[int]:
    """Processes that it started and that do Python's multiprocessing work."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                words = (entry / "cmdline").read_bytes()
            except (OSError, IndexError):
                continue
            if parent == of and b"spawn_main" in words:
                found.append(int(entry.name))
    return found


def test_a_worker_that_is_killed_costs_nothing(tmp_path: Path) -> None:
    names = {"a-long.mcap": 1, "b.mcap": 2, "c.mcap": 3, "d.mcap": 4}
    archive, out = shelve(tmp_path / "archive", names), tmp_path / "out"
    (archive / "a-long.mcap").write_bytes(recording(150, 1, ".mcap"))  # still under way when a short one is done
    call = [sys.executable, "-m", "backbeat", "reprocess", str(archive), "--out", str(out), "--workers", "2"]
    with subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while not (victims := children(process.pid)) or not list(out.glob("*.jsonl")):
            assert time.monotonic() < deadline, "no worker and no result"
            assert process.poll() is None, "it was done before anybody could be killed"
            time.sleep(0.005)
        os.kill(victims[0], 9)
        told, faults = process.communicate(timeout=120)
    assert process.returncode == 0, faults
    assert "4 analysed, 0 as before, 0 failed" in told
    assert set(results(out)) == {name.removesuffix(".mcap") for name in names}
    assert not list(out.rglob(".*.part"))
