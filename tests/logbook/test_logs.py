"""`backbeat logs`: what is converted, cut, mended or drawn is what was recorded."""

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from backbeat.cli import main
from backbeat.errors import UserError
from backbeat.event_json import as_json
from backbeat.logbook.exports import whole_file
from backbeat.logbook.mcap_file import McapRecording
from backbeat.logbook.recorder import Recorder
from backbeat.logbook.source import open_recording
from backbeat.monitor import Monitor
from backbeat.samples import Context, Samples, joined
from backbeat.sources import open_source

URI = "sim:?seconds=50&seed=8"


@pytest.fixture(scope="module")
def run_mcap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("logs") / "run.mcap"
    source = open_source(URI)
    recorder = Recorder(path, source.info, {})
    for block in source:
        recorder.take(block, [])
    recorder.finish([])
    return path


def logs(*arguments: str | Path) -> None:
    with pytest.raises(SystemExit) as end:
        main(["logs", *map(str, arguments)])
    assert end.value.code == 0


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    with pytest.raises(SystemExit) as end:
        main(["logs", *map(str, arguments)])
    assert end.value.code == 2
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    return told


def readings(path: Path) -> Samples:
    return joined([block for block in open_recording(path, strict=True) if isinstance(block, Samples)])


def events(path: Path) -> list[dict]:
    recording = open_recording(path)
    monitor = Monitor(recording.info)
    found = [e for block in recording for e in monitor.feed(block)]
    return [as_json(e) for e in [*found, *monitor.end()] if e.kind in ("step", "activity")]


def test_csv_and_back_changes_nothing(run_mcap: Path, tmp_path: Path) -> None:
    logs("convert", run_mcap, tmp_path / "a.csv")
    logs("convert", tmp_path / "a.csv", tmp_path / "b.mcap")
    for path in (tmp_path / "a.csv", tmp_path / "b.mcap"):
        assert np.array_equal(readings(path).time, readings(run_mcap).time)
        assert np.array_equal(readings(path).acc, readings(run_mcap).acc)
        context = [(c.time, c.kind, c.value) for c in open_recording(path) if isinstance(c, Context)]
        assert sorted(context) == sorted(
            (c.time, c.kind, c.value) for c in open_recording(run_mcap) if isinstance(c, Context)
        )
    assert events(tmp_path / "a.csv") == events(tmp_path / "b.mcap") == events(run_mcap)


def test_parquet(run_mcap: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    logs("convert", run_mcap, tmp_path / "a.parquet")
    table = parquet.read_table(tmp_path / "a.parquet")
    assert np.array_equal(table["acc_z"].to_numpy(), readings(run_mcap).acc[:, 2])
    speeds = [v for v in table["speed_m_s"].to_pylist() if not np.isnan(v)]
    assert speeds == [c.value for c in open_recording(run_mcap) if isinstance(c, Context) and c.kind == "speed_m_s"]


def test_fit_shows_the_session_to_an_independent_decoder(run_mcap: Path, tmp_path: Path) -> None:
    fitdecode = pytest.importorskip("fitdecode")
    logs("convert", run_mcap, tmp_path / "a.fit", "--began", "2026-05-01T07:30:00")
    with fitdecode.FitReader(str(tmp_path / "a.fit"), check_crc=fitdecode.CrcCheck.RAISE) as reader:
        frames = [f for f in reader if isinstance(f, fitdecode.FitDataMessage)]
    by_name: dict[str, list] = {}
    for frame in frames:
        by_name.setdefault(frame.name, []).append(frame)
    (session,) = by_name["session"]
    steps = [e for e in events(run_mcap) if e["kind"] == "step"]
    contact = float(np.mean([s["contact_time_ms"] for s in steps if s["contact_time_ms"] is not None]))
    assert session.get_value("sport") == "running"
    assert session.get_value("avg_stance_time") == pytest.approx(contact, abs=3.0)
    assert session.get_value("avg_stance_time_balance") == pytest.approx(50.0, abs=2.0)
    assert session.get_value("enhanced_avg_speed") == pytest.approx(3.0, abs=0.05)
    assert 700 < session.get_value("avg_step_length") < 1500
    assert session.get_value("start_time").isoformat().startswith("2026-05-01T07:30:0")
    later = [r for r in by_name["record"] if r.has_field("cadence") and r.get_value("cadence")][5:]
    assert len(later) > 30
    for record in later:
        strides = record.get_value("cadence") + record.get_value("fractional_cadence")
        assert 2 * strides == pytest.approx(np.median([s["cadence_spm"] for s in steps]), abs=6.0)
    assert {"file_id", "event", "lap", "activity"} <= set(by_name)


def test_no_session_no_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "still.csv"
    path.write_text("time,acc_x,acc_y,acc_z\n" + "".join(f"{1.7e9 + i / 100:.2f},0,0,9.8\n" for i in range(500)))
    assert "no session" in refusal(capsys, "convert", path, tmp_path / "a.fit")
    path.write_text("time,acc_x,acc_y,acc_z\n" + "".join(f"{i / 100:.2f},0,0,9.8\n" for i in range(500)))
    assert "--began" in refusal(capsys, "convert", path, tmp_path / "a.fit")
    assert [p.name for p in tmp_path.iterdir()] == ["still.csv"]


def test_a_part_keeps_its_time_and_its_speed(run_mcap: Path, tmp_path: Path) -> None:
    logs("cut", run_mcap, tmp_path / "a.csv", "--from", "10", "--to", "12.5")
    whole, part = readings(run_mcap), readings(tmp_path / "a.csv")
    inside = (whole.time >= 10) & (whole.time <= 12.5)
    assert np.array_equal(part.time, whole.time[inside])
    assert [
        c.value for c in open_recording(tmp_path / "a.csv") if isinstance(c, Context) and c.kind == "speed_m_s"
    ] == [3.0]


def test_repair_gives_back_what_can_be_read(run_mcap: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray(run_mcap.read_bytes()[:-9000])
    content[len(content) // 2] ^= 0xFF
    (tmp_path / "broken.mcap").write_bytes(content)
    logs("repair", tmp_path / "broken.mcap", tmp_path / "mended.mcap")
    assert "2 damaged places" in capsys.readouterr().out
    broken = joined([b for b in open_recording(tmp_path / "broken.mcap") if isinstance(b, Samples)])
    mended = readings(tmp_path / "mended.mcap")  # strict: it is whole
    assert np.array_equal(mended.time, broken.time)
    assert np.array_equal(mended.gap_before, broken.gap_before)
    assert mended.gap_before.sum() == 1
    assert McapRecording(tmp_path / "mended.mcap").info.origin == "simulated"
    (tmp_path / "none.mcap").write_bytes(content[:300])
    assert "nothing to repair" in refusal(capsys, "repair", tmp_path / "none.mcap", tmp_path / "x.mcap")


def test_a_picture_is_sound_svg(run_mcap: Path, tmp_path: Path) -> None:
    logs("plot", run_mcap, tmp_path / "all.svg")
    logs("plot", run_mcap, tmp_path / "part.svg", "--from", "20", "--to", "25")
    ElementTree.parse(tmp_path / "all.svg")
    texts = [e.text for e in ElementTree.parse(tmp_path / "part.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("L") + texts.count("R") > 10


def test_info(run_mcap: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs("info", run_mcap)
    told = capsys.readouterr().out
    assert "simulated" in told
    own = readings(run_mcap).time
    assert f"{len(own)}, 100 a second" in told
    assert f"{own[0]:.2f} to {own[-1]:.2f} s" in told  # what --from and --to take


def test_nothing_is_overwritten_and_nothing_half_written(
    run_mcap: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text("mine")
    assert "exists already" in refusal(capsys, "convert", run_mcap, tmp_path / "a.csv")
    assert "no format is called '.xls'" in refusal(capsys, "convert", run_mcap, tmp_path / "a.xls")
    assert "no reading in this part" in refusal(capsys, "cut", run_mcap, tmp_path / "b.csv", "--from", "900")
    assert "is not before" in refusal(capsys, "cut", run_mcap, tmp_path / "b.csv", "--from", "9", "--to", "3")
    assert ".svg" in refusal(capsys, "plot", run_mcap, tmp_path / "b.png")
    with pytest.raises(UserError, match="No space"):
        half_written(tmp_path / "c.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "mine"


def half_written(path: Path) -> None:
    with whole_file(path) as part:
        part.write_text("half")
        raise OSError(28, "No space left on device")


def test_a_damaged_recording_in_the_middle_of_a_conversion_leaves_nothing(tmp_path: Path) -> None:
    rows = [f"{i / 100:.2f},0,0,9.8" for i in range(1000)]
    (tmp_path / "a.csv").write_text("time,acc_x,acc_y,acc_z\n" + "\n".join([*rows, *rows]))
    done = subprocess.run(
        [sys.executable, "-m", "backbeat", "logs", "convert", tmp_path / "a.csv", tmp_path / "b.csv"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "line 1002" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["a.csv"]
