"""Lines of JSON: whole, and no trouble of the disk ends a live run."""

import io
import json
from pathlib import Path

import pytest

from backbeat.errors import UserError
from backbeat.jsonl import JsonLines, open_lines
from backbeat.samples import Context
from rigs.runs import a_run

BLOCK = Context(0.0, "battery_pct", 50)


class FullDisk(io.FileIO):
    """Has room for so many bytes."""

    room = 5000

    def write(self, data: bytes) -> int:
        fits = data[: self.room]
        self.room -= len(fits)
        if not fits:
            raise OSError(28, "No space left on device")
        return super().write(fits)


def test_a_full_disk_is_told_once_and_leaves_whole_lines(tmp_path: Path) -> None:
    told: list[str] = []
    with FullDisk(tmp_path / "events.jsonl", "w") as stream:
        lines = JsonLines(stream, "events.jsonl", told.append)
        for events in a_run():
            lines.take(BLOCK, events)
        lines.finish([])
    assert told == ["events.jsonl: No space left on device; the events from here on are not written."]
    content = (tmp_path / "events.jsonl").read_text()
    assert 3000 < len(content) <= 5000
    assert content.endswith("\n")
    assert {json.loads(line)["kind"] for line in content.splitlines()} == {"step"}


def test_without_somebody_to_tell_it_ends_the_run(tmp_path: Path) -> None:
    with FullDisk(tmp_path / "events.jsonl", "w") as stream:
        lines = JsonLines(stream, "events.jsonl")
        events = [event for second in a_run() for event in second]
        with pytest.raises(UserError, match="No space left on device; what it has so far are whole lines"):
            lines.take(BLOCK, events)
    content = (tmp_path / "events.jsonl").read_text()
    assert content == "" or content.endswith("\n")


def test_a_file_is_begun_anew_or_refused_in_a_sentence(tmp_path: Path) -> None:
    target = tmp_path / "events.jsonl"
    target.write_text("old")
    with open_lines(str(target)) as stream:
        JsonLines(stream, "events").take(BLOCK, a_run()[60])
    assert [json.loads(line)["kind"] for line in target.read_text().splitlines()] == ["step", "step", "step", "alert"]
    with pytest.raises(UserError, match="choose a file"), open_lines(str(tmp_path)):
        pass
