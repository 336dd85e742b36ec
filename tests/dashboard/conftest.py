"""A dashboard at a real broker that the tests of a file share; each test has its own runners."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from backbeat.dashboard.child import DashboardProcess
from rigs.mosquitto import Mosquitto

PATIENCE_MS = 40_000

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def broker(mosquitto_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """One for the file."""
    with Mosquitto(mosquitto_program, tmp_path_factory.mktemp("mosquitto")) as mosquitto:
        yield mosquitto


@pytest.fixture(scope="module")
def dashboard(broker: Mosquitto) -> Iterator[DashboardProcess]:
    """One for the file."""
    with DashboardProcess(broker.url) as process:
        yield process


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Opens an address in a browser of its own; whatever goes wrong in the page fails the test."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def visit(address: str, *, dark: bool = False, phone: bool = False) -> Page:
        size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
        context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light")
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        host = "/".join(address.split("/")[:3])
        page.on(
            "request", lambda request: None if request.url.startswith((host, "data:")) else wrong.append(request.url)
        )
        page.goto(address)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert wrong == []
