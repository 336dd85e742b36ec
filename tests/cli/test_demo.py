"""The demo as a user calls it."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from rigs.reader import Reader


def backbeat(*words: str) -> list[str]:
    return [sys.executable, "-m", "backbeat", *words]


@pytest.mark.timeout(180)
def test_it_ends_by_itself_with_the_summary_and_can_be_subscribed_to() -> None:
    with subprocess.Popen(
        backbeat("demo", "--minutes", "0.1", "--pace", "20"),
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "100"},
    ) as demo:
        assert demo.stdout
        head = ""
        while not (found := re.search(r"mosquitto_sub -h 127\.0\.0\.1 -p (\d+) -t 'backbeat/#' -v", head)):
            line = demo.stdout.readline()
            assert line, head
            head += line
        with Reader(int(found[1]), "backbeat/#") as reader:
            assert reader.wait_for("/live")[0].json["origin"] == "simulated"
            rest = demo.stdout.read()
        assert demo.wait() == 0
    assert "simulated" in head
    assert re.search(r"Sam \(simulated\): running, cadence 1\d\d steps/min", rest)
    assert re.search(r"running +│ 0:0[12]:\d\d", rest)
    assert len(reader.on("/session/last")) == 1
