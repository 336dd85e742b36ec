"""One unbroken stretch of readings, with what is remembered across the gaps between stretches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backbeat.events import ActivityChange, SignalQuality, Stability, Step
from backbeat.gait import axes as body_axes
from backbeat.gait.activity import ActivityState
from backbeat.gait.frames import Frame
from backbeat.gait.grid import RATE_HZ, Grid
from backbeat.gait.mount import Mount
from backbeat.gait.position import ARM_WINDOW, ARM_WINDOWS, HIPS, LeverArm
from backbeat.gait.position import update as lever_arm
from backbeat.gait.posture import Posture
from backbeat.gait.quality import Quality, absences
from backbeat.gait.queue import FORGOTTEN, Change, Told
from backbeat.gait.sides import SidesState
from backbeat.gait.stability import WINDOW, stability
from backbeat.gait.steps import StepMaker
from backbeat.gait.stretch import ACC10, GYR10, Stretch
from backbeat.samples import FloatArray, Position, Samples

RESUMED_S = 1.0
"""Across a gap shorter than this what was done is taken to go on, and what was on trial stays so."""
CLIPPED_KEPT_S = FORGOTTEN / RATE_HZ
"""For so long a stance may wait to become a step, and the step still has to be marked."""

GaitEvent = Step | ActivityChange | SignalQuality | Stability


@dataclass(slots=True)
class Memory:
    """What outlives a gap: the sensor is still worn as before, by the same runner.

    Attributes:
        axes: body axes as found so far.
        sides: what was learned of left and right.
        posture: the tilt at the run's start.
        quality: problems seen lately.
        position: where the sensor sits, as set or found.
        arm: what is known of its distance from the midline, None where the position is set and need not be found.
        told: position and absences, as last told.
        looks: the readings with which the looks of the last feed came, s.
        doing: what is known of the activity when a stretch ends, and the time of its last reading, s.
    """

    axes: body_axes.AxesState = field(default_factory=body_axes.AxesState)
    sides: SidesState = field(default_factory=SidesState)
    posture: Posture = field(default_factory=Posture)
    quality: Quality = field(default_factory=Quality)
    position: Position = "unknown"
    arm: LeverArm | None = field(default_factory=LeverArm)
    told: tuple[Position, dict[str, str]] | None = None
    looks: list[float] = field(default_factory=list)
    doing: tuple[ActivityState, float] = (ActivityState(), -math.inf)

    def signal(self, time: float, known: float) -> SignalQuality:
        """The signal as it is now."""
        quality, problems = self.quality.now(time)
        absent = {} if self.told is None else self.told[1]
        return SignalQuality(
            time=time, known_at=known, quality=quality, problems=problems, position=self.position, absent=absent
        )


class Analysis:
    """Events of one unbroken stretch.

    Args:
        first: the first readings, for what they have and lack.
        rate_hz: readings a second.
        mount: how the sensor is worn.
        memory: what earlier stretches learned; what this one learns is added.
    """

    def __init__(self, first: Samples, rate_hz: float, mount: Mount, memory: Memory) -> None:
        self._memory = memory
        self._rate_hz, self._gyroscope, self._absent = rate_hz, first.gyr is not None, first.absent
        self._whole = not any(name.startswith("acc_") for name in first.absent)
        before, ended = memory.doing
        doing = before if first.time[0] - ended <= RESUMED_S else ActivityState()
        self._stretch = Stretch(Grid(first, rate_hz), mount, memory.axes, doing)
        self._last = float(first.time[-1])
        self._steps = StepMaker(gyroscope=self._gyroscope, sides_state=memory.sides, posture=memory.posture)
        self._saturated: list[float] = []
        self._lost = self._absences(None)
        self._steady_since: int | None = None

    def extend(self, part: Samples) -> Sequence[GaitEvent]:
        """Add readings; what they settle."""
        if np.count_nonzero(part.saturated):
            self._saturated += part.time[part.saturated].tolist()
        self._last = float(part.time[-1])
        told = self._stretch.extend(part)
        return () if told is None else self._events(told)

    def finish(self, seen: float) -> list[GaitEvent]:
        """The stretch is over, as the reading at `seen` showed: the events that were still open."""
        events = self._events(self._stretch.finish(seen))
        at = self._stretch.low.end
        events += [step for _, step in self._steps.drop(self._stretch, at)]
        self._memory.doing = self._stretch.frames.doing, self._last
        self._memory.axes, self._memory.sides = self._stretch.frames.axes_state, self._steps.sides
        return events

    def _events(self, told: Told) -> list[GaitEvent]:
        """Everything settled, in the order in which it became known.

        Of what one reading settles, changes come first and then the look at a frame, which tells what steps lack.
        """
        found: list[tuple[int, int, Change | Step | Frame]] = [(c.at, 0, c) for c in told.changes if c.end > c.start]
        found += [(at, 1, frame) for frame, at in told.frames]
        if told.settled:
            found += [(at, 2, step) for at, step in self._steps.make(self._stretch, told.settled)]
        if len(found) > 1:
            found.sort(key=_order)
        events: list[GaitEvent] = []
        for at, _, item in found:
            if isinstance(item, Step):
                events.append(self._marked(item))
            elif isinstance(item, Frame):
                events += self._look(item, at)
            else:
                events.append(self._change(item))
        return events

    def _change(self, c: Change) -> ActivityChange:
        s = self._stretch
        return ActivityChange(
            start=s.time_of(c.start), end=s.time_of(c.end), known_at=s.known_at(c.at), activity=c.activity
        )

    def _marked(self, step: Step) -> Step:
        """The step with what its readings could not give taken away."""
        lost: dict[str, Any] = {name: None for name in self._lost if getattr(step, name, None) is not None}
        end = step.toe_off
        if self._saturated and end is not None and any(step.time <= t <= end for t in self._saturated):
            lost |= {"saturated": True, "impact_peak_g": None, "impact_rate_g_s": None}
        return replace(step, **lost) if lost else step

    def _look(self, frame: Frame, at: int) -> list[GaitEvent]:
        """Half a second later: is the signal still good, and is there a window of steady motion to measure?"""
        stretch, memory = self._stretch, self._memory
        time, known = stretch.time_of(frame.end), stretch.known_at(at)
        events: list[GaitEvent] = []
        clipped = [t for t in self._saturated if t <= time]
        if clipped:
            memory.quality.saw("saturated", clipped[-1])
            self._saturated = [t for t in self._saturated if t > time - CLIPPED_KEPT_S]
        memory.looks.append(known)
        if frame.activity != "other":
            memory.quality.moved(frame.mean_g, time)
        memory.quality.looked(frame.mean_g, time, moving=frame.moving, axes=frame.axes, whole=self._whole)
        memory.quality.bounced(time, unlike=frame.unlike)
        if frame.slipped and frame.activity == "running":
            memory.quality.saw("slipped", time)
        if frame.turned and frame.activity == "running":
            memory.quality.saw("turned", time)
        self._locate(frame)
        self._lost = self._absences(frame.axes)
        told = memory.position, self._lost
        if memory.quality.changed(time) or told != memory.told:
            memory.told = told
            events.append(memory.signal(time, known))
        events += self._stability(frame, time, known)
        return events

    def _absences(self, axes: FloatArray | None) -> dict[str, str]:
        return absences(
            self._rate_hz,
            gyroscope=self._gyroscope,
            absent=self._absent,
            axes=axes,
            position=self._memory.position,
        )

    def _locate(self, frame: Frame) -> None:
        """Find out where the sensor sits, where nobody said it: from the first seconds of running, and after a slip.

        Who wore it on a hip for a part of the run is not told absolute asymmetry any more: then only a hip is news.
        """
        memory = self._memory
        if memory.arm is None or frame.axes is None or frame.activity != "running" or not self._gyroscope:
            return
        if frame.slipped:
            memory.arm = LeverArm()
        first = frame.end - ARM_WINDOW
        if memory.arm.windows >= ARM_WINDOWS or first < 0:
            return
        low = self._stretch.low.view(first, frame.end)
        acc, gyr = frame.axes @ low[ACC10], frame.axes @ low[GYR10]
        memory.arm = lever_arm(memory.arm, acc, gyr, frame.step_hz)
        found = memory.arm.position
        if memory.arm.windows == ARM_WINDOWS and (found in HIPS or memory.position not in HIPS):
            memory.position = found

    def _stability(self, frame: Frame, time: float, known: float) -> list[GaitEvent]:
        if frame.activity == "other" or frame.axes is None:
            self._steady_since = None
            return []
        if self._steady_since is None or frame.changed:
            self._steady_since = frame.end
        if frame.end - self._steady_since < WINDOW:
            return []
        self._steady_since = frame.end
        low = self._stretch.low.view(frame.end - WINDOW, frame.end)
        found = stability(frame.axes @ low[ACC10], frame.step_hz)
        found = {name: value for name, value in found.items() if name not in self._lost}
        start = time - WINDOW / RATE_HZ
        return [Stability(start=start, end=time, known_at=known, activity=frame.activity, **found)]


def _order(entry: tuple[int, int, object]) -> tuple[int, int]:
    return entry[:2]
