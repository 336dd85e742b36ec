"""Makes config/node-red/page.png: the demo's simulated team on the page that our Node-RED flow draws.

npm install --prefix FOLDER node-red@4
python docs/pictures/node_red.py FOLDER/node_modules/.bin/node-red config/node-red/page.png

It needs Debian's mosquitto and chromium.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from playwright.sync_api import sync_playwright

from backbeat.mqtt.settings import MqttSettings
from backbeat.team.outing import Outing
from backbeat.team.rounds import ROUND_S
from rigs.mosquitto import Mosquitto
from rigs.node_red import NodeRed

PACE = 5.0
LAST_ALERT = "sam: impact_high raised"
"""Comes after some nine minutes of running; the round goes on for three."""


def main(program: str, target: Path) -> None:
    """Let the team run and take the picture."""
    mosquitto = shutil.which("mosquitto", path="/usr/sbin:/usr/bin")
    with tempfile.TemporaryDirectory() as scratch, Mosquitto(str(mosquitto), Path(scratch, "broker")) as broker:
        folder = Path(scratch, "node-red")
        folder.mkdir()
        outing = Outing(MqttSettings.from_url(broker.url), print, pace=PACE, seconds=1e4)
        running = threading.Thread(target=outing.run)
        with NodeRed(program, broker.port, folder) as server, sync_playwright() as playwright:
            running.start()
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1000, "height": 640})
            page.goto(server.page)  # it loads itself again every few seconds
            page.get_by_text(LAST_ALERT).wait_for(timeout=1000 * ROUND_S / PACE)
            page.screenshot(path=target)
            browser.close()
            outing.stop()
            running.join()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
