"""What the sensor makes of the motion: where it sits, how it is turned, and everything it gets wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import radians

import numpy as np

from backbeat.samples import STANDARD_GRAVITY, BoolArray, FloatArray, Position, Samples

PLACES: dict[Position, tuple[float, float, float]] = {
    "sacrum": (0.0, 0.0, 0.0),
    "unknown": (0.0, 0.0, 0.0),
    "left_hip": (0.07, 0.14, 0.0),
    "right_hip": (0.07, -0.14, 0.0),
}
"""m from the midline over the sacrum, in the axes of the pelvis."""
COUNTS = 32768


@dataclass(frozen=True, slots=True)
class Sensor:
    """An inertial sensor on the belt. With the defaults it behaves like a good chip on a snug belt.

    Attributes:
        rate_hz: readings a second by the sensor's own clock.
        position: where on the belt.
        hip_gain_pct: off the midline, how much larger the vertical signal of the near leg is than that of the far one.
        gyroscope: whether there is one.
        roll_deg: how the housing is turned: about x, then pitch about y, then yaw about z of the pelvis.
        pitch_deg: likewise.
        yaw_deg: likewise.
        noise_acc: standard deviation of a reading's noise, m/s².
        noise_gyr: likewise, rad/s.
        bias_acc: constant error of each axis, m/s².
        bias_gyr: likewise, rad/s.
        range_acc_g: readings end at ± this.
        range_gyr_dps: likewise.
        quantised: whether readings are whole counts of a 16-bit converter.
        clock_error_pct: how much too long the sensor's clock says that time is.
        jitter_s: standard deviation of the time stamps' error.
        dropped_pct: share of single readings that are lost, at random.
        gaps: (begin, length) of stretches that are lost, true seconds.
        slip_at_s: when the sensor begins to slip round the belt (it takes 2 s), None for never.
        slip_deg: how far, about the vertical.
        start_s: time stamp of the first reading.
    """

    rate_hz: float = 100.0
    position: Position = "sacrum"
    hip_gain_pct: float = 30.0
    gyroscope: bool = True
    roll_deg: float = 0.0
    pitch_deg: float = 0.0
    yaw_deg: float = 0.0
    noise_acc: float = 0.05
    noise_gyr: float = 0.005
    bias_acc: tuple[float, float, float] = (0.05, -0.08, 0.1)
    bias_gyr: tuple[float, float, float] = (0.01, -0.008, 0.005)
    range_acc_g: float = 16.0
    range_gyr_dps: float = 2000.0
    quantised: bool = True
    clock_error_pct: float = 0.0
    jitter_s: float = 0.0
    dropped_pct: float = 0.0
    gaps: tuple[tuple[float, float], ...] = ()
    slip_at_s: float | None = None
    slip_deg: float = 60.0
    start_s: float = 0.0

    @property
    def clock(self) -> float:
        """Seconds by the sensor's clock in a true second."""
        return 1.0 + 0.01 * self.clock_error_pct

    @property
    def acc_scale(self) -> float:
        """m/s² of one count."""
        return self.range_acc_g * STANDARD_GRAVITY / COUNTS

    @property
    def gyr_scale(self) -> float:
        """rad/s of one count."""
        return radians(self.range_gyr_dps) / COUNTS

    @property
    def mounting(self) -> FloatArray:
        """Rotation matrix from the axes of the pelvis to those of the sensor."""
        (sr, sp, sy), (cr, cp, cy) = (
            f(np.radians((self.roll_deg, self.pitch_deg, self.yaw_deg))) for f in (np.sin, np.cos)
        )
        about_x = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
        about_y = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
        about_z = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
        return np.asarray((about_z @ about_y @ about_x).T)

    def stamp(self, true_s: FloatArray | float) -> FloatArray:
        """What the sensor's clock says at true seconds since the programme's begin (jitter apart)."""
        return np.asarray(self.start_s + np.asarray(true_s) * self.clock)


class Recorder:
    """Turns the true motion at the sensor, frame after frame, into readings."""

    def __init__(self, sensor: Sensor, rng: np.random.Generator) -> None:
        self._sensor = sensor
        self._noise, self._stamps, self._losses = rng.spawn(3)
        self._turned = sensor.mounting
        self._missing = False

    def record(self, time: FloatArray, acc: FloatArray, gyr: FloatArray) -> Samples:
        """The readings of a frame.

        Args:
            time: true seconds, shape (n,).
            acc: specific force in m/s² in the axes of the pelvis, shape (3, n).
            gyr: angular rate in rad/s likewise.
        """
        sensor, n = self._sensor, len(time)
        acc, gyr = self._slipped(time, acc), self._slipped(time, gyr)
        noise = self._noise.standard_normal((n, 6))
        acc_out = (self._turned @ acc).T + sensor.noise_acc * noise[:, :3] + np.array(sensor.bias_acc)
        gyr_out = (self._turned @ gyr).T + sensor.noise_gyr * noise[:, 3:] + np.array(sensor.bias_gyr)
        acc_out, acc_end = self._converted(acc_out, sensor.acc_scale)
        gyr_out, gyr_end = self._converted(gyr_out, sensor.gyr_scale)
        kept = ~self._lost(time)
        gap = self._gap_before(kept)
        stamps = sensor.stamp(time)
        if sensor.jitter_s > 0.0:
            limit = 0.45 / sensor.rate_hz
            stamps = stamps + np.clip(sensor.jitter_s * self._stamps.standard_normal(n), -limit, limit)
        return Samples(
            stamps[kept],
            acc_out[kept],
            gyr_out[kept] if sensor.gyroscope else None,
            gap[kept],
            (acc_end | gyr_end if sensor.gyroscope else acc_end)[kept],
            {} if sensor.gyroscope else dict.fromkeys(("gyr_x", "gyr_y", "gyr_z"), "the sensor has no gyroscope"),
        )

    def _slipped(self, time: FloatArray, vector: FloatArray) -> FloatArray:
        if self._sensor.slip_at_s is None:
            return vector
        share = np.clip((time - self._sensor.slip_at_s) / 2.0, 0.0, 1.0)
        angle = radians(self._sensor.slip_deg) * share * share * (3.0 - 2.0 * share)
        c, s = np.cos(angle), np.sin(angle)
        return np.stack((c * vector[0] + s * vector[1], c * vector[1] - s * vector[0], vector[2]))

    def _converted(self, values: FloatArray, scale: float) -> tuple[FloatArray, BoolArray]:
        counts = values / scale
        if self._sensor.quantised:
            counts = np.round(counts)
        at_end = np.any((counts >= COUNTS - 1) | (counts <= -COUNTS), axis=1)
        return np.clip(counts, -COUNTS, COUNTS - 1) * scale, at_end

    def _lost(self, time: FloatArray) -> BoolArray:
        lost = np.zeros(len(time), dtype=np.bool_)
        if self._sensor.dropped_pct > 0.0:
            lost |= self._losses.random(len(time)) < 0.01 * self._sensor.dropped_pct
        for begin, length in self._sensor.gaps:
            lost |= (time >= begin) & (time < begin + length)
        return lost

    def _gap_before(self, kept: BoolArray) -> BoolArray:
        before = np.concatenate(([self._missing], ~kept[:-1]))
        self._missing = bool(~kept[-1])
        return before


def frames(rate_hz: float, clock: float, seconds: float, size: int) -> Iterator[FloatArray]:
    """True times of the readings, in frames of `size` that do not depend on how they are used."""
    count = int(seconds * rate_hz * clock)
    for begin in range(0, count, size):
        yield np.arange(begin, min(begin + size, count)) / (rate_hz * clock)
