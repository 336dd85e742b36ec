"""Fixtures for pytest, in every environment that has Backbeat: `replay`, `simulated_run`, `mqtt_broker`, `golden`.

`docs/replaying-logs.md` is a worked example. Nothing of Backbeat is imported before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from backbeat.events import Event
    from backbeat.sources import Source
    from backbeat.testing import Replayed, Tolerances


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`."""
    group = parser.getgroup("backbeat")
    group.addoption("--update-golden", action="store_true", help="write golden event files instead of comparing")


@pytest.fixture
def replay() -> Callable[..., Replayed]:
    """A recording (file, URI or source) to its events: `backbeat.testing.replay`."""
    from backbeat import testing

    return testing.replay


@pytest.fixture
def simulated_run() -> Callable[..., Source]:
    """Parameters of `sim:` (cadence, speed, asymmetry, seconds, seed, …) to a simulated run as a source."""
    from backbeat.sources import open_source

    def make(**parameters: Any) -> Source:
        return open_source(f"sim:?{urlencode(parameters)}")

    return make


@pytest.fixture(scope="session")
def mqtt_broker() -> Iterator[str]:
    """The address of a broker for the tests alone: Mosquitto if it is installed, else the embedded one."""
    from backbeat import testing

    with testing.broker() as url:
        yield url


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Compare events with a golden file: `golden(events, "run.jsonl", Tolerances(time_s=0.01))`.

    The file lies in a folder `golden` beside the test; `pytest --update-golden` writes it.
    """
    from backbeat import testing

    def check(events: Iterable[Event], name: str, tolerances: Tolerances | None = None) -> None:
        __tracebackhide__ = True
        file = Path(request.path).parent / "golden" / name
        found = list(events)
        if request.config.getoption("--update-golden"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(testing.golden_text(found), encoding="utf-8")
            return
        if not file.exists():
            pytest.fail(f"there is no golden file {file}; write it with: pytest --update-golden", pytrace=False)
        text = file.read_text(encoding="utf-8")
        wrong = list(testing.differences(found, text, tolerances or testing.Tolerances()))
        if wrong:
            more = f"\n… and {len(wrong) - 20} more" if len(wrong) > 20 else ""
            pytest.fail(f"{file.name}:\n" + "\n".join(wrong[:20]) + more, pytrace=False)

    return check
