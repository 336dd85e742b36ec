"""Re-analysis of an archive: one worker against two, the memory of each, and one that is killed in mid-run.

Run: BACKBEAT_BENCH_HOURS=1000 make bench ARGS=tests/benchmarks/bench_reprocess.py
It is 1.5 hours unless said, which takes a minute; each hour of signal is some 15 s of CPU. Recordings are links, under
names of their own, to BACKBEAT_BENCH_DISTINCT different ones (24 unless said): a copy costs the analysis the same, and
its result must be the same to the bit.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from rigs.shelves import recording

HOURS = float(os.environ.get("BACKBEAT_BENCH_HOURS", "1.5"))
DISTINCT = int(os.environ.get("BACKBEAT_BENCH_DISTINCT", "24"))
EACH_S = 300
COMPARED = 1 / 100
"""Of the hours, at least half of one, go through one worker and through two; all at once would be most of the time."""


@pytest.mark.timeout(6 * 3600)
def bench_reprocess(tmp_path: Path, figure: Callable[[str], None]) -> None:
    part, whole = shelved(tmp_path / "part", max(0.5, HOURS * COMPARED)), shelved(tmp_path / "whole", HOURS)
    figure(
        f"{hours(whole):.1f} simulated hours: {len(names(whole))} recordings of {EACH_S} s at 100 Hz with gyroscope, "
        f"{min(DISTINCT, len(names(whole)))} of them different; one worker against two on {hours(part):.1f} of them"
    )
    alone = timed(part, tmp_path / "out-1", 1)
    figure(f"  1 worker:  {alone.told(hours(part))}")
    both = timed(part, tmp_path / "out-2", 2)
    speed_up = alone.seconds / both.seconds
    figure(f"  2 workers: {both.told(hours(part))}: {speed_up:.2f} x one worker")
    expected = sums(tmp_path / "out-1")
    assert sums(tmp_path / "out-2") == expected, "two workers find something else than one"
    killed = timed(whole, tmp_path / "out", 2, kill_at=len(names(whole)) // 3)
    rows = entries(tmp_path / "out")
    failed = [row for row in rows if row["state"] == "failed"]
    assert killed.killed
    assert len(rows) == len(names(whole))
    assert not failed, failed[0]
    for row in rows:  # of the first of each kind the others are copies
        assert row["sha256"] == expected.setdefault(original(row["name"]), row["sha256"]), row["name"]
    figure(
        f"  2 workers, one of them killed after a third: {killed.told(hours(whole))}; {len(rows)} done, "
        f"{len(failed)} failed, each result that of its original to the bit"
    )
    again = timed(whole, tmp_path / "out", 2)
    figure(f"  once more, when all is done: {again.seconds:.1f} s")
    shutil.rmtree(tmp_path / "out")


@dataclass(frozen=True, slots=True)
class Took:
    """A call: seconds, CPU seconds of all its processes, most memory of a worker and of who hands out the work."""

    seconds: float
    cpu_s: float
    worker_mb: float
    own_mb: float
    killed: bool

    def told(self, hours: float) -> str:
        return (
            f"{self.seconds:7.1f} s, {3600 * hours / self.seconds:5.0f} x real time; {self.cpu_s / hours:.1f} s CPU an "
            f"hour of signal; at most {self.worker_mb:.0f} MB resident a worker, {self.own_mb:.0f} MB the command"
        )


def shelved(folder: Path, wanted_hours: float) -> Path:
    """An archive of so many hours; 'run-00025' is a link to what 'run-00001' is, where 24 are different."""
    folder.mkdir()
    for number in range(max(4, round(wanted_hours * 3600 / EACH_S))):
        path = folder / f"run-{number:05d}.mcap"
        if number < DISTINCT:
            path.write_bytes(recording(EACH_S, number, ".mcap"))
        else:
            path.hardlink_to(folder / f"run-{number % DISTINCT:05d}.mcap")
    return folder


def original(name: str) -> str:
    """The name of which a recording is a copy."""
    return f"run-{int(name.removeprefix('run-')) % DISTINCT:05d}"


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def hours(archive: Path) -> float:
    return len(names(archive)) * EACH_S / 3600


def entries(out: Path) -> list[dict[str, str]]:
    with (out / "index.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def sums(out: Path) -> dict[str, str]:
    return {row["name"]: row["sha256"] for row in entries(out)}


def timed(archive: Path, out: Path, workers: int, kill_at: int | None = None) -> Took:
    """The command from its start to its end; a worker is killed when so many results are there."""
    words = ["reprocess", str(archive), "--out", str(out), "--workers", str(workers)]
    start, before = time.perf_counter(), os.times()
    with subprocess.Popen([sys.executable, "-m", "backbeat", *words], stdout=subprocess.PIPE) as process:
        watch = Watch(process.pid, out, kill_at)
        watch.start()
        process.communicate()
    seconds, after = time.perf_counter() - start, os.times()
    watch.over.set()
    watch.join()
    assert process.returncode == 0
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Took(seconds, cpu, watch.worker_mb, watch.own_mb, watch.killed)


class Watch(threading.Thread):
    """Looks at the memory of a command and its workers, and kills one of them."""

    def __init__(self, parent: int, out: Path, kill_at: int | None) -> None:
        super().__init__()
        self.over, self.worker_mb, self.own_mb, self.killed = threading.Event(), 0.0, 0.0, False
        self._parent, self._out, self._kill_at = parent, out, kill_at

    def run(self) -> None:
        while not self.over.wait(0.5):
            workers = list(self._workers())
            self.own_mb = max(self.own_mb, peak_mb(self._parent))
            self.worker_mb = max([self.worker_mb, *map(peak_mb, workers)])
            if self._kill_at is not None and workers and not self.killed and len(names(self._out)) >= self._kill_at:
                os.kill(workers[0], signal.SIGKILL)
                self.killed = True

    def _workers(self) -> Iterator[int]:
        with suppress(OSError):  # it has ended
            for task in Path(f"/proc/{self._parent}/task").iterdir():
                for child in (task / "children").read_text().split():
                    if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                        yield int(child)


def peak_mb(process: int) -> float:
    """The most that was ever resident; 0 of one that has ended."""
    with suppress(OSError):
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
        return int(peak[1]) / 1000 if peak else 0.0
    return 0.0
