"""`backbeat evaluate` and the scoring script that the recordings came with agree to the digit."""

import csv
import json
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from backbeat.evaluation.dataset import Labelled, labelled_recordings
from backbeat.evaluation.evaluate import evaluate
from backbeat.evaluation.found import Found, FoundActivity, FoundStep
from backbeat.evaluation.scores import scores, tally


@pytest.fixture(scope="session")
def score_script(recordings: Path) -> Path:
    script = recordings.parent / "tools" / "score.py"
    if not script.exists():
        pytest.skip(f"no scoring script at {script}")
    return script


def events_of(imu: Path) -> list[dict]:
    """An imperfect analysis made from the truth: late, noisy, with missed, extra and wrongly named steps."""
    truth_file = imu.parent / "truth.csv"
    if not truth_file.exists():
        truth_file = next(imu.parent.glob("truth.csv"), imu)
    rng = np.random.default_rng(zlib.crc32(imu.parent.name.encode()))
    events: list[dict] = []
    with truth_file.open() as lines:
        rows = [r for r in list(csv.reader(lines))[1:] if "contact" in r[1]]
    for row in rows:
        time = float(row[0]) + rng.normal(0.004, 0.02)
        if rng.random() < 0.05:
            continue
        events.append(_step(time, rng))
        if "instrumented" in row[1] or "shoe" in row[1] or rng.random() < 0.02:
            events.append(_step(time + rng.uniform(0.1, 0.4), rng))
    times = [event["time"] for event in events]
    for a, b in ((0.0, 3.0), (5.0, max(times, default=10.0))):
        events.append({"kind": "activity", "start": a, "end": b, "activity": rng.choice(["running", "other"]).item()})
    rng.shuffle(events)
    return events


def _step(time: float, rng: np.random.Generator) -> dict:
    toe_off = None if rng.random() < 0.1 else round(time + rng.normal(0.25, 0.03), 4)
    return {
        "kind": "step",
        "time": round(time, 4),
        "toe_off": toe_off,
        "known_at": round(time + 0.5, 4),
        "side": [None, "left", "right"][rng.integers(0, 3)],
        "activity": "running" if rng.random() < 0.95 else "walking",
        "peak_force_bw": None if rng.random() < 0.1 else round(rng.normal(2.3, 0.2), 3),
    }


def as_found(recording: Labelled) -> Found:
    events = events_of(recording.readings)
    last = float(recording.readings.read_text().rstrip().rsplit("\n", 1)[1].split(",")[0])
    steps = [FoundStep(**{k: v for k, v in e.items() if k != "kind"}) for e in events if e["kind"] == "step"]
    activities = [FoundActivity(e["start"], e["end"], e["activity"]) for e in events if e["kind"] == "activity"]
    return Found(sorted(steps, key=lambda step: step.time), activities, last)


def script_scores(script: Path, recordings: Path, command: str, out: Path, *more: str) -> dict:
    words = [sys.executable, str(script), str(recordings), "--command", command, "--json", str(out), *more]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return json.loads(out.read_text())


@pytest.mark.parametrize("accelerometer_only", [False, True])
def test_equal_scores_for_an_imperfect_analysis(
    recordings: Path, score_script: Path, tmp_path: Path, accelerometer_only: bool
) -> None:
    made = {r.name: as_found(r) for r in labelled_recordings(recordings)}
    by_script: dict[str, dict] = {}
    for group in sorted({r.group for r in labelled_recordings(recordings)}):
        by_script |= _script_on_made_events(score_script, recordings, group, tmp_path, accelerometer_only)
    chosen = labelled_recordings(recordings)
    for group, expected in by_script.items():
        tallies = [tally(r, made[r.name], accelerometer_only=accelerometer_only) for r in chosen if r.group == group]
        assert scores(tallies) == pytest.approx(expected, rel=1e-12), group  # sum() adds otherwise from Python 3.12 on


def _script_on_made_events(
    script: Path, recordings: Path, group: str, scratch: Path, accelerometer_only: bool
) -> dict[str, dict]:
    """The script's scores of the same events; they wait beside copies of the recordings, whose folders it is given."""
    copies = scratch / "copies"
    for recording in labelled_recordings(recordings, f"{group}/"):
        folder = copies / group / recording.folder.name
        folder.mkdir(parents=True)
        for file in recording.folder.iterdir():
            if file.name != "imu.csv":
                (folder / file.name).write_bytes(file.read_bytes())
        _, *rows = recording.readings.read_text().splitlines()
        # the script reads the last row's time only; the first column tells the fake command which events to print
        number = len(list(scratch.glob("*.jsonl")))
        (folder / "imu.csv").write_text(f"time,{number}\n{rows[0].split(',')[0]},0\n{rows[-1].split(',')[0]},0\n")
        lines = (json.dumps(event) for event in events_of(recording.readings))
        (scratch / f"{number}.jsonl").write_text("\n".join(lines))
    fake = scratch / "fake.py"
    fake.write_text(
        "import sys, pathlib\n"
        "number = open(sys.argv[1]).readline().strip().split(',')[1]\n"
        f"print(pathlib.Path({str(scratch)!r}, number + '.jsonl').read_text())\n"
    )
    more = ("--only", f"{group}/", *(("--accelerometer-only",) if accelerometer_only else ()))
    return script_scores(script, copies, f"{sys.executable} {fake} {{imu}}", scratch / "scores.json", *more)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("group", ["fukuchi", "alcantara", "adept"])
def test_equal_scores_for_backbeat_itself(recordings: Path, score_script: Path, tmp_path: Path, group: str) -> None:
    command = f"{sys.executable} -m backbeat replay {{imu}} --jsonl -"
    expected = script_scores(score_script, recordings, command, tmp_path / "scores.json", "--only", f"{group}/")
    result = evaluate(labelled_recordings(recordings, f"{group}/"))
    assert {one.name: one.scores for one in result.sets} == expected
