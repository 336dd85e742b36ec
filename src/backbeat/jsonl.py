"""Events as JSON, one a line: for programs that read what a replay or a run finds."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from backbeat.errors import UserError
from backbeat.event_json import as_json
from backbeat.events import Event
from backbeat.samples import Context, Samples

_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class JsonLines:
    """A consumer that writes every event as one line of JSON in UTF-8.

    Args:
        stream: where to; it stays open.
        name: what the stream is, for messages.
        report: told once in one sentence when the disk fails, and the run goes on; without it the run ends.
    """

    def __init__(self, stream: IO[bytes], name: str, report: Callable[[str], None] | None = None) -> None:
        self._stream, self._name, self._report = stream, name, report
        self._whole = 0  # bytes of whole lines
        self._failed = False

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """Write the events that a block settled."""
        del block
        self._write(events)

    def finish(self, events: Sequence[Event]) -> None:
        """Write the last events."""
        self._write(events)

    def _write(self, events: Sequence[Event]) -> None:
        if not events or self._failed:
            return
        data = "".join([_encoded(as_json(event)) + "\n" for event in events]).encode()
        try:
            rest = data
            while rest:
                rest = rest[self._stream.write(rest) :]
            self._stream.flush()
            self._whole += len(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            self._failed = True
            if isinstance(self._stream, io.FileIO):
                with contextlib.suppress(OSError):
                    self._stream.truncate(self._whole)  # no half a line, which programs would stumble over
            if self._report is None:
                raise UserError(
                    f"{self._name}: {error.strerror}; what it has so far are whole lines, the rest is missing: "
                    "make room and begin again."
                ) from error
            self._report(f"{self._name}: {error.strerror}; the events from here on are not written.")


@contextlib.contextmanager
def open_lines(target: str) -> Iterator[IO[bytes]]:
    """The stream that `--jsonl` names: `-` is standard output, all else a file that is begun anew.

    Raises:
        UserError: the file cannot be written.
    """
    if target == "-":
        yield sys.stdout.buffer
        return
    try:
        Path(target).write_bytes(b"")
    except OSError as error:
        raise UserError(f"{target}: {error.strerror}; choose a file that can be written.") from error
    with Path(target).open("ab", buffering=0) as stream:
        yield stream
