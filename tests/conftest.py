"""What every test can ask for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rigs.mosquitto import Mosquitto
from rigs.postgres import Postgres, programs

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]

REQUIRE_ALL = os.environ.get("BACKBEAT_REQUIRE_ALL") == "1"


def recordings_folder() -> Path:
    """Where the real recordings are: $BACKBEAT_RECORDINGS, or beside the project."""
    default = Path(__file__).parents[2] / "shared" / "recordings"
    return Path(os.environ.get("BACKBEAT_RECORDINGS", default))


@pytest.fixture(scope="session")
def recordings() -> Path:
    """The folder of real recordings with ground truth; the test is skipped where it is absent."""
    folder = recordings_folder()
    if not folder.is_dir():
        pytest.skip(f"no recordings at {folder}; set BACKBEAT_RECORDINGS")
    return folder


@pytest.fixture(scope="session")
def mosquitto_program() -> str:
    """The real broker's program; the test is skipped where it is not installed."""
    program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed (Debian package mosquitto)")
    return program


@pytest.fixture(autouse=True)
def _own_state_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What live runs leave behind goes to a folder of the test's own, never to the user's."""
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "state"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Under BACKBEAT_REQUIRE_ALL=1 a skipped test is a failure: on such a machine everything has to be there."""
    outcome = yield
    report = outcome.get_result()
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped under BACKBEAT_REQUIRE_ALL=1: {report.longrepr}"


@pytest.fixture
def mosquitto(mosquitto_program: str, tmp_path: Path) -> Iterator[Mosquitto]:
    """A real broker of one's own that runs; `kill`, `restart`, `freeze` as the test likes."""
    with Mosquitto(mosquitto_program, tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL that runs; who restarts it leaves it running."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed (Debian package postgresql)")
    with Postgres(folder) as server:
        yield server


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that nobody has used."""
    if request.param == "sqlite":
        return str(tmp_path / "archive.db")
    return request.getfixturevalue("postgres").new_database()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; its driver runs an event loop in this thread, where tests of other rooms want their own."""
    from playwright.sync_api import sync_playwright  # not everywhere where the core of the tests runs

    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed (Debian package chromium)")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=program, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()
