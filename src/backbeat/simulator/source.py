"""`sim:` as a source of readings, and what can be asked of it in the URI.

    sim:?cadence=170&speed=3&asymmetry=6&seconds=60&seed=1
    sim:?programme=stand:5,run:60@3.2,run:60@3.2/-8,walk:30&position=left_hip&gap=40:2

`QUERY` lists every parameter with its meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, cast
from urllib.parse import parse_qsl

from backbeat.closing import Closing
from backbeat.errors import SourceError
from backbeat.samples import Context, Position, Samples, SourceInfo
from backbeat.simulator.programme import Programme, Stretch, parse
from backbeat.simulator.run import SimulatedRun
from backbeat.simulator.runner import Runner
from backbeat.simulator.sensor import PLACES, Sensor

BLOCK_S = 0.1
"""Seconds of readings in a block, as a sensor's FIFO gives them."""


class SimulatedSource(Closing):
    """A simulated run as a source; as fast as it is read, pacing is its reader's business."""

    def __init__(self, run: SimulatedRun, block: int | None = None) -> None:
        self.run = run
        self._block = block or max(1, round(run.sensor.rate_hz * BLOCK_S))
        self._stopped = False

    @property
    def info(self) -> SourceInfo:
        """What is known before the first reading; it says that all this is simulated."""
        sensor = self.run.sensor
        return SourceInfo(
            name="simulated runner",
            origin="simulated",
            rate_hz=sensor.rate_hz,
            acc_scale=sensor.acc_scale if sensor.quantised else None,
            gyr_scale=sensor.gyr_scale if sensor.quantised and sensor.gyroscope else None,
            acc_range_g=sensor.range_acc_g,
            gyr_range_dps=sensor.range_gyr_dps if sensor.gyroscope else None,
            position=sensor.position,
            readings=self.run.readings,
            duration_s=self.run.seconds * sensor.clock,
            details={"simulated": "yes", "seed": str(self.run.seed)},
        )

    def __iter__(self) -> Iterator[Samples | Context]:
        for block in self.run.stream(self._block):
            if self._stopped:
                return
            yield block

    def stop(self) -> None:
        """End with the current block."""
        self._stopped = True

    def close(self) -> None:
        """Nothing is held."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter: what it means, its range, and the field of the runner or the sensor that it sets."""

    meaning: str
    low: float
    high: float
    of: str = ""
    field: str = ""
    scale: float = 1.0


def _runner(meaning: str, low: float, high: float, field: str) -> Parameter:
    return Parameter(meaning, low, high, "runner", field)


def _sensor(meaning: str, low: float, high: float, field: str, scale: float = 1.0) -> Parameter:
    return Parameter(meaning, low, high, "sensor", field, scale)


NUMBERS: Mapping[str, Parameter] = {
    "seconds": Parameter("how long the running lasts, s", 1.0, 1e6),
    "stand": Parameter("seconds of standing before it", 0.0, 1e5),
    "speed": Parameter("m/s", 0.0, 12.0),
    "grade": Parameter("slope in %, positive uphill", -50.0, 50.0),
    "seed": Parameter("of all randomness, a whole number", 0.0, 2.0**63),
    "cadence": _runner("steps a minute", 40.0, 300.0, "cadence_spm"),
    "contact_time": _runner("ground contact time, ms", 80.0, 900.0, "contact_time_ms"),
    "impact": _runner("peak vertical specific force of landing, g", 1.0, 12.0, "impact_g"),
    "asymmetry": _runner("of impact, 100·(R−L)/(½(R+L)) in %", -45.0, 45.0, "impact_asymmetry_pct"),
    "step_asymmetry": _runner("of step time, likewise", -45.0, 45.0, "step_time_asymmetry_pct"),
    "contact_asymmetry": _runner("of contact time, likewise", -45.0, 45.0, "contact_time_asymmetry_pct"),
    "impact_drift": _runner("fatigue: growth of the impact, % a minute", -20.0, 50.0, "impact_drift_pct_min"),
    "cadence_drift": _runner("likewise of the cadence", -10.0, 10.0, "cadence_drift_pct_min"),
    "contact_drift": _runner("likewise of the contact time", -10.0, 10.0, "contact_time_drift_pct_min"),
    "asymmetry_drift": _runner(
        "points added to the impact's asymmetry a minute", -45.0, 45.0, "impact_asymmetry_drift_pct_min"
    ),
    "drop_drift": _runner("degrees added to the pelvic drop a minute", -5.0, 5.0, "drop_drift_deg_min"),
    "drift_from": _runner("seconds of running before any drift begins", 0.0, 1e6, "drift_from_s"),
    "rate": _sensor("readings a second", 10.0, 10000.0, "rate_hz"),
    "noise": Parameter("the sensor's noise and constant errors, as a multiple of a good chip's", 0.0, 100.0),
    "range": _sensor("end of the accelerometer's range, g", 1.0, 400.0, "range_acc_g"),
    "gyr_range": _sensor("end of the gyroscope's range, °/s", 50.0, 10000.0, "range_gyr_dps"),
    "hip_gain": _sensor("off the midline: how much larger the near leg's vertical is, %", 0.0, 100.0, "hip_gain_pct"),
    "roll": _sensor("how the sensor is turned about the forward axis, °", -360.0, 360.0, "roll_deg"),
    "pitch": _sensor("then about the left axis, °", -360.0, 360.0, "pitch_deg"),
    "yaw": _sensor("then about the vertical, °", -360.0, 360.0, "yaw_deg"),
    "clock_error": _sensor("how much too fast the sensor's clock runs, %", -10.0, 10.0, "clock_error_pct"),
    "jitter": _sensor("standard deviation of the time stamps, ms", 0.0, 1000.0, "jitter_s", scale=1e-3),
    "dropped": _sensor("single readings lost, %", 0.0, 90.0, "dropped_pct"),
    "slip_at": _sensor("when the sensor slips round the belt, s", 0.0, 1e6, "slip_at_s"),
    "slip": _sensor("how far it slips, °", -180.0, 180.0, "slip_deg"),
    "start": _sensor("time stamp of the first reading, s", -1e10, 1e10, "start_s"),
}
"""Parameters with a number."""

WORDS: Mapping[str, str] = {
    "programme": "activity:seconds[@speed][/grade],… instead of stand, seconds and speed",
    "position": "sacrum, left_hip, right_hip or unknown",
    "gyroscope": "yes or no",
    "first": "left or right: the foot of the first step",
    "variation": "yes, or no for steps that are all alike",
    "gap": "begin:length in s of lost readings; several joined by commas",
}
"""Parameters with a word."""

QUERY: Mapping[str, str] = {**{name: p.meaning for name, p in NUMBERS.items()}, **WORDS}
"""Every parameter with its meaning."""


def open_simulator(uri: str) -> SimulatedSource:
    """Open a `sim:` URI.

    Raises:
        SourceError: an unknown parameter or a value out of its range, named.
    """
    _, _, query = uri.partition(":")
    given: dict[str, str] = {}
    for name, value in parse_qsl(query.lstrip("/").removeprefix("?"), keep_blank_values=True):
        if name not in QUERY:
            raise SourceError(f"sim: there is no parameter '{name}'; known are {', '.join(sorted(QUERY))}.")
        if name in given:
            raise SourceError(f"sim: the parameter '{name}' is given twice.")
        given[name] = value
    numbers = {name: _number(name, given[name]) for name in given if name in NUMBERS}
    runner, sensor = _runner_of(given, numbers), _sensor_of(given, numbers)
    run = SimulatedRun(runner, _programme(given, numbers), sensor, int(numbers.get("seed", 0)))
    return SimulatedSource(run)


def _runner_of(given: Mapping[str, str], numbers: Mapping[str, float]) -> Runner:
    left = _word(given, "first", ("left", "right")) == "left"
    runner = replace(Runner(first_side_left=left), **_fields(numbers, "runner"))
    if _word(given, "variation", ("yes", "no")) == "no":
        return replace(runner, step_time_cv_pct=0.0, contact_time_cv_pct=0.0, impact_cv_pct=0.0)
    return runner


def _sensor_of(given: Mapping[str, str], numbers: Mapping[str, float]) -> Sensor:
    good, noise = Sensor(), numbers.get("noise", 1.0)
    ax, ay, az = good.bias_acc
    gx, gy, gz = good.bias_gyr
    return replace(
        good,
        noise_acc=noise * good.noise_acc,
        noise_gyr=noise * good.noise_gyr,
        bias_acc=(noise * ax, noise * ay, noise * az),
        bias_gyr=(noise * gx, noise * gy, noise * gz),
        gyroscope=_word(given, "gyroscope", ("yes", "no")) == "yes",
        position=cast("Position", _word(given, "position", tuple(PLACES))),
        gaps=_gaps(given["gap"]) if "gap" in given else (),
        **_fields(numbers, "sensor"),
    )


def _programme(given: Mapping[str, str], numbers: Mapping[str, float]) -> Programme:
    grade = numbers.get("grade", 0.0)
    if "programme" in given:
        clash = next((name for name in ("seconds", "stand", "speed") if name in given), None)
        if clash is not None:
            raise SourceError(f"sim: '{clash}' says nothing beside 'programme'; put it into the programme's stretches.")
        return parse(given["programme"], grade)
    run = Stretch("run", numbers.get("seconds", 60.0), numbers.get("speed"), grade)
    stand = numbers.get("stand", 3.0)
    return (Stretch("stand", stand, grade_pct=grade), run) if stand else (run,)


def _number(name: str, text: str) -> float:
    parameter = NUMBERS[name]
    try:
        value = float(text)
    except ValueError:
        raise SourceError(f"sim: {name}={text} is no number; it is {parameter.meaning}.") from None
    if not isfinite(value) or not parameter.low <= value <= parameter.high:
        raise SourceError(f"sim: {name}={text} is not between {parameter.low:g} and {parameter.high:g}.")
    return value


def _fields(numbers: Mapping[str, float], of: str) -> dict[str, Any]:
    return {
        NUMBERS[name].field: value * NUMBERS[name].scale for name, value in numbers.items() if NUMBERS[name].of == of
    }


def _word(given: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    word = given.get(name, known[0])
    if word not in known:
        raise SourceError(f"sim: {name}={word} is none of {', '.join(known)}.")
    return word


def _gaps(text: str) -> tuple[tuple[float, float], ...]:
    gaps = []
    for part in text.split(","):
        begin, _, length = part.partition(":")
        try:
            gap = float(begin), float(length)
        except ValueError:
            gap = 0.0, -1.0
        if not (isfinite(gap[0]) and 0.0 < gap[1] < 1e6):
            raise SourceError(f"sim: gap={part} should read begin:length in seconds, such as gap=40:2.")
        gaps.append(gap)
    return tuple(gaps)
