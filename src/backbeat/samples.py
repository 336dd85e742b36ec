"""What comes in: blocks of sensor readings, and the context they are read in.

`Samples` is the only thing that a chip, a radio, a recording and the simulator have in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]

STANDARD_GRAVITY = 9.80665
"""m/s² in one g (exact by definition, CGPM 1901)."""

IMPOSSIBLE_ACC_M_S2 = 2000.0
IMPOSSIBLE_GYR_RAD_S = 200.0
"""Beyond any body-worn sensor's range (200 g, 11 000 °/s): a damaged number."""

AXES = ("acc_x", "acc_y", "acc_z", "gyr_x", "gyr_y", "gyr_z")

Origin = Literal["live", "replay", "simulated"]
Position = Literal["sacrum", "left_hip", "right_hip", "unknown"]


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """A block of readings in the sensor's own axes; may be empty.

    Attributes:
        time: s, shape (n,), strictly increasing within a block and from one block to the next.
        acc: specific force in m/s², shape (n, 3): about +9.81 along "up" at rest. NaN in a column named in `absent`.
        gyr: angular rate in rad/s, shape (n, 3), or None where there is no gyroscope.
        gap_before: shape (n,): readings are missing between the one before and this one.
        saturated: shape (n,): an axis of this reading was at the end of its range.
        absent: axis name (of `AXES`) to the reason why the source cannot give it.

    Raises:
        ValueError: shapes do not agree, or time does not increase.
    """

    time: FloatArray
    acc: FloatArray
    gyr: FloatArray | None
    gap_before: BoolArray
    saturated: BoolArray
    absent: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        n = len(self.time)
        flat, wide, gyr = (n,), (n, 3), self.gyr
        if not (  # written out: it is asked for every block of a live run
            self.time.shape == flat
            and self.acc.shape == wide
            and (gyr is None or gyr.shape == wide)
            and self.gap_before.shape == flat
            and self.saturated.shape == flat
        ):
            raise ValueError(self._wrong_shape())
        if n > 1 and np.count_nonzero(self.time[1:] > self.time[:-1]) < n - 1:  # a tenth of the price of all()
            raise ValueError("Samples.time must increase from each reading to the next")

    def _wrong_shape(self) -> str:
        n = len(self.time)
        wanted = {"time": (n,), "acc": (n, 3), "gyr": (n, 3), "gap_before": (n,), "saturated": (n,)}
        name, shape = next(
            (name, shape)
            for name, shape in wanted.items()
            if (array := getattr(self, name)) is not None and array.shape != shape
        )
        return f"Samples.{name} has the shape {getattr(self, name).shape}, not {shape}"

    @classmethod
    def of(
        cls,
        time: FloatArray,
        acc: FloatArray,
        gyr: FloatArray | None = None,
        *,
        gap_before: BoolArray | None = None,
        saturated: BoolArray | None = None,
        absent: Mapping[str, str] | None = None,
    ) -> Samples:
        """A block in which nothing is missing or saturated unless said."""
        n = len(time)
        return cls(
            time,
            acc,
            gyr,
            np.zeros(n, dtype=np.bool_) if gap_before is None else gap_before,
            np.zeros(n, dtype=np.bool_) if saturated is None else saturated,
            {} if absent is None else absent,
        )

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, part: slice) -> Samples:
        return Samples(
            self.time[part],
            self.acc[part],
            None if self.gyr is None else self.gyr[part],
            self.gap_before[part],
            self.saturated[part],
            self.absent,
        )

    def where(self, good: BoolArray) -> Samples:
        """Only the readings for which `good` (n,) holds; the one after one that was left out has a gap before it."""
        kept = np.flatnonzero(good)
        gap = self.gap_before[kept] | (np.diff(kept, prepend=-1) > 1)
        gyr = None if self.gyr is None else self.gyr[kept]
        return Samples(self.time[kept], self.acc[kept], gyr, gap, self.saturated[kept], self.absent)


def joined(blocks: Sequence[Samples]) -> Samples:
    """Blocks that follow each other, as one; they must agree on having a gyroscope."""
    first = blocks[0]
    return Samples(
        np.concatenate([b.time for b in blocks]),
        np.concatenate([b.acc for b in blocks]),
        None if first.gyr is None else np.concatenate([b.gyr for b in blocks if b.gyr is not None]),
        np.concatenate([b.gap_before for b in blocks]),
        np.concatenate([b.saturated for b in blocks]),
        first.absent,
    )


JsonValue: TypeAlias = "float | int | str | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"

ContextKind = Literal[
    "speed_m_s",  # number
    "grade_pct",  # number, positive uphill
    "heart_rate_bpm",  # number
    "temperature_c",  # number: the sensor's
    "battery_pct",  # number: the sensor's
    "pain",  # 0-10, {"value": n, "when": "before" | "during" | "after", "text": …, "red_flag": "emergency" | "soon"}
    "stiffness",  # as pain
    "effort",  # as pain
    "note",  # free text
    "shoe",  # shoe id
    "surface",  # "road", "track", "trail", "treadmill", …
    "command",  # "start_session", "stop_session"
    "baseline",  # the runner's own baseline in force
    "sensor",  # {"state": "lost" | "found" | "fault", "reason": …}
    "settings",  # settings that changed during a run
]


@dataclass(frozen=True, slots=True)
class Context:
    """Something that is not a reading and still changes the analysis.

    It takes effect at its own time: one that is fed ahead of the readings waits for them, one that comes late
    takes effect at once. `value` is plain JSON, so that a recording can hold it and a replay sees it again.

    Attributes:
        time: s, on the time axis of the readings.
        kind: what it is; the comment beside `ContextKind` says what `value` then holds.
        value: plain JSON.
    """

    time: float
    kind: ContextKind
    value: JsonValue


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What a source knows about itself before the first reading.

    Attributes:
        name: for people: "LSM6DSOX at 0x6a on bus 1", "imu.csv", "simulated runner".
        origin: where the readings come from; shown wherever the results are.
        rate_hz: nominal readings a second, None where unknown.
        acc_scale: m/s² of one count where readings are integer counts times a scale, else None.
        gyr_scale: rad/s of one count, likewise.
        acc_range_g: end of the accelerometer's range in g, None where unknown.
        gyr_range_dps: end of the gyroscope's range in °/s, None where unknown.
        position: where on the body, as set; "unknown" lets the analysis find out what it can.
        utc_offset_s: Unix time minus the readings' time, None where the wall clock is not known.
        readings: how many will come, None where nobody knows (for progress bars).
        duration_s: how long they last, likewise.
        details: chip, address, firmware, serial number and the like, for `info` and recordings.
    """

    name: str
    origin: Origin
    rate_hz: float | None = None
    acc_scale: float | None = None
    gyr_scale: float | None = None
    acc_range_g: float | None = None
    gyr_range_dps: float | None = None
    position: Position = "unknown"
    utc_offset_s: float | None = None
    readings: int | None = None
    duration_s: float | None = None
    details: Mapping[str, str] = field(default_factory=dict)
