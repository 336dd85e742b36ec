"""The page beside a demo."""

from __future__ import annotations

import contextlib
import re
import urllib.request

import pytest

from backbeat.cli.page import Page
from rigs.mosquitto import Mosquitto


@pytest.mark.timeout(180)
def test_the_page_is_served_where_it_says(mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    page = Page(mosquitto.url, said.append, browse=False)
    with monkeypatch.context() as outside:
        outside.delenv("PYTEST_CURRENT_TEST")  # NiceGUI behaves differently where it finds itself in a test
        page.__enter__()
    with contextlib.ExitStack() as stack:
        stack.push(page)
        assert page.settled.wait(90.0)
        address = re.search(r"http://\S+", said[0])
        assert address, said
        with urllib.request.urlopen(address[0], timeout=30.0) as answer:
            assert b"Backbeat" in answer.read()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address[0], timeout=30.0)


def test_where_it_cannot_be_served_the_reason_is_told_and_the_demo_goes_on() -> None:
    said: list[str] = []
    with Page("no address at all", said.append, browse=False) as page:
        assert page.settled.wait(90.0)
    assert said == [
        "There is no page to look at: no address at all is no broker's address; write mqtt://host:1883, or "
        "mqtts://host for TLS."
    ]
