"""Recordings with ground truth: folders SET/NAME of imu.csv, truth.csv, meta.toml and, from force plates, force.csv."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from backbeat.errors import UserError, why
from backbeat.samples import FloatArray

ONE_LEG = {"instrumented_leg_contact", "left_contact_shoe_clock"}
"""Events of the one leg that is known; the second by a clock that runs apart from the readings'."""
EVENTS = {"initial_contact", "toe_off"} | ONE_LEG
SIDES = {"": "", "l": "L", "left": "L", "r": "R", "right": "R"}


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """One line of truth.csv: one of EVENTS, its time in s, and its side: L, R or "" where it is not known."""

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
        truth: the true events in the order of time.
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
        """Time in s and vertical force in body weights, where there was a force plate.

        Raises:
            UserError: force.csv is there and holds something else.
        """
        file = self.folder / "force.csv"
        if not file.exists():
            return None
        try:
            rows = file.read_text(encoding="utf-8").splitlines()[1:]
            if not rows:
                raise ValueError("there are no rows")
            time, force = np.loadtxt(rows, delimiter=",", usecols=(0, 1), unpack=True, ndmin=2)
        except (OSError, ValueError) as error:
            told = why(error).rstrip(".")
            raise UserError(f"{file}: {told}; write time in s, vertical force in body weights in each row.") from None
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
    file = folder / "meta.toml"
    try:
        meta = tomllib.loads(file.read_text(encoding="utf-8"))
        return Labelled(
            folder=folder,
            group=folder.parent.name,
            activity=str(meta["activity"]),
            placement=str(meta.get("placement", "")),
            rate_hz=_rate(file, meta["sample_rate_hz"]),
            truth_made_by=str(meta.get("truth", "")),
            note=str(meta.get("note", "")),
            blocks=_stretches(file, meta, "running_blocks_s"),
            unsure=_stretches(file, meta, "unsure_s"),
            truth=_truth(folder / "truth.csv"),
        )
    except KeyError as error:
        raise UserError(f"{file}: {error.args[0]} is missing; add it.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{file}: {why(error)}; correct meta.toml.") from None


def _rate(file: Path, value: object) -> float:
    if isinstance(value, int | float) and isfinite(value) and value > 0:
        return float(value)
    raise UserError(f"{file}: sample_rate_hz is {value!r}; write the readings a second as a number.")


def _stretches(file: Path, meta: Mapping[str, Any], name: str) -> list[tuple[float, float]]:
    try:
        return [(float(begin), float(end)) for begin, end in meta.get(name, [])]
    except (TypeError, ValueError):
        raise UserError(f"{file}: {name} is {meta[name]!r}; write pairs of seconds such as [[10.0, 60.0]].") from None


def _truth(file: Path) -> list[TrueEvent]:
    if not file.exists():
        return []
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:  # a spreadsheet marks its files
            rows = csv.DictReader(lines)
            if absent := [name for name in ("time", "event", "side") if name not in (rows.fieldnames or ())]:
                raise UserError(f"{file}: no column {' or '.join(absent)}; begin it with the line time,event,side.")
            return sorted((_event(f"{file}, line {rows.line_num}", row) for row in rows), key=lambda event: event.time)
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"{file}: {why(error)}; correct it.") from None


def _event(where: str, row: Mapping[str, str | None]) -> TrueEvent:
    said, event, side = ((row[name] or "").strip() for name in ("time", "event", "side"))
    try:
        time = float(said)
    except ValueError:
        time = float("nan")
    if not isfinite(time):
        raise UserError(f"{where}: the time is '{said}'; write seconds.")
    if event not in EVENTS:
        raise UserError(
            f"{where}: the event '{event}' is not known; write initial_contact, toe_off or instrumented_leg_contact."
        )
    if side.lower() not in SIDES:
        raise UserError(f"{where}: the side '{side}' is not known; write L, R or nothing.")
    return TrueEvent(time, event, SIDES[side.lower()])
