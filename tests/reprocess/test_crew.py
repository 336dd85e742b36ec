"""Tasks whose process is killed: tried once more alone, and then listed."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path

from backbeat.reprocess.crew import Crew, DiedError, processes


def work(number: int, folder: Path) -> int:
    """7 always kills its process, 3 the first time, 5 is at fault."""
    tried = folder / f"tried-{number}"
    first = not tried.exists()
    tried.touch()
    if number == 7 or (number == 3 and first):
        os.kill(os.getpid(), 9)
    if number == 5:
        raise ValueError("five")
    time.sleep(0.02)
    return number * number


def crew(tmp_path: Path, count: int = 2, **more: object) -> Crew[int, int]:
    return Crew(partial(work, folder=tmp_path), partial(processes, count), count, **more)  # type: ignore[arg-type]


def test_every_task_comes_back_once_whoever_dies(tmp_path: Path) -> None:
    found = list(crew(tmp_path).work(range(12)))
    assert sorted(task for task, _ in found) == list(range(12))
    outcomes = dict(found)
    assert isinstance(outcomes.pop(7), DiedError)
    assert str(outcomes.pop(5)) == "five"
    assert outcomes == {number: number * number for number in range(12) if number not in (5, 7)}


def test_a_single_process_that_dies_is_tried_once_more(tmp_path: Path) -> None:
    assert dict(crew(tmp_path, 1).work([3, 4])) == {3: 9, 4: 16}


def test_when_it_is_stopped_what_is_under_way_is_done_and_no_more_begun(tmp_path: Path) -> None:
    seen: list[int] = []
    found = crew(tmp_path, stopped=lambda: len(seen) >= 2).work(range(100))
    for task, _ in found:
        seen.append(task)  # is looked at meanwhile
    assert 2 <= len(seen) < 10
