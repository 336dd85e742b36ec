"""The page in a real browser: on a phone, at a desk, in the dark, on paper. Chromium is Debian's."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from backbeat.report.material import Collector
from backbeat.report.page import page
from backbeat.samples import Context, SourceInfo
from rigs.kept import session_events
from rigs.steps import Runner, steps

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    collector = Collector(SourceInfo("simulated runner", "simulated", position="sacrum"))
    warning = Context(1.0, "pain", {"value": 6, "when": "after", "red_flag": "soon"})
    run = Runner(seconds=1500, speed=lambda _: 3.0, change={"impact_peak_g": lambda t: 0.0 if t < 900 else 0.2})
    collector.take(warning, [])
    collector.finish(session_events("one", steps(run), notes=(warning,)))
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page(collector.sessions[0]), encoding="utf-8")
    return path


def opened(browser: Browser, file: Path, width: int = 390, **how: str) -> Page:
    shown = browser.new_page(viewport={"width": width, "height": 800}, offline=True, **how)  # type: ignore[arg-type]
    shown.goto(file.as_uri())
    return shown


def colour(shown: Page, element: str, name: str) -> tuple[float, ...]:
    text = shown.evaluate("([e, n]) => getComputedStyle(document.querySelector(e))[n]", [element, name])
    return tuple(float(part) for part in text[text.index("(") + 1 : -1].split(",")[:3])


def contrast(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """Ratio of the Web Content Accessibility Guidelines 2.2; 4.5 is enough for text."""

    def light(rgb: tuple[float, ...]) -> float:
        parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    brighter, darker = sorted((light(a), light(b)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_the_light_and_in_the_dark(browser: Browser, file: Path, scheme: str) -> None:
    shown = opened(browser, file, color_scheme=scheme)
    paper = colour(shown, "body", "backgroundColor")
    assert (sum(paper) < 200) == (scheme == "dark")
    for element, name in (
        ("body", "color"),
        (".soft", "color"),
        ("a", "color"),
        (".label", "color"),
        ("svg text", "fill"),
    ):
        assert contrast(colour(shown, element, name), paper) >= 4.5, element
    card = colour(shown, ".card", "backgroundColor")
    assert contrast(colour(shown, ".card dt", "color"), card) >= 4.5
    for line in (".line", ".mark path"):
        assert contrast(colour(shown, line, "stroke" if line == ".line" else "fill"), paper) >= 3.0


@pytest.mark.parametrize("width", [320, 390, 1200])
def test_nothing_sticks_out_on_a_phone_or_a_desk(browser: Browser, file: Path, width: int) -> None:
    shown = opened(browser, file, width)
    for detail in shown.locator("details").all():
        detail.evaluate("e => e.open = true")
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.locator("svg[role=img]").count() >= 5
    assert shown.locator(".warning").is_visible()


def test_it_asks_for_nothing_from_anywhere(browser: Browser, file: Path) -> None:
    shown = browser.new_page()
    asked: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("console", lambda message: asked.append(message.text))
    shown.goto(file.as_uri())
    assert asked == [file.as_uri()]


def test_paper_shows_what_is_folded_on_a_screen(browser: Browser, file: Path, tmp_path: Path) -> None:
    shown = opened(browser, file)
    figures = shown.locator("details table").first
    assert not figures.is_visible()
    shown.emulate_media(media="print")
    assert figures.is_visible()
    assert contrast(colour(shown, "body", "color"), colour(shown, "body", "backgroundColor")) >= 4.5
    pdf = shown.pdf(path=tmp_path / "page.pdf", format="A4")
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") + pdf.count(b"/Type /Page/") >= 4
