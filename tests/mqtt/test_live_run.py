"""`backbeat run` with a broker, as a user calls it: a note by MQTT reaches the session."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rigs.mosquitto import Mosquitto
from rigs.reader import Reader, wait_until


@pytest.mark.slow
@pytest.mark.timeout(200)
def test_a_note_by_mqtt_stands_in_the_session_and_the_run_ends_with_its_summary(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    url = f"{mosquitto.url}?team=red&runner=anna&commands=note"
    words = ["run", "--source", "sim:?seconds=600&seed=3&stand=1", "--mqtt", url, "--record", "none", "--jsonl", "-"]
    environment = {**os.environ, "STATE_DIRECTORY": str(tmp_path), "HOME": str(tmp_path)}
    with (
        Reader(mosquitto.port, "backbeat/v1/red/anna/#") as reader,
        subprocess.Popen([sys.executable, "-m", "backbeat", *words], stdout=subprocess.DEVNULL, env=environment) as run,
    ):
        try:
            wait_until(lambda: any(got.json["session"] for got in reader.on("/live")[-1:]), "a session", patience_s=120)
            body = {"id": "n1", "about": "pain", "value": 2, "when": "during"}
            reader.publish("backbeat/v1/red/anna/cmd/note", json.dumps(body))
            assert reader.wait_for("/reply/note")[0].json["ok"] is True
            (note,) = reader.wait_for("/notes")[-1].json["notes"]
            assert (note["about"], note["value"]["value"]) == ("pain", 2)
            run.send_signal(signal.SIGTERM)
            summary = reader.wait_for("/session/last")[0].json
            assert run.wait(60) == 0
        finally:
            run.kill()
    assert summary["origin"] == "simulated"
    assert summary["running_s"] > 30
    assert reader.on("/status")[-1].json["reason"] == "ended"
