"""The live process as a user starts it: memory, where it goes, CPU, and the time to the first event."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from benchmarks.measured import in_own_process, simulated

EMULATED = f"emulate:lsm6dsox?source={quote('sim:?seconds=600', safe='')}"
BARE = Path(__file__).with_name("bare_live.py")
PARTS = {
    "Python alone": "pass",
    "+ numpy": "import numpy",
    "+ the analysis": "import backbeat.monitor",
    "+ sensor (emulated LSM6DSOX)": "import backbeat.live, firmware_host.i2c, firmware_host.emulators",
    "+ command line and terminal": "import backbeat.cli.run, backbeat.terminal",
    "+ recorder": "import backbeat.logbook.recorder",
    "+ MQTT": "import backbeat.mqtt.publisher",
}


def memory_mb(process: int) -> float:
    """Resident memory of a process."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def cpu_s(process: int) -> float:
    """CPU seconds that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def broker() -> Iterator[int]:
    """A Mosquitto on a free loopback port."""
    program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed (Debian package mosquitto)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _listens(port), 20)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until(true: object, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


@contextmanager
def backbeat(folder: Path, *words: str) -> Iterator[subprocess.Popen]:
    """A `backbeat` process that is ended with SIGINT."""
    environment = {**os.environ, "STATE_DIRECTORY": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "backbeat", *words], stdout=log, stderr=log, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def all_on(folder: Path, source: str) -> Iterator[subprocess.Popen]:
    """A live run with recorder, JSON lines and MQTT, from its first line on."""
    lines = folder / "run.jsonl"
    with (
        broker() as port,
        backbeat(
            folder,
            *("run", "--source", source, "--record", str(folder / "run.mcap"), "--jsonl", str(lines)),
            *("--mqtt", f"mqtt://127.0.0.1:{port}"),
        ) as process,
    ):
        wait_until(lambda: lines.exists() and lines.stat().st_size > 0, 60)
        yield process


def recorded(rate: int, seconds: int, folder: Path) -> Path:
    """A simulated run as a CSV file."""
    samples = simulated(rate, seconds).run.samples()
    file = folder / "imu.csv"
    table = np.column_stack((samples.time, samples.acc, samples.gyr))
    np.savetxt(file, table, "%.5f", ",", header="time,acc_x,acc_y,acc_z,gyr_x,gyr_y,gyr_z", comments="")
    return file


def bench_memory_and_cpu_of_the_live_process(figure, tmp_path: Path) -> None:
    """Emulated sensor, recorder, MQTT and the JSON lines all on; measured between the 20th and the 50th second."""
    with all_on(tmp_path, EMULATED) as process:
        time.sleep(20)
        before = cpu_s(process.pid)
        started = time.monotonic()
        time.sleep(30)
        used = 1e3 * (cpu_s(process.pid) - before) / (time.monotonic() - started)
        memory = memory_mb(process.pid)
        libraries = Path(f"/proc/{process.pid}/maps").read_text()
    figure(f"live process (emulated sensor, recorder, MQTT, JSON lines): {memory:.1f} MB resident")
    figure(f"  CPU {used:.2f} ms a second, the emulated sensor and its simulated runner included")
    assert "/scipy/" not in libraries


def bench_where_the_memory_goes(figure) -> None:
    code, before = "", 0.0
    figure("resident memory after each import, MB (and how much each adds)")
    for name, imports in PARTS.items():
        code += imports + "\n"
        resident = in_own_process(f"{code}\nprint(int(open('/proc/self/statm').read().split()[1]) * 4096 / 1e6)")
        figure(f"  {name:32s} {resident:6.1f}  (+{resident - before:.1f})")
        before = resident


def bench_cpu_of_a_live_run_without_an_emulator(figure, tmp_path: Path) -> None:
    """A recording at its own pace with everything on: what the process costs beside the sensor's own driver."""
    with all_on(tmp_path, f"file:{recorded(208, 100, tmp_path)}") as process:
        time.sleep(10)
        before, started = cpu_s(process.pid), time.monotonic()
        time.sleep(60)
        used = 1e3 * (cpu_s(process.pid) - before) / (time.monotonic() - started)
        memory = memory_mb(process.pid)
    with broker() as port:
        words = [sys.executable, str(BARE), str(tmp_path), str(port), "5", "30"]
        bare = float(subprocess.run(words, check=True, capture_output=True, text=True, timeout=120).stdout)
    figure(f"live at 208 Hz from a recording, recorder, MQTT, JSON lines: {used:.2f} ms CPU a second, {memory:.1f} MB")
    figure(f"  the same wake-ups, writing, syncing and publishing without any analysis: {bare:.2f} ms a second")


def bench_start_to_first_event(figure, tmp_path: Path) -> None:
    """CPU seconds of the process from its start until it has written its first line."""
    words = [sys.executable, "-m", "backbeat", "replay", str(recorded(100, 30, tmp_path)), "--jsonl", "-"]
    used = []
    for _ in range(5):
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdout.readline()
        used.append(cpu_s(process.pid))
        process.stdout.close()
        process.wait(60)
    figure(f"start to first event: {sorted(used)[2]:.2f} s CPU")
