"""Speed and slope from the runner's phone: location messages of OwnTracks (https://owntracks.org/booklet/tech/json/)."""

from __future__ import annotations

import json
import math
from collections import deque
from dataclasses import dataclass

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius, IUGG."""

SLOPE_OVER_M = 150.0
"""A phone's altitude is good to a few metres; over less way a slope from it says nothing."""

MOST_ACCURACY_M = 30.0
MOST_VERTICAL_ACCURACY_M = 10.0
"""Worse positions and altitudes are not used."""

FASTEST_KMH = 45.0
"""Nobody runs faster: the runner sits in a car."""

KEPT = 60


@dataclass(frozen=True, slots=True)
class Place:
    """Where the phone was."""

    time: float
    latitude: float
    longitude: float
    altitude: float | None


class OwnTracks:
    """Follows one phone."""

    def __init__(self) -> None:
        self._places: deque[Place] = deque(maxlen=KEPT)

    def update(self, payload: bytes) -> dict[str, float | None]:
        """What a message tells: `speed_m_s`, `grade_pct`; None: no longer known. Empty for any other message."""
        body = _location(payload)
        if body is None or body.get("acc", 0.0) > MOST_ACCURACY_M:
            return {}
        altitude = body.get("alt") if body.get("vac", 0.0) <= MOST_VERTICAL_ACCURACY_M else None
        place = Place(body["tst"], body["lat"], body["lon"], altitude)
        if self._places and place.time <= self._places[-1].time:
            return {}
        self._places.append(place)
        velocity = body.get("vel")
        told: dict[str, float | None] = {}
        if velocity is not None:
            told["speed_m_s"] = velocity / 3.6 if 0.0 <= velocity <= FASTEST_KMH else None
        slope = self._slope()
        if slope is not None:
            told["grade_pct"] = slope
        return told

    def _slope(self) -> float | None:
        """Rise over way since the newest place that lies far enough back."""
        last, way = self._places[-1], 0.0
        if last.altitude is None:
            return None
        places = list(self._places)
        for later, earlier in zip(reversed(places), reversed(places[:-1]), strict=False):
            way += distance_m(earlier, later)
            if way >= SLOPE_OVER_M and earlier.altitude is not None:
                slope = 100.0 * (last.altitude - earlier.altitude) / way
                return slope if abs(slope) <= 45.0 else None
        return None


def distance_m(one: Place, other: Place) -> float:
    """Great-circle distance, m (haversine)."""
    lat1, lat2 = math.radians(one.latitude), math.radians(other.latitude)
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(other.longitude - one.longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half)))


def _location(payload: bytes) -> dict[str, float] | None:
    """The numbers of a location message; None for anything else."""
    if len(payload) > 4096:
        return None
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or body.get("_type") != "location":
        return None
    numbers = {
        name: float(value)
        for name in ("tst", "lat", "lon", "alt", "vac", "acc", "vel")
        if isinstance(value := body.get(name), int | float) and not isinstance(value, bool) and abs(value) < 1e12
    }
    if not {"tst", "lat", "lon"} <= numbers.keys() or abs(numbers["lat"]) > 90 or abs(numbers["lon"]) > 180:
        return None
    return numbers
