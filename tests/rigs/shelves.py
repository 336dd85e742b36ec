"""Archives of short simulated recordings."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from backbeat.logbook.exports import WRITERS
from backbeat.simulator.source import open_simulator


@cache
def recording(seconds: int, seed: int, suffix: str) -> bytes:
    """A simulated run as a file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"run{suffix}"
        source = open_simulator(f"sim:?stand=2&seconds={seconds}&seed={seed}&rate=100&asymmetry={seed % 9}")
        WRITERS[suffix](source, source, path)
        return path.read_bytes()


def shelve(folder: Path, names: dict[str, int], seconds: int = 40) -> Path:
    """A folder of recordings: path within it to the simulator's seed."""
    for name, seed in names.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(recording(seconds, seed, path.suffix))
    return folder
