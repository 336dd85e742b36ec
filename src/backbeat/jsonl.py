"""Events as JSON, one a line: for programs that read what a replay or a run finds."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from backbeat.errors import UserError
from backbeat.events import Event, as_json
from backbeat.samples import Context, Samples


class JsonLines:
    """A consumer that writes every event as one line of JSON in UTF-8.

    Args:
        stream: where to; it stays open.
        name: what the stream is, for messages.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._name = stream, name

    def take(self, block: Samples | Context, events: Sequence[Event]) -> None:
        """Write the events that a block settled."""
        del block
        self._write(events)

    def finish(self, events: Sequence[Event]) -> None:
        """Write the last events."""
        self._write(events)

    def _write(self, events: Sequence[Event]) -> None:
        if not events:
            return
        lines = (json.dumps(as_json(event), ensure_ascii=False, separators=(",", ":")) for event in events)
        try:
            self._stream.write(("\n".join(lines) + "\n").encode())
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UserError(f"{self._name}: {error.strerror}; the events from here on are not written.") from error


@contextlib.contextmanager
def open_lines(target: str) -> Iterator[BinaryIO]:
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
    with Path(target).open("ab") as stream:
        yield stream
