"""Recordings with ground truth: folders SET/NAME of imu.csv, truth.csv, meta.toml and, from force plates, force.csv."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from backbeat.errors import UserError
from backbeat.samples import FloatArray


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """One line of truth.csv: an `initial_contact`, a `toe_off`, or a contact of the one instrumented leg."""

    time: float
    event: str
    side: str


@dataclass(frozen=True, slots=True)
class Labelled:
    """A recording with its ground truth.

    Attributes:
        folder: where it is.
        group: the set that it belongs to.
        activity: what was done, in words.
        placement: where the sensor was.
        rate_hz: of the readings.
        truth_made_by: how the truth was made.
        note: quirks.
        blocks: stretches of sure running as (begin, end), s.
        unsure: stretches that count neither as running nor as not running.
        truth: the true events in the order of the file.
    """

    folder: Path
    group: str
    activity: str
    placement: str
    rate_hz: float
    truth_made_by: str
    note: str
    blocks: Sequence[tuple[float, float]]
    unsure: Sequence[tuple[float, float]]
    truth: Sequence[TrueEvent]

    @property
    def name(self) -> str:
        """SET/NAME."""
        return f"{self.group}/{self.folder.name}"

    @property
    def readings(self) -> Path:
        """The file of readings."""
        return self.folder / "imu.csv"

    def force(self) -> tuple[FloatArray, FloatArray] | None:
        """Time in s and vertical force in body weights, where there was a force plate."""
        file = self.folder / "force.csv"
        if not file.exists():
            return None
        time, force = np.loadtxt(file, delimiter=",", skiprows=1, unpack=True)
        return time, force


def labelled_recordings(folder: Path, only: str = "") -> list[Labelled]:
    """The recordings in a folder, in the order of their names, those whose SET/NAME contains `only`.

    Raises:
        UserError: there is none, or one of them cannot be understood.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; name one that holds SET/NAME/imu.csv, truth.csv and meta.toml.")
    found = [_read(meta.parent) for meta in sorted(folder.glob("*/*/meta.toml"))]
    chosen = [recording for recording in found if only in recording.name]
    if not chosen:
        what = f" whose SET/NAME contains '{only}'" if found else ""
        raise UserError(f"{folder} holds no SET/NAME/meta.toml{what}; see docs/validation.md for the layout.")
    return chosen


def _read(folder: Path) -> Labelled:
    try:
        meta = tomllib.loads((folder / "meta.toml").read_text(encoding="utf-8"))
        return Labelled(
            folder=folder,
            group=folder.parent.name,
            activity=str(meta["activity"]),
            placement=str(meta.get("placement", "")),
            rate_hz=float(meta["sample_rate_hz"]),
            truth_made_by=str(meta.get("truth", "")),
            note=str(meta.get("note", "")),
            blocks=[(float(a), float(b)) for a, b in meta.get("running_blocks_s", [])],
            unsure=[(float(a), float(b)) for a, b in meta.get("unsure_s", [])],
            truth=_truth(folder / "truth.csv"),
        )
    except KeyError as error:
        raise UserError(f"{folder / 'meta.toml'}: {error.args[0]} is missing; add it.") from None
    except (ValueError, TypeError) as error:
        raise UserError(f"{folder}: {error}; correct meta.toml or truth.csv.") from None


def _truth(file: Path) -> list[TrueEvent]:
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as lines:
        return [TrueEvent(float(time), event, side.strip()) for time, event, side in list(csv.reader(lines))[1:]]
