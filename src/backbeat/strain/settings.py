"""What the strain analysis can be told beforehand: physical names, units and ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SymmetrySettings:
    """How left is compared with right.

    Attributes:
        window_pairs: pairs of a left and a right step that an index looks back on (20 to 1000).
        first_pairs: pairs before the first index is given (10 to `window_pairs`).
        every_s: seconds between two indices (1 to 600).
        reference_pairs: pairs at the run's own start that later change is counted from (20 to 2000).
        minimum_side_confidence: steps whose side is less certain than this make no pair (0.5 to 1).
        longest_step_s: two contacts further apart than this are not consecutive (0.5 to 2).
    """

    window_pairs: int = 100
    first_pairs: int = 20
    every_s: float = 10.0
    reference_pairs: int = 200
    minimum_side_confidence: float = 0.6
    longest_step_s: float = 0.8


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """How change from usual is watched; the derivation is in `backbeat.strain.drift`.

    Attributes:
        block_s: seconds of running averaged into one value (5 to 60).
        settle_s: seconds of running at the start that are not used (0 to 600).
        reference_s: seconds of running after that which make the run's own usual (60 to 1200).
        window_s: seconds of running that a change is averaged over (60 to 600).
        limit: a change is one when its average over the window is this many standard errors from zero (2 to 8).
        clear: and it is over when it has come back below this share of what raised it (0 to 0.9).
    """

    block_s: float = 20.0
    settle_s: float = 120.0
    reference_s: float = 300.0
    window_s: float = 180.0
    limit: float = 4.5
    clear: float = 0.5


@dataclass(frozen=True, slots=True)
class AlertOverride:
    """What a user changes about one alert of the catalogue; None keeps the catalogue's own value.

    Attributes:
        enabled: False switches the alert off, True switches an opt-in on.
        threshold: in the alert's own unit.
        persistence_s: for how long the condition has to hold.
        clear_s: for how long it has to be over.
        refractory_s: how long the alert then stays quiet.
    """

    enabled: bool | None = None
    threshold: float | None = None
    persistence_s: float | None = None
    clear_s: float | None = None
    refractory_s: float | None = None


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """All alerts together.

    Attributes:
        enabled: False silences everything but what the runner's own pain notes ask for.
        cue_every_s: the least time between two spoken cues (30 to 3600).
        minimum_quality: below this signal quality the alerts about form are suspended (0 to 1).
        overrides: alert name to what is different.
    """

    enabled: bool = True
    cue_every_s: float = 180.0
    minimum_quality: float = 0.6
    overrides: Mapping[str, AlertOverride] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StrainSettings:
    """All of the above."""

    symmetry: SymmetrySettings = field(default_factory=SymmetrySettings)
    drift: DriftSettings = field(default_factory=DriftSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
