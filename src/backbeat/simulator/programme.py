"""What the runner does: stretches of activity, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from backbeat.errors import SourceError

SimulatedActivity = Literal[
    "stand", "walk", "run", "jog", "in_place", "skip", "jump", "hop", "stairs_up", "stairs_down", "tap"
]
ACTIVITIES: tuple[str, ...] = get_args(SimulatedActivity)
RUNNING = frozenset({"run", "jog", "in_place"})
WALKING = frozenset({"walk", "stairs_up", "stairs_down"})

USUAL_SPEED = {"walk": 1.4, "run": 3.0, "jog": 1.8, "skip": 2.0, "hop": 1.0, "stairs_up": 0.5, "stairs_down": 0.6}
"""m/s where a stretch does not say."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one activity.

    Attributes:
        activity: stand; walk; run (with flight); jog (slow running, no flight); in_place (running on the spot);
            skip (step and hop on each foot); jump (both feet); hop (forward on the right foot); stairs_up;
            stairs_down; tap (standing, with fingers tapping on the sensor).
        seconds: how long.
        speed_m_s: how fast, None for the activity's usual.
        grade_pct: slope, positive uphill.
        cadence_spm: steps a minute, None for the runner's own.
        turn_deg_s: rate of turning, positive to the left.
    """

    activity: SimulatedActivity
    seconds: float
    speed_m_s: float | None = None
    grade_pct: float = 0.0
    cadence_spm: float | None = None
    turn_deg_s: float = 0.0

    @property
    def speed(self) -> float:
        """The speed in force, m/s."""
        return USUAL_SPEED.get(self.activity, 0.0) if self.speed_m_s is None else self.speed_m_s


Programme: TypeAlias = Sequence[Stretch]


def duration(programme: Programme) -> float:
    """Seconds from the first stretch's begin to the last one's end."""
    return sum(stretch.seconds for stretch in programme)


def parse(text: str, grade_pct: float = 0.0) -> list[Stretch]:
    """Stretches from `activity:seconds[@speed][/grade]` joined by commas: `stand:5,run:60@3.2,run:30@3/-8,walk:20`.

    Raises:
        SourceError: an unknown activity or a bad number.
    """
    return [_stretch(word.strip(), grade_pct) for word in text.split(",")]


def _stretch(word: str, grade_pct: float) -> Stretch:
    activity, _, rest = word.partition(":")
    if activity not in ACTIVITIES:
        raise SourceError(f"sim: programme: '{activity}' is no activity; known are {', '.join(ACTIVITIES)}.")
    rest, _, grade = rest.partition("/")
    seconds, _, speed = rest.partition("@")
    try:
        stretch = Stretch(
            activity,  # type: ignore[arg-type]  # checked above
            float(seconds),
            float(speed) if speed else None,
            float(grade) if grade else grade_pct,
        )
    except ValueError:
        raise SourceError(
            f"sim: programme: '{word}' should read activity:seconds, activity:seconds@speed or "
            "activity:seconds@speed/grade, such as run:60@3.2/-5."
        ) from None
    if not 0.0 < stretch.seconds <= 1e6 or not 0.0 <= stretch.speed <= 12.0 or not -50.0 <= stretch.grade_pct <= 50.0:
        raise SourceError(
            f"sim: programme: '{word}' is out of range: seconds above 0, speed 0 to 12 m/s, grade -50 to 50 %."
        )
    return stretch
