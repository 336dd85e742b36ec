"""What the dashboard says when the broker, a runner or a login fails, and fifty runners at once."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import expect

from backbeat.cli import main
from backbeat.cli.dashboard import news_of_the_broker
from backbeat.dashboard.child import DashboardProcess
from backbeat.dashboard.reader import Reader
from backbeat.dashboard.team import Layout
from backbeat.errors import UserError
from backbeat.mqtt.broker.access import hashed
from backbeat.mqtt.settings import MqttSettings
from dashboard.conftest import PATIENCE_MS, Open
from rigs.device import Device
from rigs.moody_broker import MoodyBroker
from rigs.mosquitto import Mosquitto

NOT_AUTHORISED = 0x87

expect.set_options(timeout=PATIENCE_MS)


def written(file: Path, text: str, mode: int = 0o600) -> Path:
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return file


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--host", "0.0.0.0"], "name who may log in with --passwords FILE"),
        (["--host", "0.0.0.0", "--passwords", "open.txt"], "can be read by others; run: chmod 600"),
        (["--passwords", "nobody.txt"], "names nobody"),
        (["--passwords", "bad.txt"], "line 2: write name:password"),
        (["--certificate", "open.txt"], "Certificate and key go together"),
        (["--certificate", "open.txt", "--key", "gone.pem"], "There is no file gone.pem"),
        (["--certificate", "open.txt", "--key", "open.txt"], "with the key open.txt cannot be used"),
        (["--settings", "served.toml"], "Others can reach 0.0.0.0: name who may log in"),
        (["--settings", "nowhere.toml"], "name a file that can be read"),
        (["--host", "192.0.2.1", "--passwords", "kim.txt"], "cannot be served on"),
        (["--team", "Our Team"], "cannot be a topic"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_sentence(
    words: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("open.txt"), "kim:secret\n", 0o644)
    written(Path("nobody.txt"), "# none yet\n")
    written(Path("bad.txt"), "kim:secret\nlee\n")
    written(Path("kim.txt"), "kim:secret\n")
    written(Path("served.toml"), '[dashboard]\nhost = "0.0.0.0"\n')
    with pytest.raises(SystemExit) as ended:
        main(["dashboard", "--mqtt", "mqtt://127.0.0.1:1", *words])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert says in said
    assert len(said.strip().splitlines()) == 1


def test_a_taken_port_is_named(mosquitto: Mosquitto) -> None:
    with pytest.raises(UserError, match="Address already in use; choose another --port"):
        DashboardProcess(mosquitto.url, port=mosquitto.port).start()


@pytest.mark.slow
def test_broker_away_and_back_runner_lost_and_found(mosquitto: Mosquitto, visit: Open) -> None:
    with DashboardProcess(mosquitto.url) as served, Device(mosquitto.port, "rob") as device:
        device.live()
        page = visit(served.address)
        tile = page.locator(".bb-tile").filter(has_text="Rob")
        expect(tile.get_by_text("Stale")).to_be_visible()  # one message and no more
        device.run()
        expect(tile.get_by_text("Running")).to_be_visible()
        device.lose()
        expect(tile.get_by_text("Connection lost")).to_be_visible()
        device.connect()
        expect(tile.get_by_text("Running")).to_be_visible()
        mosquitto.kill()
        expect(page.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible()
        expect(tile.get_by_text("Stale").or_(tile.get_by_text("Connection lost"))).to_be_visible()
        mosquitto.start()
        expect(page.get_by_text("Connected")).to_be_visible()
        device.lose_quietly()
        device.connect()
        expect(tile.get_by_text("Running")).to_be_visible()


@pytest.mark.slow
def test_a_wrong_password_of_the_broker_is_said_as_such(mosquitto_program: str, tmp_path: Path, visit: Open) -> None:
    users = written(tmp_path / "users", f"kim:{hashed('right')}\n")
    wrong = written(tmp_path / "password", "wrong\n")
    lines = ["allow_anonymous false", f"password_file {users}"]
    with Mosquitto(mosquitto_program, tmp_path / "broker", lines=lines) as broker:
        url = f"mqtt://kim@127.0.0.1:{broker.port}?password_file={wrong}"
        with DashboardProcess(url) as served:
            page = visit(served.address)
            expect(page.get_by_text("check user, password")).to_be_visible()
            written(wrong, "right\n")
            expect(page.get_by_text("Connected")).to_be_visible()


@pytest.mark.slow
def test_a_broker_that_does_not_let_us_read_is_said_until_it_does(visit: Open) -> None:
    with MoodyBroker(lambda *_: 0, subscription=NOT_AUTHORISED) as broker, DashboardProcess(broker.url) as served:
        page = visit(served.address)
        expect(page.get_by_text("does not let us read backbeat/v1/+/+/# (Not authorized)")).to_be_visible()
        broker.subscription = 1
        expect(page.get_by_text("Connected")).to_be_visible()


def test_the_terminal_hears_once_that_the_broker_is_away_and_back() -> None:
    reader = Reader(MqttSettings.from_url("mqtt://127.0.0.1:9"), Layout())
    said: list[str] = []
    look = news_of_the_broker(reader, "127.0.0.1:9", said.append)
    look()
    for trouble in ("The broker is away.", "The broker is away.", None, None):
        reader.trouble = trouble
        look()
    assert said == ["The broker is away.", "Connected to the broker 127.0.0.1:9."]


@pytest.mark.slow
def test_login(mosquitto: Mosquitto, tmp_path: Path, visit: Open) -> None:
    file = written(tmp_path / "coaches", "kim:a:b c\n")
    with DashboardProcess(mosquitto.url, options=["--passwords", str(file)]) as served:
        page = visit(f"{served.address}/sessions")
        for password, seen in (("wrong", "Name and password do not fit"), ("a:b c", "Team")):
            page.get_by_label("Name").fill("kim")
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Log in").click()
            expect(page.get_by_text(seen).first).to_be_visible()
        expect(page.get_by_text("Connected")).to_be_visible()
        stranger = visit(f"{served.address}/report/home/anna/s1")
        expect(stranger).to_have_url(f"{served.address}/login")
        for _ in range(6):
            stranger.get_by_label("Name").fill("kim")
            stranger.get_by_label("Password").fill("guess")
            stranger.get_by_role("button", name="Log in").click()
        expect(stranger.get_by_text("Too many attempts")).to_be_visible()


@pytest.mark.slow
def test_fifty_runners(mosquitto: Mosquitto, visit: Open) -> None:
    with DashboardProcess(mosquitto.url) as served, ExitStack() as stack:
        devices = [stack.enter_context(Device(mosquitto.port, f"runner-{k:02}")).run() for k in range(50)]
        page = visit(served.address, phone=True)
        expect(page.get_by_text("50 runners · 50 running")).to_be_visible()
        devices[49].alert()
        expect(page.get_by_role("heading", name="Runner-49: Impact high, right")).to_be_visible()
        assert page.locator(".bb-tile").count() == 50


def test_without_its_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "nicegui", None)
    with pytest.raises(SystemExit):
        main(["dashboard", "--mqtt", "mqtt://127.0.0.1:1", "--port", "0"])
    assert "pip install 'backbeat[dashboard]'" in capsys.readouterr().err
