"""Makes dashboard-*.png: the demo's simulated team with six weeks behind it, as a coach and a runner see it.

python docs/pictures/dashboard.py docs/pictures     (needs Debian's mosquitto and chromium)
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from paho.mqtt.publish import multiple
from playwright.sync_api import sync_playwright

from backbeat.dashboard.child import DashboardProcess
from backbeat.event_json import as_json
from backbeat.events import Symmetry
from backbeat.mqtt.payloads import encoded, message
from backbeat.mqtt.settings import MqttSettings
from backbeat.team.outing import Outing
from backbeat.team.rounds import ROUND_S
from backbeat.team.runners import TEAM
from rigs.mosquitto import Mosquitto
from rigs.runs import summary
from rigs.told import envelope, root

PACE = 5.0
"""Slower than the demo's: all pictures are taken while the same round goes on."""

ALERTS = ("Kim: Asymmetry change, left", "Sam: Impact high", "Tina: Impact high")
"""They are there after some eight minutes of running; the round goes on for four."""

SHOTS = (
    ("team", "/", 1280, 980, False),
    ("runner", "/runner/demo/sam", 1280, 1640, False),
    ("me", "/me/demo/tina", 390, 844, True),
)


def weeks(port: int) -> None:
    """Earlier sessions of every runner, drawn at random around a usual."""
    draw = random.Random(7)
    messages = []
    for number, runner in enumerate(TEAM):
        for k in range(12):
            day = datetime.now(UTC) - timedelta(days=3.5 * (12 - k))
            session = f"{day:%Y%m%d-%H%M%S}"
            body = replace(
                summary(draw.uniform(1800, 3600), session),
                cadence_spm=166.0 + number + draw.gauss(0, 1.2),
                impact_peak_g=2.55 + 0.08 * number + draw.gauss(0, 0.06),
                contact_time_ms=238.0 - number + draw.gauss(0, 3),
                symmetry=Symmetry(
                    start=0.0, end=1.0, known_at=1.0, steps_left=50, steps_right=50, impact_pct=draw.gauss(0, 1.5)
                ),
            )
            payload = encoded(message(envelope(k + 1, session, day.isoformat()), as_json(body)))
            messages.append((f"{root(runner.id, 'demo')}/session/{session}/summary", payload, 1, True))
    last = f"{root('kim', 'demo')}/session/{session}/notes"
    note = {"time": 5.0, "utc": day.isoformat(), "about": "pain"}
    note["value"] = {"value": 2, "when": "after", "text": "lower back, left"}
    messages.append((last, json.dumps({"notes": [note]}).encode(), 1, True))
    multiple(messages, hostname="127.0.0.1", port=port)


def main(folder: Path) -> None:
    """Let the team run and take the pictures."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin")
    with tempfile.TemporaryDirectory() as scratch, Mosquitto(str(program), Path(scratch)) as broker:
        weeks(broker.port)
        outing = Outing(MqttSettings.from_url(broker.url), print, pace=PACE, seconds=1e4)
        running = threading.Thread(target=outing.run)
        with DashboardProcess(broker.url) as served, sync_playwright() as playwright:
            running.start()
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            pages = []
            for name, path, width, height, dark in SHOTS:
                page = browser.new_page(
                    viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
                )
                page.goto(served.address + path)
                pages.append((name, page))
            team = pages[0][1]
            for alert in ALERTS:
                team.get_by_role("heading", name=alert).wait_for(timeout=1000 * ROUND_S / PACE)
            for name, page in pages:
                page.screenshot(path=folder / f"dashboard-{name}.png")
            browser.close()
            outing.stop()
            running.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
