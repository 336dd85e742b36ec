"""A real Node-RED with the flow that users import, as a child process on a free loopback port."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Self

from rigs.mosquitto import free_port
from rigs.reader import wait_until

FLOW = Path(__file__).parents[2] / "config/node-red/backbeat-flow.json"
START_PATIENCE_S = 120.0


class NodeRed:
    """Runs while it is entered, connected to the broker; `page` is the flow's own page."""

    def __init__(self, program: str, broker_port: int, folder: Path) -> None:
        self._program, self._folder, self._port = program, folder, free_port()
        self.page = f"http://127.0.0.1:{self._port}/backbeat"
        self.flow: list[dict[str, Any]] = json.loads(FLOW.read_text())
        for node in self.flow:
            if node["type"] == "mqtt-broker":
                node["port"] = str(broker_port)

    def __enter__(self) -> Self:
        folder = self._folder
        (folder / "flows.json").write_text(json.dumps(self.flow))
        settings = folder / "settings.js"
        settings.write_text(
            "module.exports = { uiHost: '127.0.0.1', flowFile: 'flows.json', telemetry: { enabled: false } };"
        )
        words = [self._program, "--port", str(self._port), "--userDir", str(folder), "--settings", str(settings)]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log)
        try:
            wait_until(lambda: b"Connected to broker" in (folder / "log").read_bytes(), "Node-RED", START_PATIENCE_S)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
