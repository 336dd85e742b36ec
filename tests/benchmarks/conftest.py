"""What the benchmarks share: simulated hours, the peers' own environment, and the figures told at the end."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import venv
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks.measured import hour

PEERS = ("scikit-digital-health", "mobgap")
_FIGURES: list[str] = []


@pytest.fixture
def figure() -> Callable[[str], None]:
    """Tells a figure at the end of the session."""
    return _FIGURES.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """All figures together, with what they were measured on."""
    if _FIGURES:
        cores = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        terminalreporter.section(f"figures (Python {platform.python_version()}, {_processor()}, {cores})")
        for line in _FIGURES:
            terminalreporter.write_line(line)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


@pytest.fixture(scope="session")
def peers_python(request: pytest.FixtureRequest) -> Path:
    """The Python of an environment with scikit-digital-health and mobgap, made once and kept in pytest's cache."""
    folder = request.config.cache.mkdir("backbeat-peers")
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS]
    subprocess.run(install, check=True, timeout=1200)
    return python


@pytest.fixture(scope="session")
def call_peer(peers_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], dict]:
    """Measures a peer on the simulated hour; its median of three calls."""
    folder = tmp_path_factory.mktemp("peers")

    @cache
    def call(name: str, rate: int) -> dict:
        file = folder / f"{rate}.npy"
        if not file.exists():
            samples = hour(rate)
            np.save(file, np.column_stack((samples.time, samples.acc)))
        script = Path(__file__).with_name("peers_call.py")
        words = [peers_python, script, name, file, str(rate)]
        one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=1800, env=one_thread)
        return json.loads(done.stdout.splitlines()[-1])

    return call
