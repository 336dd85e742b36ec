"""The dashboard as its configuration has it: broker, port, who may log in, https with an own authority."""

from __future__ import annotations

import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from backbeat.cli import main
from backbeat.mqtt.broker.certificates import new_authority, new_server
from dashboard.conftest import PATIENCE_MS
from rigs.device import Device
from rigs.mosquitto import Mosquitto, free_port
from rigs.reader import wait_until


@pytest.fixture
def folder(mosquitto: Mosquitto, tmp_path: Path) -> Path:
    """A configuration with files beside it, as a coach has it."""
    authority = new_authority()
    authority.save(tmp_path / "ca.pem", tmp_path / "ca.key")
    new_server(authority, ["127.0.0.1", "localhost"]).save(tmp_path / "server.pem", tmp_path / "server.key")
    coaches = tmp_path / "coaches"
    coaches.write_text("kim:right\n")
    coaches.chmod(0o600)
    (tmp_path / "backbeat.toml").write_text(
        f"""
        [mqtt]
        host = "127.0.0.1"
        port = {mosquitto.port}
        [dashboard]
        port = {free_port()}
        team = "home"
        password_file = "coaches"
        certificate = "server.pem"
        key = "server.key"
        """
    )
    return tmp_path


@pytest.fixture
def served(folder: Path) -> Iterator[str]:
    """Its address, once it answers to who trusts the authority."""
    words = [sys.executable, "-m", "backbeat", "dashboard", "--settings", str(folder / "backbeat.toml")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = process.stdout.readline().split(" is at ")[1].split()[0]
    trusted = ssl.create_default_context(cafile=folder / "ca.pem")

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"{address}/login", timeout=10, context=trusted) as answer:
                return b"Log in" in answer.read()
        except ConnectionError:
            return False
        except urllib.error.URLError as error:
            if isinstance(error.reason, ssl.SSLError):
                raise
            return False

    try:
        wait_until(answers, "the dashboard", 60)
        yield address
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@pytest.mark.slow
def test_the_configuration_serves_https_to_who_logs_in(mosquitto: Mosquitto, served: str, browser: Browser) -> None:
    assert served.startswith("https://127.0.0.1:")
    context = browser.new_context(ignore_https_errors=True)  # this browser does not know the authority; urllib did
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    with Device(mosquitto.port, "tilda") as device, Device(mosquitto.port, "other", team="club"):
        device.run()
        page.goto(served)
        page.get_by_label("Name").fill("kim")
        page.get_by_label("Password").fill("right")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_text("Connected")).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator(".bb-tile").filter(has_text="Tilda").get_by_text("Running")).to_be_visible()
        assert page.locator(".bb-tile").count() == 1
    (cookie,) = [each for each in context.cookies() if each["name"] == "backbeat-dashboard"]
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Strict")
    context.close()


def test_without_a_broker_it_says_where_to_name_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.toml").write_text("")
    with pytest.raises(SystemExit):
        main(["dashboard", "--settings", str(tmp_path / "empty.toml")])
    assert "There is no broker: say --mqtt URL, or set [mqtt] host" in capsys.readouterr().err
