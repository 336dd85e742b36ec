"""A run of the simulator with recorder and saved state in a folder, at ten times its speed, until it is killed."""

import sys
import time
from pathlib import Path

from backbeat.checkpoint import Keeper
from backbeat.logbook.pace import RealTime
from backbeat.logbook.recorder import Recorder
from backbeat.monitor import Monitor
from backbeat.pipeline import run
from backbeat.sources import open_source

folder = Path(sys.argv[1])
source = RealTime(
    open_source("sim:?seconds=600&seed=4"), lambda: 10 * time.monotonic(), lambda seconds: time.sleep(seconds / 10)
)
monitor = Monitor(source.info)
consumers = [
    Recorder(folder / "a.mcap", source.info, {}),
    Keeper(folder / "run.state", monitor, source.info, ["a.mcap"]),
]
run(source, monitor, consumers)
