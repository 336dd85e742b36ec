"""The floor of a live run: the same readings at the same pace, recorded and told, and nothing made of them.

Run by bench_live_process in a process of its own: `python bare_live.py FOLDER PORT WARM_S SECONDS`. It wakes for every
slice of 0.2 s, writes its readings as they are, a line of JSON for each step and, once a second, syncs the file and
publishes what `live` holds. It prints its CPU in ms for each second.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

RATE_HZ, SLICE_S, STEPS_A_SLICE = 208, 0.2, 170 / 60 * 0.2
LIVE = {f"figure_{number}": 1.234 * number for number in range(33)}
STEP = {f"measure_{number}": 5.678 * number for number in range(28)}


def main(folder: Path, port: int, warm_s: float, seconds: float) -> None:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", port)
    client.loop_start()
    slices_a_second, step = round(1 / SLICE_S), 0.0
    with (folder / "readings").open("wb") as readings, (folder / "lines").open("wb", buffering=0) as lines:

        def told(slices: int) -> None:
            nonlocal step
            for number in range(slices):
                time.sleep(SLICE_S)
                readings.write(np.zeros((round(RATE_HZ * SLICE_S), 7)).tobytes())
                step += STEPS_A_SLICE
                while step >= 1.0:
                    lines.write(json.dumps(STEP).encode() + b"\n")
                    step -= 1.0
                if number % slices_a_second == 0:
                    readings.flush()
                    os.fsync(readings.fileno())
                    client.publish("bare/live", json.dumps(LIVE), retain=True)

        told(round(warm_s / SLICE_S))
        before, began = time.process_time(), time.monotonic()
        told(round(seconds / SLICE_S))
        used = time.process_time() - before
    sys.stdout.write(f"{1e3 * used / (time.monotonic() - began):.2f}\n")
    client.disconnect()
    client.loop_stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4]))
