"""The demo as a user calls it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from backbeat.team.runners import TEAM
from rigs.reader import Reader, wait_until

OUTSIDE_A_TEST = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
"""NiceGUI behaves differently where it finds itself in a test."""


def backbeat(*words: str) -> list[str]:
    return [sys.executable, "-m", "backbeat", *words]


@contextmanager
def demo(*words: str) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """A demo without a terminal: the process, the first lines it said, its broker's port."""
    with subprocess.Popen(
        backbeat("demo", *words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**OUTSIDE_A_TEST, "COLUMNS": "100"},
    ) as process:
        try:
            assert process.stdout
            head = ""
            while not (found := re.search(r"backbeat replay .* --mqtt 'mqtt://127\.0\.0\.1:(\d+)\?", head)):
                line = process.stdout.readline()
                assert line, head
                head += line
            yield process, head, int(found[1])
        finally:
            process.kill()


@pytest.mark.timeout(180)
def test_it_ends_by_itself_with_every_runners_summary_and_can_be_subscribed_to() -> None:
    with demo("--minutes", "0.1", "--pace", "20") as (process, head, port):
        with Reader(port, "backbeat/#") as reader:
            assert reader.wait_for("/live")[0].json["origin"] == "simulated"
            assert process.stdout
            rest = process.stdout.read()
        assert process.wait() == 0
    assert "simulated" in head
    assert re.search(r"The page of the team: http://127\.0\.0\.1:\d+", rest), rest
    _, _, sessions = rest.partition("Each runner's session")
    for runner in TEAM:
        assert re.search(rf"{runner.name} +0:0[12]:\d\d +\d+ +1\d\d ", sessions), rest
        assert f"{runner.name} " in head
    assert len(reader.on("/session/last")) == len(TEAM)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_it_ends_with_the_summaries_when_it_is_stopped(number: signal.Signals) -> None:
    with demo("--minutes", "60", "--pace", "20") as (process, _, port):
        with Reader(port, "backbeat/#") as reader:
            wait_until(
                lambda: all(any(got.json["session"] for got in reader.on(f"{r.id}/live")) for r in TEAM), "sessions"
            )
        process.send_signal(number)
        assert process.stdout
        rest = process.stdout.read()
        assert process.wait() == 0
    assert all(
        re.search(rf"{runner.name} +0:\d\d:\d\d ", rest.partition("Each runner's session")[2]) for runner in TEAM
    )
