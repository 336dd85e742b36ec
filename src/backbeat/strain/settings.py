"""What the strain analysis can be told beforehand: physical names, units and ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Le


@dataclass(frozen=True, slots=True)
class SymmetrySettings:
    """How left is compared with right.

    Attributes:
        window_pairs: pairs of a left and a right step that an index looks back on.
        first_pairs: pairs before the first index is given; at most `window_pairs`.
        every_s: seconds between two indices.
        reference_pairs: pairs at the run's own start that later change is counted from.
        minimum_side_confidence: steps whose side is less certain than this make no pair.
        longest_step_s: two contacts further apart than this are not consecutive.
    """

    window_pairs: Annotated[int, Ge(20), Le(1000)] = 100
    first_pairs: Annotated[int, Ge(10), Le(1000)] = 20
    every_s: Annotated[float, Ge(1), Le(600)] = 10.0
    reference_pairs: Annotated[int, Ge(20), Le(2000)] = 200
    minimum_side_confidence: Annotated[float, Ge(0.5), Le(1)] = 0.6
    longest_step_s: Annotated[float, Ge(0.5), Le(2)] = 0.8


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """How change from usual is watched; the derivation is in `backbeat.strain.drift`.

    Attributes:
        block_s: seconds of running averaged into one value.
        settle_s: seconds of running at the start that are not used.
        reference_s: seconds of running after that which make the run's own usual.
        window_s: seconds of running that a change is averaged over.
        clear: and it is over when it has come back below this share of what raised it.
    """

    block_s: Annotated[float, Ge(5), Le(60)] = 20.0
    settle_s: Annotated[float, Ge(0), Le(600)] = 120.0
    reference_s: Annotated[float, Ge(60), Le(1200)] = 480.0
    window_s: Annotated[float, Ge(60), Le(600)] = 180.0
    clear: Annotated[float, Ge(0), Le(0.9)] = 0.5


@dataclass(frozen=True, slots=True)
class AlertOverride:
    """What a user changes about one alert of the catalogue; what is not set stays as the catalogue has it.

    Attributes:
        enabled: False switches the alert off, True switches an opt-in on.
        threshold: in the alert's own unit.
        persistence_s: for how long the condition has to hold.
        clear_s: for how long it has to be over.
        refractory_s: how long the alert then stays quiet.
    """

    enabled: bool | None = None
    threshold: float | None = None
    persistence_s: Annotated[float, Ge(0), Le(3600)] | None = None
    clear_s: Annotated[float, Ge(0), Le(3600)] | None = None
    refractory_s: Annotated[float, Ge(0), Le(86400)] | None = None


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """All alerts together.

    Attributes:
        enabled: False silences everything but what the runner's own pain notes ask for.
        cue_every_s: the least time between two spoken cues.
        minimum_quality: below this signal quality the alerts about form are suspended.
        overrides: alert name to what is different.
    """

    enabled: bool = True
    cue_every_s: Annotated[float, Ge(30), Le(3600)] = 180.0
    minimum_quality: Annotated[float, Ge(0), Le(1)] = 0.6
    overrides: Mapping[str, AlertOverride] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StrainSettings:
    """All of the above."""

    symmetry: SymmetrySettings = field(default_factory=SymmetrySettings)
    drift: DriftSettings = field(default_factory=DriftSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
