"""Walking contacts and sides beside a published walking pipeline, on walks with checked contacts.

    PATH=$PWD/.venv/bin:$PATH ENVIRONMENT_WITH_MOBGAP/bin/python tests/benchmarks/walks.py RECORDINGS/ipol

mobgap's detectors are told what Backbeat has to find: which way is up, and where the walk begins and ends. From each
detector's contacts its own median error is taken away (from Backbeat's it is not); its sides are found at the true
contacts. Found and true contacts are matched one to one, each true one with the nearest.
"""

# ruff: noqa: T201

import json
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")  # mobgap loads models that an older scikit-learn wrote
from mobgap.initial_contacts import IcdHKLeeImproved, IcdIonescu, IcdShinImproved  # noqa: E402
from mobgap.laterality import LrcMcCamley, LrcUllrich  # noqa: E402

WHOLE = ("2-1", "2-2", "3-1", "3-2", "4-2", "8-1")
"""Walks of which the source lost no more than five readings."""
FIRST_S, LAST_S = 4.0, 0.6
"""What is not scored at either end."""


class Walk:
    """One recording: readings, true contacts, and those of `backbeat replay`."""

    def __init__(self, folder):
        self.name = folder.name
        table = np.genfromtxt(folder / "imu.csv", delimiter=",", names=True)
        self.time = table["time"]
        self.acc = np.stack([table[f"acc_{axis}"] for axis in "xyz"], axis=1)
        self.gyr = np.degrees(np.stack([table[f"gyr_{axis}"] for axis in "xyz"], axis=1))
        rows = [line.split(",") for line in (folder / "truth.csv").read_text().split()[1:]]
        self.true = [(float(time), side) for time, event, side in rows if event == "initial_contact"]
        self.scored = [(t, s) for t, s in self.true if FIRST_S <= t <= self.time[-1] - LAST_S]
        command = ["backbeat", "replay", str(folder / "imu.csv"), "--jsonl", "-"]
        lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
        self.backbeat = np.array([e["time"] for e in map(json.loads, lines) if e["kind"] == "step"])

    def frame(self):
        """Readings as mobgap wants them, during the walk, and when it begins; y is left in all of these walks."""
        during = (self.time >= self.true[0][0] - 0.5) & (self.time <= self.true[-1][0] + 0.5)
        up = self.acc[during].mean(axis=0)
        up /= np.linalg.norm(up)
        left = np.array([0.0, 1.0, 0.0]) - up[1] * up
        left /= np.linalg.norm(left)
        axes = {"is": up, "ml": left, "pa": np.cross(left, up)}
        signals = {f"acc_{name}": self.acc[during] @ axis for name, axis in axes.items()}
        signals |= {f"gyr_{name}": self.gyr[during] @ axis for name, axis in axes.items()}
        return pd.DataFrame(signals), self.time[during][0]


def matched(found, walk, tolerance):
    """Errors of the contacts found, and how many are found wrongly."""
    errors, used = [], set()
    for time, _ in walk.scored:
        nearest = int(np.abs(found - time).argmin())
        if abs(found[nearest] - time) <= tolerance and nearest not in used:
            used.add(nearest)
            errors.append(found[nearest] - time)
    unscored = np.array([time for time, side in walk.true if (time, side) not in walk.scored] or [np.inf])
    inside = (found >= FIRST_S) & (found <= walk.time[-1] - LAST_S)
    extra = sum(1 for k in np.flatnonzero(inside) if k not in used and np.abs(unscored - found[k]).min() > tolerance)
    return errors, extra


def f1(found, walks, tolerance):
    pairs = [matched(found[w.name], w, tolerance) for w in walks]
    hits, extra = sum(len(e) for e, _ in pairs), sum(x for _, x in pairs)
    return 2 * hits / (hits + extra + sum(len(w.scored) for w in walks))


def detected(algorithm, walks):
    found = {}
    for walk in walks:
        frame, begin = walk.frame()
        found[walk.name] = begin + algorithm().detect(frame, sampling_rate_hz=100.0).ic_list_["ic"].to_numpy() / 100.0
    offset = np.median([error for w in walks for error in matched(found[w.name], w, 0.25)[0]])
    return {name: times - offset for name, times in found.items()}, offset


def sides(algorithm, walks):
    """Share of the true contacts given their side, by subject."""
    right = {}
    for walk in walks:
        frame, begin = walk.frame()
        contacts = pd.DataFrame({"ic": [round((t - begin) * 100) for t, _ in walk.scored]})
        contacts.index.name = "step_id"
        said = algorithm().predict(frame, contacts, sampling_rate_hz=100.0).ic_lr_list_["lr_label"]
        hits = [word[0].upper() == side for word, (_, side) in zip(said.astype(str), walk.scored, strict=True)]
        right.setdefault(walk.name[0], []).extend(hits)
    return right


def main():
    walks = [Walk(file.parent) for file in sorted(Path(sys.argv[1]).glob("*/truth.csv"))]
    whole = [walk for walk in walks if walk.name in WHOLE]
    found = {"Backbeat": ({walk.name: walk.backbeat for walk in walks}, 0.0)}
    found |= {a.__name__: detected(a, walks) for a in (IcdIonescu, IcdShinImproved, IcdHKLeeImproved)}
    print("F1               all, 80 ms  all, 250 ms  whole, 80 ms  whole, 250 ms  offset taken away, ms")
    for name, (times, offset) in found.items():
        scores = [f1(times, some, tolerance) for some in (walks, whole) for tolerance in (0.08, 0.25)]
        print(f"{name:16s}", *(f"{score:12.3f}" for score in scores), f"{1e3 * offset:8.0f}")
    trained = lambda: LrcUllrich(**LrcUllrich.PredefinedParameters.msproject_all)  # noqa: E731
    for name, algorithm in (("LrcMcCamley", LrcMcCamley), ("LrcUllrich", trained)):
        right = sides(algorithm, walks)
        hits = {subject: f"{sum(said)}/{len(said)}" for subject, said in right.items()}
        print(
            f"{name}: sides right {sum(map(sum, right.values())) / sum(map(len, right.values())):.3f}, by subject", hits
        )


if __name__ == "__main__":
    main()
