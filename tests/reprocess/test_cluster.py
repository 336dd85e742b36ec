"""The same on a real Dask cluster: scheduler and workers in processes of their own."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rigs.mosquitto import free_port
from rigs.shelves import shelve

PATIENCE_S = 180.0


class Cluster:
    """A Dask scheduler with two workers, as a user starts them."""

    def __init__(self, folder: Path) -> None:
        self.address = f"tcp://127.0.0.1:{(port := free_port())}"
        self._folder = folder
        self._log = (folder / "dask.log").open("wb")
        scheduler = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        self.processes = [self._start(*scheduler)]
        self.workers = [self._start_worker() for _ in range(2)]

    def _start_worker(self) -> subprocess.Popen[bytes]:
        words = ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", str(self._folder)]
        return self._start("distributed.cli.dask_worker", self.address, *words)

    def _start(self, module: str, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-m", module, *words], stdout=self._log, stderr=self._log)

    def close(self) -> None:
        for process in (*self.workers, *self.processes):
            process.kill()
            process.wait()
        self._log.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.close()


def call(archive: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "backbeat", "reprocess", str(archive), "--out", str(out), *more]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def results(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.rglob("*.jsonl"))}


def wait_for_workers(address: str, count: int) -> None:
    code = (
        "import sys; from distributed import Client\n"
        "with Client(sys.argv[1], timeout=100) as client: client.wait_for_workers(int(sys.argv[2]), timeout=100)"
    )
    subprocess.run([sys.executable, "-c", code, address, str(count)], check=True, timeout=PATIENCE_S)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_cluster_gives_the_same_results_also_when_a_worker_is_killed(cluster: Cluster, tmp_path: Path) -> None:
    archive = shelve(tmp_path / "archive", {f"run-{number}.mcap": number for number in range(6)}, seconds=60)
    here, there = tmp_path / "here", tmp_path / "there"
    alone = call(archive, here, "--workers", "1")
    alone.communicate(timeout=PATIENCE_S)
    assert alone.returncode == 0
    wait_for_workers(cluster.address, 2)
    process = call(archive, there, "--scheduler", cluster.address)
    deadline = time.monotonic() + PATIENCE_S
    while not results(there):
        assert time.monotonic() < deadline, "no result"
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    os.kill(cluster.workers[0].pid, 9)
    told, faults = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, faults
    assert "6 analysed" in told
    assert results(there) == results(here)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_scheduler_that_ends_is_one_sentence_and_what_is_done_is_kept(cluster: Cluster, tmp_path: Path) -> None:
    archive = shelve(tmp_path / "archive", {f"run-{number:02}.mcap": number % 3 for number in range(30)}, seconds=60)
    out = tmp_path / "out"
    wait_for_workers(cluster.address, 2)
    process = call(archive, out, "--scheduler", cluster.address)
    deadline = time.monotonic() + PATIENCE_S
    while not results(out):
        assert time.monotonic() < deadline, "no result"
        time.sleep(0.01)
    cluster.processes[0].kill()
    _, faults = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "the scheduler has ended; start it again and repeat the call" in faults
    assert faults.count("\n") == 1, faults
    with (out / "index.csv").open() as file:
        states = [row["state"] for row in csv.DictReader(file)]
    assert states == ["done"] * len(results(out))
    assert 0 < len(states) < 30


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_workers_without_backbeat_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "backbeat.py").write_text("raise ModuleNotFoundError('No module named backbeat')\n")
    with monkeypatch.context() as patched:
        patched.setenv("PYTHONPATH", str(tmp_path))
        without = Cluster(tmp_path)
    try:
        wait_for_workers(without.address, 2)
        process = call(shelve(tmp_path / "archive", {"run.mcap": 1}), tmp_path / "out", "--scheduler", without.address)
        _, faults = process.communicate(timeout=PATIENCE_S)
    finally:
        without.close()
    assert process.returncode == 2
    assert "No module named backbeat" in faults
    assert "install the same on every worker" in faults
    assert faults.count("\n") == 1, faults


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_address_where_nobody_answers_is_one_sentence(tmp_path: Path) -> None:
    archive = shelve(tmp_path / "archive", {"run.mcap": 1})
    process = call(archive, tmp_path / "out", "--scheduler", f"tcp://127.0.0.1:{free_port()}")
    _, faults = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 2
    assert "no Dask scheduler answers there" in faults
    assert "Traceback" not in faults
