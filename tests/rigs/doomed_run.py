"""A run that is killed before it reaches its broker: `python doomed_run.py URL OUTBOX`."""

import os
import sys
from pathlib import Path

from backbeat.mqtt import publisher
from backbeat.mqtt.settings import MqttSettings
from rigs.runs import INFO, alert, readings, started, summary

if __name__ == "__main__":
    publisher.DISK_PATIENCE_S = 20.0  # what is shown is that the disk keeps it, not how fast this machine's is
    run = publisher.Publisher(MqttSettings.from_url(sys.argv[1]), INFO, outbox=Path(sys.argv[2]), report=lambda _: None)
    run.take(readings(0, 1), [started(0.0), alert(90.0), alert(91.0)])
    run.take(readings(100, 1), [summary(100.0)])
    os.kill(os.getpid(), 9)
