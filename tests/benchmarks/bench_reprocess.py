"""Re-analysis of an archive: one worker against two, and the memory of each.

Run: make bench ARGS=tests/benchmarks/bench_reprocess.py
BACKBEAT_BENCH_HOURS=1000 makes it the thousand simulated hours; it is 1.5 unless said, which takes minutes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rigs.shelves import recording

HOURS = float(os.environ.get("BACKBEAT_BENCH_HOURS", "1.5"))
EACH_S = 300
COUNT = max(4, round(HOURS * 3600 / EACH_S))
DIFFERENT = 6
"""Runners; further recordings are copies under other names, which cost the analysis the same."""


def bench_reprocess(tmp_path: Path, figure: Callable[[str], None]) -> None:
    archive = tmp_path / "archive"
    archive.mkdir()
    for number in range(COUNT):
        (archive / f"run-{number:05d}.mcap").write_bytes(recording(EACH_S, number % DIFFERENT, ".mcap"))
    hours = COUNT * EACH_S / 3600
    figure(f"{COUNT} recordings of {EACH_S} s at 100 Hz with gyroscope: {hours:.2f} simulated hours")
    first = None
    for workers in (1, 2):
        seconds, cpu, largest = timed(archive, tmp_path / f"out-{workers}", workers)
        first = first or seconds
        figure(
            f"  {workers} workers: {seconds:7.1f} s, {3600 * hours / seconds:5.0f} x real time, "
            f"{first / seconds:.2f} x one worker; {cpu / hours:.1f} s CPU an hour of signal, "
            f"{largest:.0f} MB resident a worker at most"
        )
        thousand = 1000 / hours / 3600
        figure(f"    1,000 hours by proportion: {thousand * cpu:.1f} h CPU, {thousand * seconds:.1f} h as it went")
    again, _, _ = timed(archive, tmp_path / "out-2", 2)
    figure(f"  once more, when all is done: {again:.1f} s")


def timed(archive: Path, out: Path, workers: int) -> tuple[float, float, float]:
    """Seconds, CPU seconds of all processes, and the most memory of a worker, MB."""
    words = ["reprocess", str(archive), "--out", str(out), "--workers", str(workers)]
    start, before = time.perf_counter(), os.times()
    with subprocess.Popen([sys.executable, "-m", "backbeat", *words], stdout=subprocess.PIPE) as process:
        watch = Watch(process.pid)
        watch.start()
        process.communicate()
    seconds, after = time.perf_counter() - start, os.times()
    watch.over.set()
    watch.join()
    assert process.returncode == 0
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return seconds, cpu, watch.largest_mb


class Watch(threading.Thread):
    """Looks at the workers' memory."""

    def __init__(self, parent: int) -> None:
        super().__init__()
        self.over, self.largest_mb, self._parent = threading.Event(), 0.0, parent

    def run(self) -> None:
        while not self.over.wait(0.2):
            for entry in Path("/proc").glob("[0-9]*/status"):
                try:
                    status = entry.read_text()
                    if (
                        f"PPid:\t{self._parent}\n" in status
                        and b"spawn_main" in (entry.parent / "cmdline").read_bytes()
                    ):
                        peak = re.search(r"VmHWM:\s+(\d+) kB", status)
                        self.largest_mb = max(self.largest_mb, int(peak[1]) / 1000 if peak else 0.0)
                except OSError:  # it has ended
                    continue
