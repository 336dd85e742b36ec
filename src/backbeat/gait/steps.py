"""Settled stances to steps: everything measured on each, and the side it lands on."""

from __future__ import annotations

import numpy as np

from backbeat.events import Step
from backbeat.gait import contacts as contact_times
from backbeat.gait import sides
from backbeat.gait.grid import RATE_HZ
from backbeat.gait.stretch import Settled, Stretch
from backbeat.gait.windows import BEFORE, windows
from backbeat.samples import FloatArray

TEMPLATE_STEPS = 6


class StepMaker:
    """Makes steps of one stretch, in order."""

    def __init__(self, *, gyroscope: bool) -> None:
        self._gyroscope = gyroscope
        self._sides = sides.SidesState()
        self._last_contact: float | None = None
        self._last_toe_off: float | None = None
        self._last_feature: FloatArray | None = None
        self._intervals: list[float] = []
        self._held: list[tuple[dict, FloatArray, float, float, str, int]] = []

    def make(self, stretch: Stretch, settled: list[Settled]) -> list[tuple[int, Step]]:
        """Steps with the grid index that settled each."""
        if not settled:
            return []
        axes = [stretch.axes[s.frame] for s in settled]
        w = windows(stretch, settled, axes)
        c = contact_times.running_contacts(w)
        force, spread = contact_times.peak_force(c)
        out = []
        body = np.stack([w.forward10, w.left10, w.up10] + ([w.roll, w.pitch, w.yaw] if self._gyroscope else []), axis=2)
        for i, s in enumerate(settled):
            contact = float(c.initial_contact[i])
            toe_off = float(c.toe_off[i])
            interval = None if self._last_contact is None else contact - self._last_contact
            if interval is not None and interval > 1.2:
                interval = None
                self._last_feature = None
                self._intervals.clear()
            if interval is not None:
                self._intervals = [*self._intervals[-8:], interval]
            period = float(np.median(self._intervals)) if self._intervals else float(c.step_time[i])
            column = contact * RATE_HZ - w.peak[i] + BEFORE
            feature = sides.features(
                body[i, :, :3],
                body[i, :, 3:] if self._gyroscope else None,
                np.array([column]),
                np.array([period * RATE_HZ]),
            )[0]
            fields = dict(
                time=stretch.start_time + contact,
                toe_off=stretch.start_time + toe_off,
                activity=s.activity,
                step_time_ms=None if interval is None else interval * 1e3,
                cadence_spm=60.0 / period,
                contact_time_ms=(toe_off - contact) * 1e3,
                flight_time_ms=None
                if interval is None or self._last_toe_off is None
                else (contact - self._last_toe_off) * 1e3,
                peak_force_bw=float(force[i]),
                peak_force_error_bw=float(spread[i]),
            )
            self._last_contact, self._last_toe_off = contact, toe_off
            if self._held and self._held[-1][4] != s.activity:
                out += [
                    (s.at, Step(known_at=stretch.known_at(s.at), side=None, side_confidence=None, **h[0]))
                    for h in self._held
                ]
                self._held.clear()
            self._held.append((fields, feature, 0.0 if interval is None else interval, period, s.activity, s.at))
            out += self._release(stretch)
        return out

    def _release(self, stretch: Stretch) -> list[tuple[int, Step]]:
        activity = self._held[-1][4]
        known = dict(self._sides.templates)
        at = self._held[-1][5]
        if activity not in known:
            if len(self._held) < TEMPLATE_STEPS:
                return []
            f = np.array([h[1] for h in self._held])
            self._sides = sides.start(
                self._sides,
                activity,
                f,
                np.array([h[2] for h in self._held]),
                np.array([h[3] for h in self._held]),
                gyroscope=self._gyroscope,
            )
        out = []
        for fields, feature, interval, period, act, _ in self._held:
            self._sides = sides.step(
                self._sides,
                act,
                feature,
                self._last_feature if interval else None,
                interval,
                period,
                gyroscope=self._gyroscope,
            )
            self._last_feature = feature
            out.append(fields)
        side, confidence = sides.side_of(self._sides, gyroscope=self._gyroscope)
        events = []
        n = len(out)
        for k, fields in enumerate(out):
            flip = (n - 1 - k) % 2
            label = side if side is None or not flip else ("left" if side == "right" else "right")
            events.append((at, Step(known_at=stretch.known_at(at), side=label, side_confidence=confidence, **fields)))
        self._held.clear()
        return events
