"""A run that is killed, in a process of its own: a fork of the tests' process, with its threads, may stand still."""

import os
import subprocess
import sys
from pathlib import Path

from backbeat.mqtt import link, publisher
from backbeat.mqtt.settings import MqttSettings
from rigs.runs import INFO, alert, readings, started, summary


def run_and_kill(url: str, outbox: Path, *, met: bool) -> None:
    """Killed once it has met its broker, or before, with two alerts and a summary raised."""
    command = [sys.executable, __file__, url, str(outbox), "met" if met else "not met"]
    path_of_rigs = {"PYTHONPATH": str(Path(__file__).parents[1])}
    assert subprocess.run(command, env=os.environ | path_of_rigs, check=False).returncode == -9


if __name__ == "__main__":
    publisher.DISK_PATIENCE_S = 20.0  # what is shown is that the disk keeps it, not how fast this machine's is
    link.WILL_DELAY_S = 4
    settings = MqttSettings.from_url(sys.argv[1])
    run = publisher.Publisher(settings, INFO, outbox=Path(sys.argv[2]), report=lambda _: None)
    if sys.argv[3] == "met":
        run.wait_connected(30.0)
    else:
        run.take(readings(0, 1), [started(0.0), alert(90.0), alert(91.0)])
        run.take(readings(100, 1), [summary(100.0)])
    os.kill(os.getpid(), 9)
