"""A run that raises alerts until a number is reached, to be killed at any moment and started again.

Usage: python -m rigs.alerting URL FOLDER COUNT PAUSE_S. Each alert that `take` has taken is written down, with fsync.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from backbeat.mqtt import courier, delivery, publisher
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttSettings
from rigs.runs import INFO, alert, readings, started


def main(url: str, folder: Path, count: int, pause_s: float) -> None:
    courier.FIRST_PAUSE_S, courier.LONGEST_PAUSE_S = 0.1, 0.5
    delivery.ACKNOWLEDGE_PATIENCE_S = 3.0
    publisher.DISK_PATIENCE_S = 20.0  # what is shown is that the disk keeps it, not how fast this machine's is
    raised = folder / "raised"
    done = len(raised.read_text().splitlines()) if raised.exists() else 0
    run = Publisher(
        MqttSettings.from_url(url),
        INFO,
        outbox=folder / "outbox.db",
        report=lambda text: sys.stderr.write(text + "\n"),
    )
    run.take(readings(0, 1), [started(0.0)])
    with raised.open("a") as log:
        for number in range(done, count):
            run.take(readings(90.0 + number, 1.0, rate=1.0), [alert(90.0 + number, value=float(number))])
            log.write(f"{number}\n")
            log.flush()
            os.fsync(log.fileno())
            time.sleep(pause_s)
    while True:  # answers `resend` until it is ended
        run.take(readings(1e6, 0.0), [])
        time.sleep(0.5)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
