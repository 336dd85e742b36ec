"""A password goes to the broker and nowhere else: not into logs, the terminal, recordings, state or messages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rigs.mosquitto import Mosquitto

PASSWORD = "Tr0ub4dor-hunter2"
SENSOR = "emulate:lsm6dsox?source=sim:%3Fcadence=172"

PROGRAM = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)   # everything that anybody could ever log
import paho.mqtt.client as paho
make = paho.Client.__init__
def logged(client, *arguments, **more):
    make(client, *arguments, **more)
    client.enable_logger(logging.getLogger("paho"))
paho.Client.__init__ = logged
from backbeat.cli import main
main(sys.argv[1:])
"""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "STATE_DIRECTORY": str(folder / "state")}
    command = [sys.executable, "-c", PROGRAM, *words]
    return subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)


def configured(folder: Path, port: int, password: str = PASSWORD) -> Path:
    (folder / "password").write_text(f"{password}\n", encoding="utf-8")
    (folder / "password").chmod(0o600)
    file = folder / "backbeat.toml"
    file.write_text(
        f"""
        [sensor]
        source = "{SENSOR}"
        [mqtt]
        host = "127.0.0.1"
        port = {port}
        user = "sam"
        password_file = "password"
        """,
        encoding="utf-8",
    )
    return file


def places_with_the_password(folder: Path) -> list[str]:
    found = [path for path in folder.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    return sorted(str(path.relative_to(folder)) for path in found)


def test_a_run_keeps_the_password_to_itself(mosquitto: Mosquitto, tmp_path: Path) -> None:
    folder = tmp_path / "runner"
    folder.mkdir()
    file = configured(folder, mosquitto.port)
    done = run(folder, "run", "--settings", str(file), "--seconds", "3")
    assert done.returncode == 0, done.stderr.decode()
    assert b"DEBUG:paho:Sending CONNECT" in done.stderr  # the log was on
    assert PASSWORD.encode() not in done.stdout + done.stderr
    assert list((folder / "state").rglob("*.mcap"))
    assert list((folder / "state").rglob("outbox-*"))
    assert places_with_the_password(folder) == ["password"]


def test_faults_do_not_tell_it_either(tmp_path: Path) -> None:
    file = configured(tmp_path, 1)
    cases = [
        ["run", "--settings", str(file), "--seconds", "0.5"],  # nobody answers at this port
        ["replay", "absent.csv", "--mqtt", f"mqtt://sam:{PASSWORD}@127.0.0.1"],
    ]
    file.with_name("wrong.toml").write_text(
        f'[mqtt]\nhost = "h"\npassword = "{PASSWORD}"\nuser = 3\nport = "x"\n', encoding="utf-8"
    )
    cases.append(["config", "check", str(tmp_path / "wrong.toml")])
    for words in cases:
        done = run(tmp_path, *words)
        assert done.returncode in (0, 2)
        assert PASSWORD.encode() not in done.stdout + done.stderr, words
