"""How much: the sum of the estimated peak forces of all running steps, and of their fourth powers.

Σ F follows the volume of running; Σ F⁴ is of the family used for bone (daily stress stimulus) and weighs hard steps
more. No exponent is accepted for the discs and joints of the back, so both are given and neither is called damage.
"""

from __future__ import annotations

from dataclasses import dataclass

from backbeat.events import Step


@dataclass(slots=True)
class Load:
    """Running sums over a session.

    Attributes:
        force_bw: Σ F over the running steps, body weights.
        force4_bw4: Σ F⁴.
        counted: steps with a force estimate; the rest count as the mean of these.
        steps: all running steps.
    """

    force_bw: float = 0.0
    force4_bw4: float = 0.0
    counted: int = 0
    steps: int = 0

    def add(self, step: Step) -> None:
        """Take a running step."""
        self.steps += 1
        force = step.peak_force_bw
        if force is not None:
            square = force * force
            self.force_bw += force
            self.force4_bw4 += square * square
            self.counted += 1

    @property
    def totals(self) -> tuple[float, float] | None:
        """Both sums over all steps; None where hardly a step has a force estimate."""
        if self.counted < max(1, self.steps // 2):
            return None
        share = self.steps / self.counted
        return self.force_bw * share, self.force4_bw4 * share
