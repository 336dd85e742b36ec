"""What half a second showed: rhythm, activity, and the body axes with which the next half second is read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from backbeat.events import Activity
from backbeat.gait import activity, axes
from backbeat.gait.mount import Mount
from backbeat.gait.track import Track
from backbeat.samples import FloatArray

FRAME = 50
"""Grid samples between two looks: 0.5 s."""
WINDOW = 250
"""Grid samples that a look at the axes goes back (fewer while starting)."""
EVERY = 2
"""Of the 10 Hz band every second grid sample is enough."""
WHOLE = 4
"""Looks at motion in a row after which the window of the next one, 2.5 s under a taper, is full of it."""
_KEPT = 100
"""Frames whose axes stay in reach."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What half a second showed.

    Attributes:
        end: grid index after its last sample.
        activity: what the runner is doing.
        changed: it was another activity half a second before.
        mean_g: length of the mean specific force.
        step_hz: step frequency.
        moving: a gait is seen, whether or not it is established.
        slipped: the sensor was found to have turned on the body.
        axes: body axes in sensor axes, None until found.
        turned: the sensor is worn another way up than at its calibration.
        unlike: a strong bounce that repeats itself and is neither running nor walking, nor on trial as such.
    """

    end: int
    activity: Activity
    changed: bool
    mean_g: float
    step_hz: float
    moving: bool
    slipped: bool
    axes: FloatArray | None
    turned: bool
    unlike: bool


class Frames:
    """The looks at one stretch.

    Attributes:
        axes_state: what is known of the axes.
        first: the first frame after which axes are known, None until then.
        doing: what is known of the activity.
    """

    def __init__(self, mount: Mount, prior: axes.AxesState, doing: activity.ActivityState) -> None:
        self._mount = mount
        self.axes_state = prior
        self.first: int | None = None
        self.doing = doing
        self._axes: FloatArray | None = mount.matrix
        self._moving = 0
        self._matrices = Track(9)

    @property
    def end(self) -> int:
        """Grid index after the last frame."""
        return self._matrices.end * FRAME

    @property
    def begin(self) -> int:
        """Grid index from which axes are known."""
        return ((self.first or 0) + 1) * FRAME

    def in_force(self, index: int) -> int:
        """The frame whose axes are in force at a grid index: the last complete one, at first the first with any."""
        return max(index // FRAME - 1, self.first or 0)

    def matrices(self, frames: NDArray[np.int64]) -> FloatArray:
        """Body axes (n, 3, 3) after frames (n,) that have some: forward, left, up as rows."""
        return self._matrices.at(frames).reshape(-1, 3, 3)

    def matrix(self, frame: int) -> FloatArray:
        """Body axes (3, 3) after a frame that has some."""
        return self._matrices.view(frame, frame + 1).reshape(3, 3)

    def look(self, low: Track, rows: slice, until: float) -> list[Frame]:
        """Each frame that the signals now reach.

        Args:
            low: the signals.
            rows: those of the specific force in sensor axes, g, 10 Hz.
            until: grid index after the last reading, behind which there is nothing to look at.
        """
        looked: list[Frame] = []
        while self.end + FRAME <= low.end:
            end = self.end + FRAME
            if activity.WINDOW * EVERY <= end <= until:
                looked.append(self._frame(low.view(max(0, end - WINDOW), end)[rows, ::EVERY].T.copy(), end))
            self._matrices.room(1)[:, 0] = math.nan if self._axes is None else self._axes.ravel()
            self._matrices.forget_before(self._matrices.end - _KEPT)
        return looked

    def _frame(self, recent: FloatArray, end: int) -> Frame:
        rhythm = activity.rhythm(recent[-activity.WINDOW :])
        before, self.doing = self.doing, activity.update(self.doing, rhythm)
        slips = self.axes_state.slips
        if self._mount.matrix is None:
            self._find_axes(recent, rhythm)
        if self._axes is not None and self.first is None:
            self.first = self._matrices.end
        now: Activity = self.doing.activity if self._axes is not None else "other"
        slipped = self.axes_state.slips != slips
        found, moving = self._axes, self.doing.moving
        turned = found is not None and self._mount.turned(found)
        unlike = not moving and not self.doing.jog and activity.unlike(rhythm)
        return Frame(
            end, now, now != before.activity, rhythm.mean, rhythm.step_hz, moving, slipped, found, turned, unlike
        )

    def _find_axes(self, recent: FloatArray, rhythm: activity.Rhythm) -> None:
        """Body axes after one more frame; they stay where there is no motion to tell.

        Nor where the law is unknown by which it would tell the front: a bounce as high as that of half-sine pulses that
        touch is hardly a walker's, and while a jog is on trial a runner's front would be turned round.
        """
        bouncing = self.doing.bouncing
        if not self.doing.moving:
            self._moving = 0
        else:
            self._moving += 1
        if self._moving and (bouncing or rhythm.amplitude < activity.TOUCHING_G):
            self.axes_state = axes.update(
                self.axes_state,
                recent,
                rhythm.step_hz,
                rhythm.amplitude,
                running=bouncing,
                whole=self._moving > WHOLE,
                up=self._mount.up,
            )
        if self.axes_state.axes is not None:
            self._axes = self._mount.facing(self.axes_state.axes.matrix)
