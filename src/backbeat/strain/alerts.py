"""From a condition to an alert: persistence, hysteresis, a refractory time, and few spoken words."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from backbeat.events import Alert, Side
from backbeat.strain.catalogue import CATALOGUE, Rule, with_override
from backbeat.strain.causes import CAUSES
from backbeat.strain.settings import AlertSettings

_USUAL = "Back to usual."
_OVER = "The session is over; this still stood at its end."


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says now.

    Attributes:
        on: the condition holds.
        off: it is clearly over (between the two nothing changes: hysteresis).
        value: as in `Alert`, likewise the others.
    """

    on: bool
    off: bool
    value: float | None = None
    usual: float | None = None
    uncertainty: float | None = None
    side: Side | None = None
    since: float | None = None


@dataclass(slots=True)
class _Latch:
    on_since: float | None = None
    off_since: float | None = None
    raised: Alert | None = None
    cleared_at: float = -math.inf


@dataclass(slots=True)
class Alerts:
    """All alerts of a session: which are raised, when each may speak again."""

    settings: AlertSettings
    latches: dict[str, _Latch] = field(default_factory=dict)
    last_spoken: float = -math.inf
    suspended: bool = False
    counts: dict[str, int] = field(default_factory=dict)

    def rule(self, name: str) -> Rule:
        """The rule as this user wants it."""
        return with_override(CATALOGUE[name], self.settings.overrides.get(name))

    def judge(self, name: str, finding: Finding, time: float, known_at: float) -> list[Alert]:
        """What follows from a finding: nothing, an alert raised, or one cleared."""
        rule, latch = self.rule(name), self.latches.setdefault(name, _Latch())
        if not self._wanted(rule):
            return []
        if self.suspended and rule.about_form:
            latch.on_since = latch.off_since = None
            return []
        latch.on_since = (time if latch.on_since is None else latch.on_since) if finding.on else None
        latch.off_since = (time if latch.off_since is None else latch.off_since) if finding.off else None
        if latch.raised is None:
            if latch.on_since is None or time - latch.on_since < rule.persistence_s:
                return []
            if time < latch.cleared_at + rule.refractory_s:
                return []
            began = latch.on_since if finding.since is None else finding.since
            latch.raised = self._alert(rule, finding, began, known_at)
            latch.off_since = None
            return [latch.raised]
        if latch.off_since is not None and time - latch.off_since >= rule.clear_s:
            return [self._cleared(latch, latch.raised, finding, latch.off_since, known_at)]
        return []

    def tell_once(self, name: str, finding: Finding, time: float, known_at: float) -> list[Alert]:
        """An alert that is only told: raised, never cleared, and not standing afterwards."""
        rule = self.rule(name)
        if not self._wanted(rule):
            return []
        return [self._alert(rule, finding, time, known_at)]

    def clear(self, name: str, time: float, known_at: float, message: str) -> list[Alert]:
        """Clear this alert at once, if it stands."""
        latch = self.latches.get(name)
        if latch is None or latch.raised is None:
            return []
        return [self._cleared(latch, latch.raised, Finding(False, True), time, known_at, message)]

    def clear_all(self, time: float, known_at: float) -> list[Alert]:
        """The session is over: whatever stands is cleared, without a word that it is as usual again."""
        return [alert for name in self.latches for alert in self.clear(name, time, known_at, _OVER)]

    def _wanted(self, rule: Rule) -> bool:
        return rule.enabled and (self.settings.enabled or rule.cause == "own_report")

    def _alert(self, rule: Rule, finding: Finding, time: float, known_at: float) -> Alert:
        speak = rule.spoken and known_at >= self.last_spoken + self.settings.cue_every_s
        if speak:
            self.last_spoken = known_at
        self.counts[rule.name] = self.counts.get(rule.name, 0) + 1
        cause = CAUSES[rule.cause]
        value = finding.value
        return Alert(
            time=time,
            known_at=known_at,
            alert=rule.name,
            state="raised",
            side=finding.side,
            measure=rule.measure,
            value=value,
            usual=finding.usual,
            uncertainty=finding.uncertainty,
            unit=rule.unit,
            lasted_s=max(known_at - time, 0.0),
            evidence_grade=cause.grade,
            cause=rule.cause,
            evidence=cause.evidence,
            contrary_evidence=cause.contrary,
            message=rule.message.format(
                side=(finding.side or "").capitalize(),
                value=abs(value or 0.0),
                usual=finding.usual or 0.0,
                minutes=(value or 0.0) / 60,
            ),
            spoken=speak,
        )

    def _cleared(
        self, latch: _Latch, raised: Alert, finding: Finding, time: float, known_at: float, message: str = _USUAL
    ) -> Alert:
        latch.raised, latch.on_since, latch.off_since, latch.cleared_at = None, None, None, time
        return Alert(
            time=time,
            known_at=known_at,
            alert=raised.alert,
            state="cleared",
            side=raised.side,
            measure=raised.measure,
            value=finding.value,
            usual=finding.usual,
            uncertainty=finding.uncertainty,
            unit=raised.unit,
            lasted_s=max(time - raised.time, 0.0),
            cause=raised.cause,
            message=message,
        )
