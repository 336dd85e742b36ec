"""Backbeat's own CSV: what is read, what becomes a gap, what is refused and in which words."""

import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.errors import SourceError
from backbeat.logbook import csv_file
from backbeat.logbook.source import open_recording
from backbeat.samples import Context, Samples, joined

HEADER = "time,acc_x,acc_y,acc_z"


def lines_of(n: int = 200, rate: float = 100.0) -> list[str]:
    return [f"{i / rate:.3f},0.1,-0.2,{9.81 + 0.01 * (i % 7):.4f}" for i in range(n)]


def written(folder: Path, lines: list[str], header: str = HEADER, end: str = "\n") -> Path:
    path = folder / "imu.csv"
    path.write_text("\n".join([header, *lines]) + end)
    return path


def readings(path: Path, *, strict: bool = False) -> Samples:
    return joined([block for block in open_recording(path, strict=strict) if isinstance(block, Samples)])


def refusal(path: Path, *, strict: bool = False) -> str:
    with pytest.raises(SourceError) as error:
        readings(path, strict=strict)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_reads_what_stands_there(tmp_path: Path) -> None:
    path = written(tmp_path, ["0.00,1,2,9.5,0.1,0.2,0.3", "0.01,-1,-2,9.7,0.4,0.5,0.6"], HEADER + ",gyr_x,gyr_y,gyr_z")
    block = readings(path)
    assert block.time.tolist() == [0.0, 0.01]
    assert block.acc.tolist() == [[1, 2, 9.5], [-1, -2, 9.7]]
    assert block.gyr is not None
    assert block.gyr.tolist() == [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]
    assert not block.gap_before.any()
    info = open_recording(path).info
    assert (info.origin, info.rate_hz, info.readings) == ("replay", 100.0, 2)


def test_order_quotes_capitals_and_further_columns_do_not_matter(tmp_path: Path) -> None:
    path = written(
        tmp_path, ['"walk",9.81,"0.2",0.1,0.0', "run,9.82,0.3,0.2,0.01"], '"Label","ACC_Z",acc_y, acc_x ,Time'
    )
    assert readings(path).acc.tolist() == [[0.1, 0.2, 9.81], [0.2, 0.3, 9.82]]


@pytest.mark.parametrize("end", ["", "\n", "\n\n\n", "\r\n"])
def test_line_ends(tmp_path: Path, end: str) -> None:
    path = written(tmp_path, lines_of(50))
    path.write_bytes(path.read_bytes().rstrip().replace(b"\n", b"\r\n") + end.encode())
    assert len(readings(path)) == 50
    assert not readings(path).gap_before.any()
    assert open_recording(path).info.readings in (50, 52)


def test_one_axis_may_be_absent(tmp_path: Path) -> None:
    block = readings(written(tmp_path, ["0.00,1,9.5", "0.01,-1,9.7"], "time,acc_x,acc_z"))
    assert np.isnan(block.acc[:, 1]).all()
    assert block.acc[:, 2].tolist() == [9.5, 9.7]
    assert list(block.absent) == ["acc_y"]


def test_context_comes_before_its_readings_and_empty_means_as_before(tmp_path: Path) -> None:
    rows = ["0.00,0,0,9.8,3.0,", "0.01,0,0,9.8,,", "0.02,0,0,9.8,3.0,1.5", "0.03,0,0,9.8,3.5,"]
    path = written(tmp_path, rows, HEADER + ",speed_m_s,grade_pct")
    blocks = list(open_recording(path))
    context = [(b.kind, b.time, b.value) for b in blocks if isinstance(b, Context)]
    assert sorted(context) == [("grade_pct", 0.02, 1.5), ("speed_m_s", 0.0, 3.0), ("speed_m_s", 0.03, 3.5)]
    assert not readings(path).gap_before.any()


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("1.00,0.1,oops,9.8", "'oops' in column 3 is not a number"),
        ("1.00,0.1,nan,9.8", "acc_y is no number"),
        ("1.00,0.1,,9.8", "acc_y is no number"),
        ("1.00,0.1,inf,9.8", "acc_y is no number"),
        ("1.00,0.1,1_0,9.8", "is not a number"),
        ("1.00,0.1,1e30,9.8", "acc_y = 1e+30 is impossible"),
        ("1.00,0.1", "2 fields instead of 4"),
        ("1.00,0.1,0.2,0.3,0.4", "5 fields instead of 4"),
        ("0.50,0.1,0.2,9.8", "time goes back from 0.99 s to 0.5 s"),
        ("0.99,0.1,0.2,9.8", "time goes back from 0.99 s to 0.99 s"),
        ("1e9,0.1,0.2,9.8", "time leaps to 1e+09 s and back"),
        ("\0\0\0\0", "1 fields instead of 4"),
    ],
)
def test_an_isolated_bad_row_is_a_marked_gap(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, bad: str, told: str
) -> None:
    lines = lines_of()
    lines[100] = bad
    path = written(tmp_path, lines)
    block = readings(path)
    assert len(block) == 199
    assert np.flatnonzero(block.gap_before).tolist() == [100]
    assert [told in r.getMessage() and "line 102" in r.getMessage() for r in caplog.records] == [True]
    assert "line 102" in refusal(path, strict=True)


def test_an_unreadable_last_line_costs_only_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = written(tmp_path, [*lines_of(100), "1.00,0.1,-"], end="")
    assert len(readings(path)) == 100
    assert "line 102" in caplog.text
    assert "line 102" in refusal(path, strict=True)


def test_many_bad_rows_are_counted_and_not_all_listed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = lines_of(2000)
    lines[::10] = ["x,x,x,x"] * 200
    assert readings(written(tmp_path, lines)).gap_before.sum() == 199
    assert len(caplog.records) == 11
    assert "200 rows" in caplog.text


@pytest.mark.parametrize("at", range(95, 106))
def test_bad_rows_are_found_wherever_the_pieces_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    lines = lines_of()
    lines[at] = "1e9,0.1,0.2,9.8"
    path = written(tmp_path, lines)
    whole = readings(path)
    monkeypatch.setattr(csv_file, "PIECE_BYTES", 100)
    monkeypatch.setattr(csv_file, "LONGEST_LINE_BYTES", 100)
    pieces = readings(path)
    assert whole.time.tolist() == pieces.time.tolist()
    assert np.flatnonzero(whole.gap_before).tolist() == np.flatnonzero(pieces.gap_before).tolist() == [at]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "imu.csv, line 1: the file is empty"),
        ("\n\n\n", "line 1: the file is empty, or its first line is"),
        (HEADER + "\n", "line 2: no reading after the header"),
        ("time,acc_x\n0,1\n", "no column acc_y or acc_z (found: time, acc_x)"),
        ("acc_x,acc_y,acc_z\n1,2,3\n", "no column time"),
        ("time,ax,ay,az\n1,2,3,4\n", "no column acc_x or acc_y or acc_z (found: time, ax, ay, az)"),
        ("time,acc-x,acc-y,acc-z\n1,2,3,4\n", "is 'acc-x' meant to be 'acc_x'?"),
        ("0,1,2,3\n1,2,3,4\n", "add a first line such as time,acc_x,acc_y,acc_z"),
        ("time;acc_x;acc_y;acc_z\n0;1;2;3\n", "not separated by commas"),
        ("time,acc_x,acc_y,acc_z,acc_z\n0,1,2,3,4\n", "'acc_z' is there more than once"),
        (HEADER + "\na,b,c,d\ne,f,g,h\n", "no row of numbers at the beginning"),
    ],
)
def test_structural_faults_are_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "imu.csv"
    path.write_text(text)
    assert told in refusal(path)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (lambda t: f"{t},0,0,1.0", "it looks like g, not m/s²; multiply"),
        (lambda t: f"{t},0,0,1000", "thousandths of g"),
        (lambda t: f"{t},0,0,16384", "raw counts"),
        (lambda t: f"{t},0,0,0.01", "gravity or the vertical axis seems to be missing"),
        (lambda t: f"{t * 1000},0,0,9.8", "looks like milliseconds"),
        (lambda t: f"{t * 5},0,0,9.8", "running needs 23 to"),
        (lambda t: f"{t * 1e9:.0f},0,0,9.8", "looks like nanoseconds"),
        (lambda t: f"{t * 100},0,0,9.8", "readings are 1 s apart"),
        (lambda t: f"{-t},0,0,9.8", "time column does not increase"),
    ],
)
def test_wrong_units_are_refused_before_anything_is_read(tmp_path: Path, row, told: str) -> None:
    path = written(tmp_path, [row(i / 100) for i in range(300)])
    with pytest.raises(SourceError, match=r"imu\.csv, from line 2") as error:
        open_recording(path)
    assert told in str(error.value)


def test_degrees_a_second_are_refused(tmp_path: Path) -> None:
    path = written(
        tmp_path, [f"{i / 100},0,0,9.8,{100 * np.sin(i)},0,5" for i in range(300)], HEADER + ",gyr_x,gyr_y,gyr_z"
    )
    assert "°/s" in refusal(path)


def test_a_clock_that_begins_anew_is_named_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, lines_of(1000) + lines_of(1000))
    assert "imu.csv, line 1002: time goes back from 9.99 s and stays there" in refusal(path)


def test_not_text_not_a_file_not_there(tmp_path: Path) -> None:
    path = tmp_path / "imu.csv"
    path.write_bytes("time,acc_x,acc_y,acc_z\n".encode("utf-16"))
    assert "UTF-8" in refusal(path)
    path.write_bytes(bytes(range(256)) * 4)
    assert "line 1" in refusal(path)
    path.write_bytes(HEADER.encode() + b"\n" + b"1" * 1_000_000)
    assert "longer than" in refusal(path)
    assert "is a folder" in refusal(tmp_path)
    assert "no such file" in refusal(tmp_path / "absent.csv")


@given(st.binary(max_size=400), st.booleans())
@settings(deadline=None, max_examples=300, derandomize=True)
def test_any_bytes_are_read_or_refused_in_one_sentence(tmp_path_factory, content: bytes, headed: bool) -> None:
    path = tmp_path_factory.mktemp("any") / "imu.csv"
    path.write_bytes((f"{HEADER}\n0.0,0,0,9.8\n0.01,0,0,9.8\n".encode() if headed else b"") + content)
    logging.disable(logging.CRITICAL)
    try:
        block = readings(path)
    except SourceError as error:
        block, said = None, str(error)
    finally:
        logging.disable(logging.NOTSET)
    assert np.isfinite(block.acc).all() if block else "\n" not in said


def test_every_recording_is_accepted(recordings: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = sorted(recordings.glob("*/*/imu.csv"))
    assert len(files) > 30
    for file in files:
        n = len(file.read_bytes().splitlines()) - 1
        assert len(readings(file)) == n
    assert not caplog.records


def test_what_is_named_mcap_and_is_neither_that_nor_text_is_not_called_a_bad_table(tmp_path: Path) -> None:
    path = tmp_path / "run.mcap"
    path.write_bytes(b"\x00\x89MCAP0\r\n\x00\x00")
    assert refusal(path) == f"{path}: this does not begin as MCAP files do; it is damaged: fetch it again."
    path.write_text("\n".join([HEADER, *lines_of()]))
    assert len(readings(path)) == 200
