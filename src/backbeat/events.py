"""What comes out: the events of a run.

The field names are the names in JSON too (`backbeat.event_json`), so they carry their unit; None means unknown, and why
it is unknown stands in the `SignalQuality` events and in the summary. All times are seconds on the readings' own time
axis. `known_at` is the time of the earliest reading that settled the event, whatever the size of the blocks it came in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from backbeat.samples import Position

Side = Literal["left", "right"]
Activity = Literal["running", "walking", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One foot contact with everything measured on it.

    How each figure is made, with its formula and paper, stands where it is made: times in `backbeat.gait.contacts` and
    `walking`, impact, force, oscillation, braking and stiffness in `measures`, pelvis and sway in `strides`, tilt
    drift in `posture`, sides in `sides` and `legs`.

    Attributes:
        time: initial contact, s.
        toe_off: end of this contact, s; None in walking, where one sensor does not show it.
        known_at: s.
        side: the foot that lands.
        side_confidence: 0.5 (a guess) to 1.
        activity: what the runner was doing.
        step_time_ms: from the initial contact before to this one.
        cadence_spm: steps a minute, 60 s over the median of the last eight step times.
        contact_time_ms: ground contact time, initial contact to toe-off.
        flight_time_ms: the flight before this contact, from the toe-off before to this initial contact; negative where
            both feet were down.
        duty_factor_pct: share of the stride that one foot is on the ground (Alexander 1989,
            doi:10.1152/physrev.1989.69.4.1199), contact time over twice the step time that the cadence gives.
        impact_peak_g: peak vertical specific force at the sensor in stance, 20 Hz band.
        impact_rate_g_s: steepest rise of the vertical specific force from 20 ms before to 60 ms after initial contact,
            20 Hz band.
        peak_force_bw: estimated peak vertical ground reaction force, body weights.
        peak_force_error_bw: one standard deviation of that estimate.
        vertical_oscillation_cm: highest minus lowest point of the sensor over the step that ended.
        braking_m_s: forward speed lost from initial contact to its minimum.
        vertical_stiffness_bw_m: peak force over the centre of mass's drop in stance.
        pelvic_tilt_range_deg: forward-backward rotation of the pelvis over the stride that ended.
        pelvic_drop_range_deg: side-to-side (obliquity), likewise.
        pelvic_rotation_range_deg: about the vertical, likewise.
        pelvic_drop_deg: how far the free side sank below the standing side in this stance.
        pelvic_tilt_drift_deg: mean tilt of the stride minus that of the run's own start.
        medio_lateral_sway_cm: side-to-side path of the sensor over the stride that ended, peak to peak.
        speed_m_s: running speed in force, if the source gives one.
        grade_pct: slope in force, likewise.
        saturated: a reading of this stance was at the end of the sensor's range.
    """

    kind: ClassVar[str] = "step"
    time: float
    toe_off: float | None
    known_at: float
    side: Side | None
    side_confidence: float | None
    activity: Activity
    step_time_ms: float | None = None
    cadence_spm: float | None = None
    contact_time_ms: float | None = None
    flight_time_ms: float | None = None
    duty_factor_pct: float | None = None
    impact_peak_g: float | None = None
    impact_rate_g_s: float | None = None
    peak_force_bw: float | None = None
    peak_force_error_bw: float | None = None
    vertical_oscillation_cm: float | None = None
    braking_m_s: float | None = None
    vertical_stiffness_bw_m: float | None = None
    pelvic_tilt_range_deg: float | None = None
    pelvic_drop_range_deg: float | None = None
    pelvic_rotation_range_deg: float | None = None
    pelvic_drop_deg: float | None = None
    pelvic_tilt_drift_deg: float | None = None
    medio_lateral_sway_cm: float | None = None
    speed_m_s: float | None = None
    grade_pct: float | None = None
    saturated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityChange:
    """A stretch of one activity, told when it ends."""

    kind: ClassVar[str] = "activity"
    start: float
    end: float
    known_at: float
    activity: Activity


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalQuality:
    """How far the signal can be trusted; told at the start and whenever it changes.

    Attributes:
        time: from when on, s.
        known_at: s.
        quality: 0 (useless) to 1.
        problems: short names of what is wrong now ("gap", "saturated", "slipped", "scale", …) to one sentence each.
        position: where the sensor sits, as set or as found; "unknown" where neither.
        absent: field names of `Step`, `Stability` and `Symmetry` that this signal cannot give, each with the reason.
    """

    kind: ClassVar[str] = "signal"
    time: float
    known_at: float
    quality: float
    position: Position = "unknown"
    problems: Mapping[str, str] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """Regularity of the pelvis's motion over a window of one activity (formulas: `backbeat.gait.stability`).

    Attributes:
        start: s.
        end: s.
        known_at: s.
        activity: what the runner was doing.
        step_regularity: autocorrelation of the vertical acceleration at one step.
        stride_regularity: the same at one stride.
        harmonic_ratio_vertical: even over odd stride harmonics, vertical.
        harmonic_ratio_forward: the same, forward.
        harmonic_ratio_lateral: odd over even, sideways.
        rms_ratio_vertical: RMS of the axis over the RMS of all three.
        rms_ratio_forward: likewise.
        rms_ratio_lateral: likewise.
    """

    kind: ClassVar[str] = "stability"
    start: float
    end: float
    known_at: float
    activity: Activity
    step_regularity: float | None = None
    stride_regularity: float | None = None
    harmonic_ratio_vertical: float | None = None
    harmonic_ratio_forward: float | None = None
    harmonic_ratio_lateral: float | None = None
    rms_ratio_vertical: float | None = None
    rms_ratio_forward: float | None = None
    rms_ratio_lateral: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Symmetry:
    """Right against left over the last steps: 100·(R−L)/(½(R+L)) %, positive when the right is larger.

    Each measure has its index and the ends of its 95 % confidence interval; off the midline of the body all are None
    and `change_…` says how far the index moved from the run's own start.
    """

    kind: ClassVar[str] = "symmetry"
    start: float
    end: float
    known_at: float
    steps_left: int
    steps_right: int
    impact_pct: float | None = None
    impact_low_pct: float | None = None
    impact_high_pct: float | None = None
    impact_change_pct: float | None = None
    contact_time_pct: float | None = None
    contact_time_low_pct: float | None = None
    contact_time_high_pct: float | None = None
    contact_time_change_pct: float | None = None
    flight_time_pct: float | None = None
    flight_time_low_pct: float | None = None
    flight_time_high_pct: float | None = None
    flight_time_change_pct: float | None = None
    step_time_pct: float | None = None
    step_time_low_pct: float | None = None
    step_time_high_pct: float | None = None
    step_time_change_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionChange:
    """A session began (told once the running is long enough, dated back to its first step) or ended."""

    kind: ClassVar[str] = "session"
    time: float
    known_at: float
    session: str
    state: Literal["started", "resumed", "ended"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that a runner should hear of, raised or cleared.

    Attributes:
        time: when the condition began (raised) or ended (cleared), s.
        known_at: s.
        alert: its name in the catalogue (`backbeat.strain.catalogue`).
        state: raised or cleared.
        side: the foot it is about, where it is about one.
        measure: name of the field that it watches.
        value: what is now, in `unit`.
        usual: what is usual for this runner under the same conditions.
        uncertainty: one standard deviation of (value - usual).
        unit: of the three above.
        lasted_s: for how long the condition has held.
        evidence_grade: B moderate, C weak or indirect, D none or contradictory.
        cause: which of the causes that runners name this belongs to.
        evidence: what speaks for it, one sentence with its source.
        contrary_evidence: what speaks against it, likewise.
        message: what the runner is told.
        spoken: this may be said aloud now (never two within three minutes).
    """

    kind: ClassVar[str] = "alert"
    time: float
    known_at: float
    alert: str
    state: Literal["raised", "cleared"]
    side: Side | None = None
    measure: str | None = None
    value: float | None = None
    usual: float | None = None
    uncertainty: float | None = None
    unit: str | None = None
    lasted_s: float | None = None
    evidence_grade: Literal["B", "C", "D"] | None = None
    cause: str | None = None
    evidence: str | None = None
    contrary_evidence: str | None = None
    message: str = ""
    spoken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexComponent:
    """One part of the "back load and form change" index.

    Attributes:
        component: its name in `backbeat.strain.index`.
        part: which of the two bars it belongs to.
        value: what it was in this session, in `unit`; None where it could not be told, and `reason` says why.
        usual: what is usual for this runner under the same conditions.
        unit: of the two above.
        score_pct: how far beyond usual, 0 (not) to 100 (as far as is counted).
        low_pct: lower end of the 80 % interval of the score; 0 where it is not known.
        high_pct: upper end; 100 where it is not known.
        weight_pct: its share of the index, by evidence grade.
        evidence_grade: B moderate, C weak or indirect, D none or contradictory.
        cause: which of the causes that runners name this belongs to.
        evidence: what speaks for it.
        contrary_evidence: what speaks against it.
        reason: why there is no value.
    """

    kind: ClassVar[str] = "index_component"
    component: str
    part: Literal["load_today", "form_change"]
    value: float | None
    usual: float | None
    unit: str | None
    score_pct: float | None
    low_pct: float
    high_pct: float
    weight_pct: float
    evidence_grade: Literal["B", "C", "D"]
    cause: str
    evidence: str
    contrary_evidence: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Back load and form change: how far a session was from this runner's usual. Not a probability of injury.

    Attributes:
        index_pct: 0 (as usual) to 100, None while the baseline is still being learned.
        low_pct: lower end of its 80 % interval.
        high_pct: upper end.
        load_today_pct: the part about how much, likewise 0 to 100.
        form_change_pct: the part about how.
        confidence: in a word; "low" also where the interval is wide or much could not be measured.
        baseline: how well this runner's usual is known.
        components: every part with its evidence and what speaks against it.
        reason: why there is no index.
    """

    kind: ClassVar[str] = "index"
    index_pct: float | None
    low_pct: float | None
    high_pct: float | None
    load_today_pct: float | None
    form_change_pct: float | None
    confidence: Literal["low", "medium", "high"] | None
    baseline: Literal["learning", "provisional", "established"]
    components: Sequence[IndexComponent] = ()
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A session in one message; figures are medians over its running steps unless the name says otherwise.

    `cumulative_load_bw` is the sum of the estimated peak forces of all running steps, `cumulative_load_bw4` of their
    fourth powers (`backbeat.strain.load`); `uphill_s` and `downhill_s` are the running time at slopes of 5 % and more.
    """

    kind: ClassVar[str] = "summary"
    session: str
    start: float
    end: float
    known_at: float
    running_s: float
    walking_s: float
    steps: int
    cadence_spm: float | None = None
    contact_time_ms: float | None = None
    flight_time_ms: float | None = None
    duty_factor_pct: float | None = None
    impact_peak_g: float | None = None
    impact_peak_p95_g: float | None = None
    impact_rate_g_s: float | None = None
    peak_force_bw: float | None = None
    vertical_oscillation_cm: float | None = None
    braking_m_s: float | None = None
    vertical_stiffness_bw_m: float | None = None
    pelvic_drop_deg: float | None = None
    pelvic_rotation_range_deg: float | None = None
    cumulative_load_bw: float | None = None
    cumulative_load_bw4: float | None = None
    distance_m: float | None = None
    uphill_s: float | None = None
    downhill_s: float | None = None
    hard_landings: int = 0
    symmetry: Symmetry | None = None
    index: Index | None = None
    alerts: Mapping[str, int] = field(default_factory=dict)
    signal_quality: float | None = None
    gaps_s: float = 0.0
    absent: Mapping[str, str] = field(default_factory=dict)


Event: TypeAlias = Step | ActivityChange | SignalQuality | Stability | Symmetry | SessionChange | Alert | Summary
