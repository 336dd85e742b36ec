"""Runs one peer's algorithm on readings from a file; called with the Python of the peers' own environment.

    python peers_call.py skdh|mobgap READINGS.npy RATE

The file holds time in s and specific force in m/s², body axes (forward, left, up), shape (n, 4). Prints JSON.
"""

import json
import sys
import time
import warnings
from importlib.metadata import version

import numpy as np


def skdh(clock, acc, rate):
    """scikit-digital-health: lumbar gait with all its endpoints; it is told that all of it is gait."""
    from skdh.gait import GaitLumbar

    def call():
        found = GaitLumbar().predict(time=clock, accel=acc / 9.80665, fs=rate, height=1.75, gait_pred=True)
        return len(found["IC Timestamp"])

    return call, version("scikit-digital-health")


def mobgap(clock, acc, rate):
    """mobgap: initial contacts only."""
    import pandas as pd
    from mobgap.initial_contacts import IcdIonescu

    frame = pd.DataFrame(
        {"acc_is": acc[:, 2], "acc_ml": acc[:, 1], "acc_pa": acc[:, 0], "gyr_is": 0.0, "gyr_ml": 0.0, "gyr_pa": 0.0}
    )

    def call():
        return len(IcdIonescu().detect(frame, sampling_rate_hz=rate).ic_list_)

    return call, version("mobgap")


def main():
    warnings.simplefilter("ignore")
    name, file, rate = sys.argv[1:]
    table = np.load(file)
    call, its_version = {"skdh": skdh, "mobgap": mobgap}[name](table[:, 0] + 1.7e9, table[:, 1:], float(rate))
    seconds = []
    for _ in range(3):
        before = time.process_time()
        contacts = call()
        seconds.append(time.process_time() - before)
    print(json.dumps({"seconds": sorted(seconds)[1], "contacts": contacts, "version": its_version}))  # noqa: T201


if __name__ == "__main__":
    main()
