"""Recordings of phone apps and other programs, written as these write them."""

import io
import json
import logging
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.errors import SourceError
from backbeat.logbook import archive
from backbeat.logbook.source import open_recording
from backbeat.samples import Context, Samples, joined

N, RATE, EPOCH_NS = 500, 100.0, 1_787_923_304_000_000_000
TIME = np.arange(N) / RATE
ACC = np.stack([np.sin(TIME), 0.5 * np.cos(TIME), 9.81 + np.sin(9 * TIME)], axis=1)
GYR_TIME = 0.004 + np.arange(N) / RATE
GYR = np.stack([np.sin(GYR_TIME), np.cos(GYR_TIME), 0.1 * GYR_TIME], axis=1)


def readings(path: Path, **options) -> Samples:
    return joined([b for b in open_recording(path, **options) if isinstance(b, Samples)])


def refusal(path: Path, **options) -> str:
    with pytest.raises(SourceError) as error:
        readings(path, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in files.items():
            out.writestr(name, text)
    return path


def logger_csv(time: np.ndarray, values: np.ndarray) -> str:
    rows = [f"{EPOCH_NS + round(t * 1e9)},{t:.3f},{z},{y},{x}" for t, (x, y, z) in zip(time, values, strict=True)]
    return "time,seconds_elapsed,z,y,x\n" + "\n".join(rows) + "\n"


def metadata(platform: str = "android", standardisation: str = "false") -> str:
    return (
        "version,device name,recording epoch time,platform,appVersion,standardisation\n"
        f"3,Phone,{EPOCH_NS},{platform},1.64,{standardisation}\n"
    )


GRAVITY = np.tile([0.0, 0.0, 9.81], (N, 1))


def test_sensor_logger_zip(tmp_path: Path) -> None:
    files = {"TotalAcceleration.csv": logger_csv(TIME, ACC), "Gyroscope.csv": logger_csv(GYR_TIME, GYR)}
    path = zipped(tmp_path / "run.zip", {**files, "Metadata.csv": metadata(), "Accelerometer.csv": "time\n"})
    block = readings(path)
    assert len(block) == N - 1  # the first acceleration comes before the first angular rate
    assert block.acc == pytest.approx(ACC[1:])
    assert block.gyr == pytest.approx(np.stack([np.sin(TIME), np.cos(TIME), 0.1 * TIME], axis=1)[1:], abs=1e-4)
    info = open_recording(path).info
    assert info.utc_offset_s == EPOCH_NS / 1e9
    assert info.details["program"] == "Sensor Logger"


def test_sensor_logger_adds_gravity_and_turns_ios(tmp_path: Path) -> None:
    files = {"Accelerometer.csv": logger_csv(TIME, -(ACC - GRAVITY)), "Gravity.csv": logger_csv(TIME, -GRAVITY)}
    ios = zipped(tmp_path / "ios.zip", {**files, "Metadata.csv": metadata("ios")})
    assert readings(ios).acc == pytest.approx(ACC)
    standard = zipped(tmp_path / "standard.zip", {**files, "Metadata.csv": metadata("ios", "true")})
    assert readings(standard).acc == pytest.approx(-ACC)


def test_sensor_logger_folder_single_file_and_uncalibrated_in_g(tmp_path: Path) -> None:
    folder = tmp_path / "2026-08-28"
    folder.mkdir()
    (folder / "AccelerometerUncalibrated.csv").write_text(logger_csv(TIME, ACC / 9.80665))
    (folder / "Metadata.csv").write_text(metadata())
    assert readings(folder).acc == pytest.approx(ACC)
    single = tmp_path / "TotalAcceleration.csv"
    single.write_text(logger_csv(TIME, ACC))
    assert readings(single).acc == pytest.approx(ACC)


def test_sensor_logger_json(tmp_path: Path) -> None:
    entries = [{"sensor": "Metadata", "platform": "android", "standardisation": "false"}]
    for t, (x, y, z) in zip(TIME, ACC, strict=True):
        at = {"time": str(EPOCH_NS + round(t * 1e9)), "seconds_elapsed": str(t)}
        entries.append({"sensor": "TotalAcceleration", **at, "x": str(x), "y": str(y), "z": str(z)})
    path = tmp_path / "run.json"
    path.write_text(json.dumps(entries))
    assert readings(path).acc == pytest.approx(ACC)


def test_without_gravity_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "a.zip", {"Accelerometer.csv": logger_csv(TIME, ACC - GRAVITY), "Metadata.csv": metadata()}
    )
    assert "record Total Acceleration or Gravity too" in refusal(path)
    path = zipped(tmp_path / "b.zip", {"Linear Accelerometer.csv": phyphox_csv("Linear Acceleration ", ACC)})
    assert "only linear acceleration" in refusal(path)
    single = tmp_path / "TotalAcceleration.csv"
    single.write_text(logger_csv(TIME, 0.2 * (ACC - GRAVITY)))
    assert "gravity" in refusal(single)


def phyphox_csv(label: str, values: np.ndarray, mark: str = ",", decimal: str = ".", unit: str = "m/s^2") -> str:
    names = [f'"{label}{axis} ({unit})"' for axis in ("xyz" if label else "XYZ")]
    rows = [
        [f"{x:.9E}".replace(".", decimal) for x in (t, *v)] for t, v in zip(TIME[: len(values)], values, strict=True)
    ]
    return "\n".join(mark.join(row) for row in [['"Time (s)"', *names], *rows]) + "\n"


@pytest.mark.parametrize(("mark", "decimal"), [(",", "."), (";", ","), (";", "."), ("\t", "."), ("\t", ",")])
def test_phyphox_in_every_locale(tmp_path: Path, mark: str, decimal: str) -> None:
    path = tmp_path / "Raw Data.csv"
    path.write_text(phyphox_csv("Acceleration ", ACC, mark, decimal), encoding="utf-8-sig")
    assert readings(path).acc == pytest.approx(ACC)
    packed = zipped(
        tmp_path / "run.zip",
        {
            "Accelerometer.csv": phyphox_csv("", ACC, mark, decimal),
            "Gyroscope.csv": phyphox_csv("Gyroscope ", GYR, mark, decimal, "rad/s"),
            "meta/device.csv": '"property","value"\n',
        },
    )
    assert readings(packed).gyr == pytest.approx(GYR)


def test_a_pause_in_phyphox_is_the_gap_it_was(tmp_path: Path) -> None:
    events = (
        '"event","experiment time","system time","system time text"\n'
        '"START",0.0E0,1759650000.000,"x"\n"PAUSE",2.0E0,1759650002.000,"x"\n"START",2.0E0,1759650012.000,"x"\n'
    )
    path = zipped(
        tmp_path / "run.zip", {"Accelerometer.csv": phyphox_csv("Acceleration ", ACC), "meta/time.csv": events}
    )
    block = readings(path)
    assert block.time[199:201] == pytest.approx([1.99, 12.0])
    assert open_recording(path).info.utc_offset_s == 1759650000.0


def test_movesense(tmp_path: Path) -> None:
    def xyz(rows: np.ndarray) -> list[dict[str, float]]:
        return [dict(zip("xyz", row, strict=True)) for row in rows.tolist()]

    samples = [{"TimeDetailed": {"relativeTime": 5000, "utcTime": 1_700_000_005_000_000}}]
    for start in range(0, N, 8):
        if start == 80:
            continue  # a packet that was lost
        body = {"Timestamp": 1000 * TIME[start], "ArrayAcc": xyz(ACC[start : start + 8])}
        samples.append({"MeasIMU6": {**body, "ArrayGyro": xyz(np.rad2deg(GYR[start : start + 8]))}})
    path = tmp_path / "run.json"
    path.write_text(json.dumps({"Samples": samples}))
    block = readings(path)
    there = [i for i in range(N) if not 80 <= i < 88]
    assert block.acc == pytest.approx(ACC[there])
    assert block.gyr == pytest.approx(GYR[there])
    assert np.delete(block.time, range(72, 80)) == pytest.approx(np.delete(TIME[there], range(72, 80)), abs=1e-6)
    assert open_recording(path).info.utc_offset_s == 1_700_000_000.0


MAP = """
[columns]
time = { name = "ts", unit = "ms" }
acc_x = { name = "gFx", unit = "g" }
acc_z = { name = "gFz", unit = "g", sign = -1 }
gyr_x = { name = "wx", unit = "deg/s" }
gyr_y = { name = "wy", unit = "deg/s" }
gyr_z = { name = "wz", unit = 0.01 }
speed_m_s = { name = "v" }
"""


def test_any_table_with_a_column_map(tmp_path: Path) -> None:
    columns = tmp_path / "map.toml"
    columns.write_text(MAP)
    rows = [
        f"{1000 * t:.0f};x;{a[0] / 9.80665:.9f};{-a[2] / 9.80665:.9f};"
        f"{np.rad2deg(g[0]):.9f};{np.rad2deg(g[1]):.9f};{100 * g[2]:.9f};{3.5 if t < 2 else 4}"
        for t, a, g in zip(TIME, ACC, GYR, strict=True)
    ]
    path = tmp_path / "run.csv"
    path.write_text("\n".join(["ts;label;gFx;gFz;wx;wy;wz;v", *rows]).replace(".", ","))
    block = readings(path, columns=columns)
    assert block.time == pytest.approx(TIME)
    assert block.acc[:, [0, 2]] == pytest.approx(ACC[:, [0, 2]], abs=1e-6)
    assert np.isnan(block.acc[:, 1]).all()
    assert block.gyr == pytest.approx(GYR, abs=1e-6)
    context = [(b.time, b.kind, b.value) for b in open_recording(path, columns=columns) if isinstance(b, Context)]
    assert context == [(0.0, "speed_m_s", 3.5), (2.0, "speed_m_s", 4.0)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("= 3", "not TOML"),
        ("[columns]\ntime = {name = 'a'}", "at least two of"),
        (MAP.replace('"deg/s" }\ngyr_y', '"rpm" }\ngyr_y'), "'rpm' is no unit for gyr_x; there are rad/s, deg/s"),
        (MAP.replace("speed_m_s", "pace"), "columns.pace is not known"),
        (MAP.replace("unit = 0.01", "unit = inf"), "columns.gyr_z.unit: a unit is a name, or a number above 0"),
        (MAP.replace("unit = 0.01", "unit = 0"), "or a number above 0"),
        ('separator = "ab"' + MAP, "separator: the separator is one mark"),
        ('separator = ","\ndecimal = ","' + MAP, "cannot both be a comma"),
        (MAP.replace('name = "v"', 'nam = "v"'), "columns.speed_m_s"),
        (MAP.replace('"gFx"', '"accel"'), "no column 'accel' for acc_x (found: ts, gFx"),
    ],
)
def test_a_map_that_does_not_fit(tmp_path: Path, text: str, told: str) -> None:
    columns, path = tmp_path / "map.toml", tmp_path / "run.csv"
    columns.write_text(text)
    path.write_text("ts,gFx,gFz,wx,wy,wz,v\n0,0,1,0,0,0,3\n10,0,1,0,0,0,3\n")
    assert told in refusal(path, columns=columns)


def test_bad_rows_are_gaps_and_with_strict_an_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lines = phyphox_csv("Acceleration ", ACC).splitlines()
    lines[100], lines[200] = "1.0,oops,0,9.8", lines[150]
    path = tmp_path / "Raw Data.csv"
    path.write_text("\n".join(lines))
    assert np.flatnonzero(readings(path).gap_before).tolist() == [99, 198]
    assert "line 101" in caplog.text
    assert "line 201" in caplog.text
    assert "line 101" in refusal(path, strict=True)


def test_zip_bombs_and_damaged_zips_cost_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_BYTES", 1 << 20)
    bomb = zipped(tmp_path / "bomb.zip", {"Accelerometer.csv": "0" * (3 << 20), "Metadata.csv": metadata()})
    assert bomb.stat().st_size < 10_000
    assert "larger than 1 MB" in refusal(bomb)
    many = zipped(tmp_path / "many.zip", {f"{i}.csv": "" for i in range(1001)})
    assert "no export of one recording" in refusal(many)
    cut = tmp_path / "cut.zip"
    cut.write_bytes(bomb.read_bytes()[:-50])
    assert "cut.zip" in refusal(cut)


def samples_of_all(folder: Path) -> dict[str, bytes]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        out.writestr("Accelerometer.csv", phyphox_csv("", ACC[:20]))
    return {
        "a.zip": buffer.getvalue(),
        "b.csv": logger_csv(TIME[:20], ACC[:20]).encode(),
        "c.csv": phyphox_csv("Acceleration ", ACC[:20], ";", ",").encode(),
        "d.json": json.dumps(
            {"Samples": [{"MeasAcc": {"Timestamp": i, "ArrayAcc": [{"x": 0, "y": 0, "z": 9.8}]}} for i in (0, 10)]}
        ).encode(),
        "e.json": json.dumps([{"sensor": "TotalAcceleration", "time": 1, "x": 0, "y": 0, "z": 9.8}]).encode(),
    }


@given(st.sampled_from(["a.zip", "b.csv", "c.csv", "d.json", "e.json"]), st.data())
@settings(deadline=None, max_examples=250, derandomize=True)
def test_damaged_files_are_read_or_refused_in_one_sentence(tmp_path_factory, name: str, data) -> None:
    folder = tmp_path_factory.mktemp("any")
    content = bytearray(samples_of_all(folder)[name])
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[place] = data.draw(st.sampled_from([0, 0x20, 0x2C, 0x3B, 0x2D, 0x39, 0x7B, 0xFF]))
    content = content[: data.draw(st.integers(1, len(content)))]
    path = folder / name
    path.write_bytes(content)
    logging.disable(logging.CRITICAL)
    said = ""
    try:
        readings(path)
    except SourceError as error:
        said = str(error)
    finally:
        logging.disable(logging.NOTSET)
    assert "\n" not in said


MAP_CELLS = st.sampled_from(
    ["time", "acc_x", "acc_y", "gyr_x", "speed_m_s", "x", "", '"', "{", "}", "=", "1", "-1", "2", "1e400", "nan", "0",
     '"g"', '"ms"', '"rpm"', '";"', '"ab"', "name", "unit", "sign", "columns", "decimal", "true", "\n", "[", "]", "é"]
)  # fmt: skip
TABLE_CELLS = st.sampled_from(
    ["ts", "gFx", "gFz", "0", "1", "-0.5", "9.81", "", "nan", "inf", "1e999", "x", "1,5", '"2"']
)


@given(
    words=st.lists(st.tuples(st.integers(0, len(MAP)), MAP_CELLS), max_size=4),
    rows=st.lists(st.lists(TABLE_CELLS, max_size=8), max_size=8),
    mark=st.sampled_from([",", ";", "\t", " "]),
    strict=st.booleans(),
)
@settings(deadline=None, max_examples=300, derandomize=True)
def test_any_map_and_any_table_are_read_or_refused_in_one_sentence(
    tmp_path_factory: pytest.TempPathFactory,
    words: list[tuple[int, str]],
    rows: list[list[str]],
    mark: str,
    strict: bool,
) -> None:
    folder = tmp_path_factory.mktemp("map")
    text = MAP
    for place, word in words:
        text = text[:place] + word + text[place + len(word) :]
    columns, path = folder / "map.toml", folder / "run.csv"
    columns.write_text(text)
    names = ["ts", "gFx", "gFz", "wx", "wy", "wz", "v"]
    path.write_text("\n".join([mark.join(names), mark.join("0101011"), *(mark.join(row) for row in rows)]))
    logging.disable(logging.CRITICAL)
    said = ""
    try:
        list(open_recording(path, columns=columns, strict=strict))
    except SourceError as error:
        said = str(error)
    finally:
        logging.disable(logging.NOTSET)
    assert "\n" not in said
