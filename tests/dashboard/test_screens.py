"""The dashboard in Debian's Chromium against a real Mosquitto: what a coach and a runner see."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from backbeat.dashboard.child import DashboardProcess
from backbeat.dashboard.wording import moment
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttSettings
from dashboard.conftest import PATIENCE_MS, Open
from rigs.device import Device
from rigs.mosquitto import Mosquitto
from rigs.runs import INFO, a_run, readings
from rigs.told import SESSION, alert_told, live_told, summary_told

HOSTILE = '<script>document.title="broken"</script><img src=x onerror=alert(1)>'

expect.set_options(timeout=PATIENCE_MS)


def tile(page: Page, name: str):
    return page.locator(".bb-tile").filter(has=page.get_by_role("link", name=name, exact=True))


def serious(page: Page) -> list[str]:
    """What axe-core finds that is serious or critical."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {[node['html'][:160] for node in each['nodes'][:4]]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


def test_a_tile_appears_and_an_alert_comes_at_once(broker: Mosquitto, dashboard: DashboardProcess, visit: Open) -> None:
    page = visit(dashboard.address)
    expect(page.get_by_text("Connected")).to_be_visible()
    with Device(broker.port, "tilda") as device:
        device.run()
        one = tile(page, "Tilda")
        expect(one.get_by_text("Running")).to_be_visible()
        expect(one.get_by_text("simulated")).to_be_visible()
        expect(one.locator("dl")).to_contain_text(re.compile("17[01]"))  # 170.5 steps/min
        before = time.monotonic()
        device.alert()
        page.wait_for_function("document.body.innerText.includes('Tilda: Impact high, right')", polling=20)
        delay = time.monotonic() - before
        assert delay < 10.0, "a second on an idle machine"
        expect(page.get_by_text("usual 3.1 g at this pace, now 3.9 g", exact=True)).to_be_visible()
        expect(one.get_by_text("Impact high, right")).to_be_visible()
        assert "Tilda: Impact high, right" in page.locator("[aria-live=assertive]").inner_text()


def test_an_acknowledgement_reaches_the_device_and_a_second_page(
    broker: Mosquitto, dashboard: DashboardProcess, visit: Open
) -> None:
    run = Publisher(MqttSettings.from_url(f"{broker.url}?runner=ada&runner_name=Ada"), INFO, report=print)
    run.wait_connected()
    for second, events in enumerate(a_run()[:70]):
        run.take(readings(second, 1.0), events)
    mine, other = visit(dashboard.address), visit(dashboard.address)
    expect(other.get_by_role("button", name="Acknowledge Impact high, right, Ada")).to_be_visible()
    mine.get_by_role("button", name="Acknowledge Impact high, right, Ada").click()
    for page in (mine, other):
        card = page.locator(".bb-alert").filter(has_text="Ada: Impact high")
        expect(card.get_by_text("Seen by coach")).to_be_visible()
        expect(card.get_by_role("button")).to_be_hidden()
    run.finish([])


def test_hostile_names_stay_text(broker: Mosquitto, dashboard: DashboardProcess, visit: Open) -> None:
    with Device(broker.port, "hans", name=HOSTILE) as device:
        device.live()
        said = dict.fromkeys(("message", "cause", "evidence", "unit", "alert"), HOSTILE)
        device.say("alert", json.dumps(json.loads(alert_told(1)) | said).encode())
        for path in ("/", "/runner/home/hans", "/sessions", "/me", "/me/home/hans"):
            page = visit(dashboard.address + path)
            expect(page.locator("body")).to_contain_text(HOSTILE[:30])
            assert page.title() != "broken"
            assert page.locator("img").count() == 0


def test_a_page_opened_late_is_complete(broker: Mosquitto, dashboard: DashboardProcess, visit: Open) -> None:
    with Device(broker.port, "late") as device:
        alert = json.loads(alert_told(1)) | {"acknowledged_by": "Kim"}
        listed = {"session": SESSION, "alerts": [alert], "dropped": 0, "origin": "simulated"}
        note = {"time": 5.0, "utc": None, "about": "pain", "value": {"value": 4, "when": "before", "text": "left hip"}}
        device.say(f"session/{SESSION}/alerts", json.dumps(listed).encode(), retain=True)
        device.say(f"session/{SESSION}/notes", json.dumps({"notes": [note]}).encode(), retain=True)
        device.say("session/older/summary", summary_told("older"), retain=True)
        device.say("live", live_told(1), retain=True)
    with DashboardProcess(broker.url, options=["--team", "home"]) as fresh:
        page = visit(f"{fresh.address}/runner/home/late")
        expect(page.get_by_role("heading", name="Late")).to_be_visible()
        expect(page.get_by_text("Seen by Kim")).to_be_visible()
        expect(page.get_by_text("Pain 4 of 10 before the run: left hip")).to_be_visible()
        expect(page.get_by_text("Connection lost").or_(page.get_by_text("Stale")).first).to_be_visible()
        page.get_by_role("row").get_by_role("link", name=moment("2026-05-01T07:00:00Z")).click()
        expect(page.get_by_text("You ran for 30 min")).to_be_visible()


PAGES = {
    "/": "Axel: Impact high, right",
    "/runner/home/axel": "Impact high, right",
    "/sessions": "Axel (simulated)",
    "/me/home/axel": "Land softer.",
}


@pytest.mark.parametrize(
    ("path", "dark"),
    [
        ("/", False),
        ("/runner/home/axel", True),
        *[
            pytest.param(path, dark, marks=pytest.mark.slow)
            for path in PAGES
            for dark in (False, True)
            if (path, dark) not in (("/", False), ("/runner/home/axel", True))
        ],
    ],
)
def test_no_barrier_for_who_cannot_see_well(
    broker: Mosquitto, dashboard: DashboardProcess, visit: Open, tmp_path: Path, path: str, dark: bool
) -> None:
    """Light at a desk, dark on a phone; the screenshots stay in pytest's temporary folder."""
    with Device(broker.port, "axel") as device:
        device.run()
        device.alert()
        device.say("session/before/summary", summary_told("before"), retain=True)
        page = visit(dashboard.address + path, dark=dark, phone=dark)
        expect(page.get_by_text(PAGES[path]).first).to_be_visible()
        assert serious(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "too wide for its screen"
        page.screenshot(path=tmp_path / "page.png", full_page=True)


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has this name has the focus."""
    for _ in range(200):
        page.keyboard.press("Tab")
        focus = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText"
        if page.evaluate(focus) == name:
            return
    raise AssertionError(f"{name} is not reached")


def test_by_keyboard_alone(broker: Mosquitto, dashboard: DashboardProcess, visit: Open) -> None:
    with Device(broker.port, "kay", team="keys") as device:
        device.run()
        device.alert()
        page = visit(dashboard.address)
        expect(tile(page, "Kay")).to_be_visible()
        tab_to(page, "Acknowledge Impact high, right, Kay")
        page.keyboard.press("Enter")
        expect(page.locator(":focus")).to_contain_text("Telling the runner's device")
        tab_to(page, "Kay")
        outline = page.evaluate("getComputedStyle(document.activeElement, '::after').outlineStyle")
        assert outline == "solid", "the focus can be seen"
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("/runner/keys/kay$"))
        expect(page.get_by_role("heading", name="Kay")).to_be_visible()


def test_a_chart_has_its_table_and_a_gap_stays_a_gap(
    broker: Mosquitto, dashboard: DashboardProcess, visit: Open
) -> None:
    page = visit(f"{dashboard.address}/runner/home/carl")
    expect(page.get_by_text("Nothing has been told")).to_be_visible()
    with Device(broker.port, "carl") as device:
        for k in (1, 2, 30, 31):
            device.say("live", live_told(k))
        page.get_by_text("As a table").first.click()
        expect(page.get_by_role("table").first).to_contain_text("0:00:30")
        again = visit(f"{dashboard.address}/runner/home/carl")
        for each in (page, again):
            each.wait_for_function(
                "() => getElement(+document.querySelector('.nicegui-echart').id.slice(1)).chart?.getOption()"
                "?.series[0].data.map((point) => point[1]).join() === '170.5,170.5,,170.5,170.5'"
            )
