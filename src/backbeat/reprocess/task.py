"""One recording, analysed as `backbeat replay FILE --jsonl` does, to the bit."""

from __future__ import annotations

import hashlib
import io
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile

import zstandard

import backbeat
from backbeat.config import Settings
from backbeat.config.configured import Configured
from backbeat.config.recorded import settings_of
from backbeat.errors import UserError
from backbeat.events import Event, Step
from backbeat.jsonl import JsonLines
from backbeat.logbook.source import open_recording
from backbeat.monitor import Monitor
from backbeat.pipeline import run
from backbeat.reprocess.shelf import Found, on_disk
from backbeat.samples import Context, Samples

ANALYSIS = (
    "samples.py",
    "events.py",
    "event_json.py",
    "sessions.py",
    "closing.py",
    "sources.py",
    "monitor.py",
    "pain.py",
    "pipeline.py",
    "jsonl.py",
    "config",
    "gait",
    "strain",
    "logbook",
)
"""What decides on the events of a recording, below the package."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came out of a recording.

    Attributes:
        lines: the events, one JSON object a line, compressed (zstd); empty where it failed.
        sha256: of the lines.
        seconds: how long the recording lasts.
        steps: how many were found.
        error: why it could not be analysed; empty where it was.
        notes: what the person should know besides.
    """

    lines: bytes = b""
    sha256: str = ""
    seconds: float = 0.0
    steps: int = 0
    error: str = ""
    notes: Sequence[str] = field(default=())


@cache
def engine_version() -> str:
    """The version and, because the analysis changes between versions too, a sum over its source files."""
    package = Path(backbeat.__file__).parent
    files = [file for name in ANALYSIS for file in sorted((package / name).rglob("*.py")) or [package / name]]
    total = hashlib.sha256()
    for file in files:
        total.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return f"{backbeat.__version__}+{total.hexdigest()[:12]}"


def analyse(found: Found, settings: Settings | None, engine: str) -> Done:
    """Analyse one recording; whatever is wrong with it stands in the answer.

    Args:
        found: the recording.
        settings: of the analysis; None takes those that were recorded with it.
        engine: which analysis is wanted; a worker that has come to a cluster late may have another.
    """
    if engine != engine_version():
        return Done(error=f"a worker has Backbeat {engine_version()}, wanted is {engine}; install the same on all")
    notes: list[str] = []
    try:
        with on_disk(found) as path, TemporaryFile() as lines:
            tally = _events(path, settings, lines, notes)
            size = lines.tell()
            lines.seek(0)
            packed = io.BytesIO()
            zstandard.ZstdCompressor().copy_stream(lines, packed, size=size)
            lines.seek(0)
            digest = hashlib.file_digest(lines, "sha256").hexdigest()
    except (UserError, OSError) as error:
        return Done(error=str(error), notes=notes)
    except Exception as error:  # noqa: BLE001 (a fault of ours in one recording must not end a night's work)
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        return Done(error=f"internal error: {type(error).__name__}: {error} ({where})", notes=notes)
    return Done(packed.getvalue(), digest, tally.seconds, tally.steps, notes=notes)


class _Tally:
    """A consumer that counts."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._last = 0.0
        self.steps = 0

    @property
    def seconds(self) -> float:
        """From the first reading to the last."""
        return 0.0 if self._first is None else self._last - self._first

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """A block and its events."""
        if isinstance(block, Samples) and len(block):
            self._first = float(block.time[0]) if self._first is None else self._first
            self._last = float(block.time[-1])
        self.finish(events)

    def finish(self, events: Sequence[Event]) -> None:
        """The last events."""
        self.steps += sum(isinstance(event, Step) for event in events)


def _events(path: Path, settings: Settings | None, lines: io.IOBase, notes: list[str]) -> _Tally:
    tally = _Tally()
    with open_recording(path) as recording:
        source = Configured(recording, settings or Settings())
        of_analysis = settings.monitor() if settings else settings_of(recording, notes.append)
        run(source, Monitor(source.info, of_analysis), [JsonLines(lines, "the result"), tally])  # type: ignore[arg-type]
    return tally
