"""Steps in; symmetry, alerts and at the end a summary out. One object for one session."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from backbeat.events import Alert, Event, SignalQuality, Step, Summary, Symmetry
from backbeat.pain import RedFlag, as_red_flag, pain_advice
from backbeat.samples import Context, Position
from backbeat.strain.alerts import Alerts, Finding
from backbeat.strain.baseline import Baseline, population
from backbeat.strain.blocks import Block, BlockBuilder, conditions
from backbeat.strain.catalogue import HARD_COUNT, HARD_SHARE, HARD_WINDOW_S
from backbeat.strain.drift import Change, DriftWatch
from backbeat.strain.exposure import ExposureWatch
from backbeat.strain.findings import change_findings, hill_findings
from backbeat.strain.index import Deviation, index_of_session
from backbeat.strain.measures import to_model
from backbeat.strain.settings import StrainSettings
from backbeat.strain.symmetry import MEASURES, SymmetryWatch
from backbeat.strain.totals import Totals

_OFF_MIDLINE = tuple(f"{measure}_pct" for measure in MEASURES)
_STEPS_FOR_HARD = 1000
_REPORTED_ANEW = "You have reported anew how it feels."


@dataclass(slots=True)
class Known:
    """What outlasts a session: the signal, the runner's usual, where the sensor sits.

    Attributes:
        position: where on the body.
        baseline: the runner's own, or the population's.
        signal: the last word on the signal.
        spoken_at: when an alert was last let to be spoken, s: the pause after it outlasts a session.
    """

    position: Position
    baseline: Baseline = field(default_factory=population)
    signal: SignalQuality | None = None
    spoken_at: float = -math.inf

    @property
    def quality(self) -> float:
        """0 to 1."""
        return 1.0 if self.signal is None else self.signal.quality

    @property
    def withheld(self) -> tuple[str, ...]:
        """Fields of `Symmetry` that may not be shown as they are."""
        if self.position in ("left_hip", "right_hip"):
            return _OFF_MIDLINE
        return () if self.signal is None else tuple(name for name in _OFF_MIDLINE if name in self.signal.absent)


class Strain:
    """Streaming analysis of a session's steps; the events depend on the steps alone."""

    __slots__ = (
        "_alerts",
        "_bad",
        "_blocks",
        "_change",
        "_deviation",
        "_drift",
        "_exposure",
        "_hard",
        "_hard_limit",
        "_known",
        "_settings",
        "_signal_since",
        "_signal_told",
        "_symmetry",
        "_totals",
    )

    def __init__(self, settings: StrainSettings, known: Known) -> None:
        self._settings, self._known = settings, known
        self._symmetry = SymmetryWatch(settings.symmetry, known.withheld)
        self._blocks = BlockBuilder(settings.drift.block_s)
        self._drift = DriftWatch(settings.drift, known.baseline)
        self._alerts = Alerts(settings.alerts, last_spoken=known.spoken_at)
        self._deviation = Deviation()
        self._exposure = ExposureWatch()
        self._totals = Totals()
        self._change: Change | None = None
        self._hard_limit = self._alerts.rule("hard_landing").threshold
        self._hard: list[float] = []
        self._bad = False
        self._signal_since = -math.inf
        self._signal_told = True
        if known.signal is not None:
            self._take_signal(known.signal.time)

    @property
    def due(self) -> float:
        """When `at` has something to say although nothing happens, s."""
        if self._signal_told:
            return math.inf
        rule = self._alerts.rule("signal_bad")
        return self._signal_since + (rule.persistence_s if self._bad else rule.clear_s)

    @property
    def started(self) -> float | None:
        """Time of the first running step."""
        return self._totals.start

    def at(self, time: float, known_at: float) -> list[Event]:
        """Time has passed; `time` is at least `due`."""
        self._signal_told = True
        return [*self._alerts.judge("signal_bad", self._signal_finding(), time, known_at)]

    def step(self, step: Step) -> list[Event]:
        """A step: what follows from it."""
        if step.activity != "running":
            if step.activity == "walking":
                self._totals.walking(step)
            self._symmetry.pause()
            return []
        self._totals.running(step, self._known.quality)
        events: list[Event] = []
        if self._alerts.suspended:
            return events
        symmetry = self._symmetry.step(step)
        if symmetry is not None:
            events.append(symmetry)
        events += self._hard_landing(step)
        block = self._blocks.add(step)
        return events if block is None else [*events, *self.judge_block(block)]

    def signal(self, signal: SignalQuality) -> list[Event]:
        """The signal has become better or worse."""
        self._known.signal = signal
        self._symmetry.withheld = self._known.withheld
        self._take_signal(signal.time)
        return [*self._alerts.judge("signal_bad", self._signal_finding(), signal.time, signal.known_at)]

    def context(self, context: Context, now: float) -> list[Event]:
        """What the runner entered, or the baseline in force."""
        if context.kind == "pain":
            level, red_flag = _pain(context)
            if level is None:
                return []
            finding = Finding(
                level >= self._alerts.rule("pain_report").threshold or red_flag is not None, True, value=level
            )
            told = self._clear_pain(now)  # every report is answered anew: what grows from 3 to 8 must not stay unheard
            if finding.on:
                told += self._alerts.judge("pain_report", finding, now, now)
            return [_with_advice(alert, level, red_flag) for alert in told]
        if context.kind == "baseline":
            try:
                self._known.baseline = Baseline.from_json(context.value)
            except ValueError:
                return []  # the run goes on with what is known; the sender checks before it sends
            if self._totals.start is None:
                self._drift = DriftWatch(self._settings.drift, self._known.baseline)
        return []

    def abandon(self, time: float, known_at: float) -> list[Event]:
        """It did not become a session: what was raised is cleared."""
        self._known.spoken_at = self._alerts.last_spoken
        return [*self._alerts.clear_all(time, known_at)]

    def finish(self, session: str, end: float, known_at: float, gaps_s: float) -> list[Event]:
        """The session is over: its last alerts, what stands is cleared, and the summary."""
        events: list[Event] = []
        last = self._blocks.close(known_at)
        if last is not None:
            self._totals.values(last.rows)
        for name, finding in self._exposure.at_end(self._known.baseline.exposure, self._totals, self._alerts):
            events += self._alerts.tell_once(name, finding, end, known_at)
        events += self._alerts.clear_all(end, known_at)
        self._known.spoken_at = self._alerts.last_spoken
        events.append(self._summary(session, end, known_at, gaps_s))
        return events

    def _hard_landing(self, step: Step) -> list[Alert]:
        impact = step.impact_peak_g
        if impact is not None and impact > self._hard_limit:
            self._hard.append(step.time)
            self._totals.hard_landings += 1
        elif not self._hard:
            return []
        while self._hard and self._hard[0] < step.time - HARD_WINDOW_S:
            del self._hard[0]
        finding = Finding(len(self._hard) >= HARD_COUNT, not self._hard, impact, self._hard_limit)
        return self._alerts.judge("hard_landing", finding, step.time, step.known_at)

    def judge_block(self, block: Block) -> list[Alert]:
        """A stretch of running is complete: what follows from it."""
        self._totals.values(block.rows)
        if self._totals.load.steps >= _STEPS_FOR_HARD:
            usual = self._totals.quantiles["impact_peak_g"].quantile(0.995)
            if usual is not None:
                self._hard_limit = min(self._alerts.rule("hard_landing").threshold, HARD_SHARE * usual)
        row, values = conditions(block), to_model(block.values)
        self._deviation.add(self._known.baseline, row, values, block.running_s)
        judged = self._drift.block(block, row, values)
        if judged is not None:
            self._change = judged
            self._deviation.add_form(judged, block.running_s)
        alerts: list[Alert] = []
        if self._change is not None:
            for name, finding in change_findings(self._change, self._alerts, self._settings.drift, self._withheld):
                alerts += self._alerts.judge(name, finding, block.end, block.known_at)
        for name, finding in hill_findings(block, self._drift, self._alerts):
            alerts += self._alerts.judge(name, finding, block.end, block.known_at)
        exposure = self._known.baseline.exposure
        for name, finding in self._exposure.once(exposure, self._totals, self._alerts):
            alerts += self._alerts.tell_once(name, finding, block.end, block.known_at)
        fast = self._exposure.too_fast(exposure, block, self._change)
        if fast is not None:
            alerts += self._alerts.judge("too_fast", fast, block.end, block.known_at)
        return alerts

    @property
    def _withheld(self) -> bool:
        return "impact_pct" in self._known.withheld

    def _take_signal(self, time: float) -> None:
        bad = self._known.quality < self._settings.alerts.minimum_quality
        if bad == self._bad:
            return
        self._alerts.suspended = self._bad = bad
        self._signal_since, self._signal_told = time, False
        if bad:
            self._symmetry.pause()

    def _signal_finding(self) -> Finding:
        since = self._signal_since if self._bad else None
        return Finding(self._bad, not self._bad, self._known.quality, since=since)

    def _clear_pain(self, now: float) -> list[Alert]:
        return self._alerts.clear("pain_report", now, now, _REPORTED_ANEW)

    def _summary(self, session: str, end: float, known_at: float, gaps_s: float) -> Summary:
        whole: Symmetry | None = self._symmetry.of_session(known_at)
        return self._totals.summary(
            session,
            end,
            known_at,
            symmetry=whole,
            index=index_of_session(self._known.baseline, self._deviation, self._totals, whole),
            alerts=self._alerts.counts,
            gaps_s=gaps_s,
            signal=self._known.signal,
        )


def _pain(context: Context) -> tuple[float | None, RedFlag | None]:
    """Level 0 to 10, None where it is not one, and which questions about warning signs had a yes."""
    value, red_flag = context.value, None
    if isinstance(value, Mapping):
        red_flag = as_red_flag(value.get("red_flag"))
        value = value.get("value")
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 10:
        return None, red_flag
    return float(value), red_flag


def _with_advice(alert: Alert, level: float, red_flag: RedFlag | None) -> Alert:
    if alert.state == "cleared":
        return alert
    return replace(alert, message=f"{alert.message} {pain_advice(level, red_flag)}")
