"""Ten minutes of emulated sensors in real time, faults on: python tests/benchmarks/soak.py [--minutes N].

An LSM6DSOX under smbus2, then a HipNode behind BlueZ's D-Bus interface; at the end figures, and a failure where a
reading vanished without a mark.
"""

from __future__ import annotations

import argparse
import logging
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from rigs.soak import Soaked, through_bleak, through_smbus


def main() -> None:
    """Run both at once, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    seconds = 60.0 * parser.parse_args().minutes
    with ProcessPoolExecutor(2, initializer=logging.disable) as pool:
        runs = {
            "LSM6DSOX through smbus2": pool.submit(through_smbus, seconds),
            "HipNode through D-Bus and bleak": pool.submit(through_bleak, seconds),
        }
        results: dict[str, Soaked] = {name: run.result() for name, run in runs.items()}
    for name, soaked in results.items():
        sys.stdout.write(f"{name}, {seconds / 60:g} minutes: {soaked}\n")
    sys.exit(any(soaked.unmarked or soaked.doubled for soaked in results.values()))


if __name__ == "__main__":
    main()
