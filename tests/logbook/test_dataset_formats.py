"""The files of public recordings, made small here in the form in which their authors keep them."""

import io
from pathlib import Path

import numpy as np
import pytest

from backbeat.errors import SourceError
from backbeat.logbook.dataset_formats import from_adept, from_pelvis_markers, from_sacral, from_shimmer
from backbeat.samples import STANDARD_GRAVITY


def test_rows_of_a_trial_become_recordings_without_a_sideways_axis() -> None:
    rows = np.random.default_rng(1).normal(1.0, 0.5, (3, 4960))
    text = io.BytesIO()
    np.savetxt(text, rows, delimiter=",")
    found = from_sacral(text.getvalue(), "a.csv")
    assert list(found) == ["00", "01", "02"]
    trial = found["01"]
    assert trial.acc[:, 2] == pytest.approx(rows[1, :2480] * STANDARD_GRAVITY, abs=1e-4)
    assert trial.acc[:, 0] == pytest.approx(rows[1, 2480:] * STANDARD_GRAVITY, abs=1e-4)
    assert np.isnan(trial.acc[:, 1]).all()
    assert "acc_y" in trial.absent
    assert trial.time[[0, -1]].tolist() == [0.0, 4.958]
    for bad in (b"1,2,3\n", b"a,b\n", b""):
        with pytest.raises(SourceError, match=r"a\.csv"):
            from_sacral(bad, "a.csv")


def test_a_shimmer_has_its_time_in_milliseconds() -> None:
    head = "Accel_LN_X,Accel_LN_Y,Accel_LN_Z,System_Timestamp_Plot_Zeroed\n"
    text = head + "".join(f"-8.5,{i},3.5,{1.953125 * (i + 1)}\n" for i in range(50))
    (samples,) = from_shimmer(text.encode(), "a.csv").values()
    assert samples.acc[7].tolist() == [-8.5, 7.0, 3.5]
    assert samples.time[:3] == pytest.approx([0.0, 0.001953, 0.003906])
    with pytest.raises(SourceError, match="no column 'Accel_LN_X'"):
        from_shimmer(b"a,b\n1,2\n", "a.csv")


def test_only_the_hip_of_a_data_frame_of_r(tmp_path: Path) -> None:
    pandas, rdata = pytest.importorskip("pandas"), pytest.importorskip("rdata")
    frame = pandas.DataFrame(
        {
            "loc_id": pandas.Categorical(["left_hip"] * 20 + ["left_ankle"] * 20),
            "x": np.arange(40) / 10,
            "y": np.full(40, -1.0),
            "z": np.zeros(40),
        }
    )
    rdata.write_rda(tmp_path / "a.rda", {"acc_running": frame})
    (samples,) = from_adept((tmp_path / "a.rda").read_bytes(), "a.rda").values()
    assert len(samples) == 20
    assert samples.acc[:, 0] == pytest.approx(np.arange(20) / 10 * STANDARD_GRAVITY, abs=1e-4)
    assert samples.time[-1] == 0.19
    rdata.write_rda(tmp_path / "b.rda", {"other": frame})
    with pytest.raises(SourceError, match="no data frame acc_running"):
        from_adept((tmp_path / "b.rda").read_bytes(), "b.rda")
    with pytest.raises(SourceError, match="not a file of R"):
        from_adept(b"nonsense", "c.rda")


MARKERS = {"R.ASIS": (0.2, -0.1, 0.02), "L.ASIS": (0.2, 0.1, 0.02), "R.PSIS": (0, -0.05, 0), "L.PSIS": (0, 0.05, 0)}
"""Forward, left, up from the middle of the posterior spines, m."""


def test_a_pelvis_that_bounces_and_turns_reads_as_a_sensor_there_would() -> None:
    time = np.arange(600) / 150
    yaw, height = 0.1 * np.sin(2 * np.pi * 1.4 * time), 0.04 * np.sin(2 * np.pi * 2.8 * time)
    forward = np.stack([np.cos(yaw), np.zeros(600), -np.sin(yaw)], axis=1)  # the laboratory: X forward, Y up, Z right
    left = np.stack([-np.sin(yaw), np.zeros(600), -np.cos(yaw)], axis=1)
    up = np.tile([0.0, 1.0, 0.0], (600, 1))
    origin = np.stack([np.zeros(600), 1.0 + height, np.zeros(600)], axis=1)
    columns, names = [time], ["Time"]
    for marker, (f, side, u) in MARKERS.items():
        columns += list(1000 * (origin + f * forward + side * left + u * up).T)
        names += [f"{marker}{axis}" for axis in "XYZ"]
    rows = "\n".join("\t".join(f"{value:.6g}" for value in row) for row in np.stack(columns, axis=1))
    (samples,) = from_pelvis_markers(("\t".join(names) + "\n" + rows + "\n").encode(), "a.txt").values()
    inside = slice(30, -30)
    expected = STANDARD_GRAVITY - 0.04 * (2 * np.pi * 2.8) ** 2 * np.sin(2 * np.pi * 2.8 * time)
    tilt = np.arctan2(0.02, 0.2)  # the frame lies along the spines, front above back
    assert samples.acc[inside, 2] == pytest.approx(np.cos(tilt) * expected[inside], abs=0.2)
    assert samples.acc[inside, 0] == pytest.approx(np.sin(tilt) * expected[inside], abs=0.1)
    assert samples.acc[inside, 1] == pytest.approx(np.zeros(540), abs=0.1)
    assert samples.gyr is not None
    turning = 0.1 * 2 * np.pi * 1.4 * np.cos(2 * np.pi * 1.4 * time)
    assert samples.gyr[inside, 2] == pytest.approx(np.cos(tilt) * turning[inside], abs=0.01)
    with pytest.raises(SourceError, match=r"no column 'L\.ASISX'"):
        from_pelvis_markers(rows.replace("\t", ",").encode().replace(b"0,", b"R.ASISX,R.ASISY,R.ASISZ\n0,", 1), "b.txt")
