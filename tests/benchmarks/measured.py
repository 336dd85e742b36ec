"""Simulated hours, and measuring in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

from backbeat.samples import Samples
from backbeat.simulator.source import SimulatedSource, open_simulator

HOUR = "sim:?stand=0&seconds={seconds}&cadence=170&seed=1&rate={rate}"


def simulated(rate: int, seconds: int = 3600) -> SimulatedSource:
    """A run at 170 steps/min, six axes, seed 1."""
    return open_simulator(HOUR.format(rate=rate, seconds=seconds))


@cache
def hour(rate: int) -> Samples:
    """All readings of an hour."""
    return simulated(rate).run.samples()


def in_own_process(code: str) -> dict:
    """Runs code in a fresh Python and returns the JSON that it prints last."""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=1800)
    return json.loads(done.stdout.splitlines()[-1])
