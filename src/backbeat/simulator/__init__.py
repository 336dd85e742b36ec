"""A runner at the hip, with ground truth, as a source of readings. All that it gives is simulated."""

from backbeat.simulator.programme import Programme, Stretch
from backbeat.simulator.run import SimulatedRun
from backbeat.simulator.runner import Runner
from backbeat.simulator.sensor import Sensor
from backbeat.simulator.truth import TrueStep

__all__ = ["Programme", "Runner", "Sensor", "SimulatedRun", "Stretch", "TrueStep"]
