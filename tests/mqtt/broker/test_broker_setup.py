"""`backbeat broker`, proven against the real Mosquitto that it sets up."""

from __future__ import annotations

import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from backbeat import cli
from backbeat.mqtt.broker.access import hashed
from backbeat.mqtt.broker.certificates import Signed, new_authority, new_server
from backbeat.mqtt.publisher import Publisher
from backbeat.mqtt.settings import MqttError, MqttSettings
from rigs.mosquitto import Mosquitto, free_port
from rigs.reader import Reader, wait_until
from rigs.runs import INFO, alert, readings, started

HOST = ["--host", "localhost"]


def main(words: list[str]) -> None:
    """As the command line does: it ends with a status."""
    try:
        cli.main(words)
    except SystemExit as end:
        if end.code:
            raise


@pytest.fixture
def folder() -> Iterator[Path]:
    """Outside pytest's own folder, which only root may enter: Mosquitto is another user."""
    parent = Path(tempfile.mkdtemp(prefix="backbeat-test-"))
    parent.chmod(0o755)
    yield parent / "broker"
    shutil.rmtree(parent)


def added(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The address that `backbeat broker add-…` gives."""
    capsys.readouterr()
    main(["broker", *words])
    return capsys.readouterr().out.strip().splitlines()[-1].strip()


@pytest.fixture
def team(folder: Path, mosquitto_program: str, capsys: pytest.CaptureFixture[str]) -> Iterator[Team]:
    port = free_port()
    main(["broker", "init", str(folder), *HOST, "--port", str(port)])
    urls = {
        "anna": added(capsys, "add-runner", str(folder), "red", "anna"),
        "bert": added(capsys, "add-runner", str(folder), "red", "bert", "--homeassistant", "--phone"),
        "cleo": added(capsys, "add-runner", str(folder), "blue", "cleo"),
        "jo": added(capsys, "add-coach", str(folder), "red", "jo"),
        "kim": added(capsys, "add-coach", str(folder), "blue", "kim", "--commands"),
    }
    with Mosquitto(mosquitto_program, folder.parent / "log", config=folder / "mosquitto.conf", port=port) as broker:
        yield Team(broker, urls)


class Team:
    def __init__(self, broker: Mosquitto, urls: dict[str, str]) -> None:
        self.broker, self.urls = broker, urls

    def settings(self, who: str) -> MqttSettings:
        return MqttSettings.from_url(self.urls[who])

    def reader(self, who: str) -> Reader:
        settings = self.settings(who)
        assert settings.user
        password = settings.password()
        assert password
        return Reader(self.broker.port, "#", user=(settings.user, password), ca_file=str(settings.ca_file), mqtt5=True)


def test_a_run_goes_through_and_only_its_own_coach_sees_it(team: Team) -> None:
    with team.reader("jo") as coach, team.reader("kim") as other_coach, team.reader("bert") as mate:
        for who in ("anna", "cleo"):
            run = Publisher(team.settings(who), INFO, report=print)
            run.wait_connected()
            run.take(readings(0, 1), [started(0.0), alert(0.5)])
            run.finish([])
        coach.wait_for("anna/session/20250615-151000/alerts")
        other_coach.wait_for("cleo/session/20250615-151000/alerts")
        wait_until(lambda: coach.on("/status")[-1].json["state"] == "offline", "the end")
        wait_until(lambda: other_coach.on("/status")[-1].json["state"] == "offline", "the end")
        assert {got.topic.split("/")[2] for got in coach.got} == {"red"}
        assert {got.topic.split("/")[2] for got in other_coach.got} == {"blue"}
        assert mate.got == []


def test_nobody_writes_where_it_is_not_theirs(team: Team) -> None:
    mine, theirs = "backbeat/v1/red/anna", "backbeat/v1/red/bert"
    with team.reader("anna") as anna, team.reader("bert") as bert, team.reader("jo") as jo, team.reader("kim") as kim:
        for writer, topics in (
            (
                anna,
                [f"{theirs}/live", f"{theirs}/cmd/ack", "backbeat/v1/blue/cleo/live", "homeassistant/device/x/config"],
            ),
            (bert, ["homeassistant/device/backbeat-red-anna/config", "owntracks/red.anna/phone", f"{mine}/live"]),
            (jo, [f"{mine}/live", f"{mine}/alert", f"{mine}/cmd/session", "backbeat/v1/blue/cleo/cmd/ack"]),
            (kim, [f"{mine}/cmd/ack", "backbeat/v1/blue/cleo/live"]),
        ):
            for topic in topics:
                writer.publish(topic, b"evil", retain=True)
        anna.publish(f"{mine}/live", b"good")
        bert.publish(f"{theirs}/live", b"good")
        jo.publish(f"{mine}/cmd/ack", b"good")
        kim.publish("backbeat/v1/blue/cleo/cmd/session", b"good")
        wait_until(lambda: len(jo.got) >= 3 and len(kim.got) >= 1 and len(anna.got) >= 2, "what is allowed")
        with team.reader("jo") as late, team.reader("kim") as late_too, team.reader("anna") as runner:
            for each in (anna, bert, jo, kim, late, late_too, runner):
                assert [got for got in each.got if got.payload == b"evil"] == []


def test_who_has_no_password_or_the_wrong_one_stays_out(team: Team, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("guess\n")
    wrong.chmod(0o600)
    ca = team.settings("anna").ca_file
    for url in (
        f"mqtts://localhost:{team.broker.port}?ca_file={ca}",
        f"mqtts://red.anna@localhost:{team.broker.port}?ca_file={ca}&password_file={wrong}",
    ):
        run = Publisher(MqttSettings.from_url(url), INFO, report=lambda _: None)
        with pytest.raises(MqttError, match="lets only authorised users in"):
            run.wait_connected()


@pytest.mark.filterwarnings("ignore:.*ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning")  # paho drops it unclosed
def test_a_broker_that_cannot_prove_its_name_is_not_trusted(team: Team) -> None:
    run = Publisher(MqttSettings.from_url(f"mqtts://localhost:{team.broker.port}"), INFO, report=lambda _: None)
    with pytest.raises(MqttError, match="certificate verify failed"):
        run.wait_connected()
    plain = Publisher(MqttSettings.from_url(f"mqtt://localhost:{team.broker.port}"), INFO, report=lambda _: None)
    with pytest.raises(MqttError, match="cannot be reached"):
        plain.wait_connected()


def certificate_of_a_device(authority: Signed) -> Signed:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    builder = x509.CertificateBuilder(
        subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "anna's belt")]),
        issuer_name=authority.certificate.subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(days=1),
        not_valid_after=now + timedelta(days=1),
    )
    return Signed(builder.sign(authority.key, hashes.SHA256()), key)


def test_a_broker_may_ask_for_a_certificate(mosquitto_program: str, tmp_path: Path) -> None:
    authority = new_authority()
    authority.save(tmp_path / "ca.crt", tmp_path / "ca.key")
    new_server(authority, ["localhost"]).save(tmp_path / "server.crt", tmp_path / "server.key")
    certificate_of_a_device(authority).save(tmp_path / "client.crt", tmp_path / "client.key")
    lines = [
        f"cafile {tmp_path}/ca.crt",
        f"certfile {tmp_path}/server.crt",
        f"keyfile {tmp_path}/server.key",
        "require_certificate true",
    ]
    with Mosquitto(mosquitto_program, tmp_path / "mosquitto", lines=lines) as broker:
        url = f"mqtts://localhost:{broker.port}?ca_file={tmp_path}/ca.crt"
        stranger = Publisher(MqttSettings.from_url(url), INFO, report=lambda _: None)
        with pytest.raises(MqttError, match="cannot be reached"):
            stranger.wait_connected()
        known = MqttSettings.from_url(f"{url}&cert_file={tmp_path}/client.crt&key_file={tmp_path}/client.key")
        run = Publisher(known, INFO, report=print)
        run.wait_connected()
        run.finish([])


def test_a_running_broker_takes_a_new_runner_in(team: Team, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    team.urls["dora"] = added(capsys, "add-runner", str(folder), "red", "dora")
    team.broker.reload()
    deadline: Any = None
    for _ in range(20):
        run = Publisher(team.settings("dora"), INFO, report=lambda _: None)
        try:
            run.wait_connected()
        except MqttError as error:
            deadline = error
            continue
        run.finish([])
        return
    raise AssertionError(deadline)


def test_what_is_secret_is_for_its_owner_only_and_stays_over_a_second_init(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["broker", "init", str(folder), *HOST])
    added(capsys, "add-runner", str(folder), "red", "anna")
    before = {name: (folder / name).read_bytes() for name in ("ca.key", "ca.crt", "passwords", "access")}
    for name in ("ca.key", "server.key", "passwords", "access", "clients/red.anna/password"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    main(["broker", "init", str(folder), "--host", "belt.local"])
    assert before == {name: (folder / name).read_bytes() for name in before}


def test_a_user_is_not_replaced_unasked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["broker", "init", str(folder), *HOST])
    added(capsys, "add-runner", str(folder), "red", "anna")
    added(capsys, "add-coach", str(folder), "red", "jo")
    with pytest.raises(SystemExit, match="2"):
        main(["broker", "add-runner", str(folder), "red", "anna"])
    assert "red.anna is there already; --new-password" in capsys.readouterr().err
    before = (folder / "passwords").read_text()
    added(capsys, "add-runner", str(folder), "red", "anna", "--new-password", "--phone")
    assert (folder / "passwords").read_text() != before
    assert (folder / "access").read_text().count("user red.anna\n") == 1
    assert "owntracks/red.anna/#" in (folder / "access").read_text()
    assert "user red.coach.jo\n" in (folder / "access").read_text()


@pytest.mark.parametrize("words", [["red team", "anna"], ["red", "Anna"], ["red", "a\nuser evil"], ["+", "#"]])
def test_ids_that_are_no_topics_are_refused(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    main(["broker", "init", str(folder), *HOST])
    with pytest.raises(SystemExit, match="2"):
        main(["broker", "add-runner", str(folder), *words])
    assert "cannot be a topic" in capsys.readouterr().err


def test_without_a_broker_there_it_says_how_to_make_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["broker", "add-runner", str(folder), "red", "anna"])
    assert "backbeat broker init" in capsys.readouterr().err


def test_passwords_are_kept_as_mosquitto_passwd_keeps_them(tmp_path: Path) -> None:
    program = shutil.which("mosquitto_passwd")
    if program is None:
        pytest.skip("mosquitto_passwd is not installed (Debian package mosquitto)")
    import subprocess

    file = tmp_path / "passwords"
    file.touch(0o600)
    subprocess.run([program, "-b", str(file), "anna", "secret"], check=True, capture_output=True)
    assert file.read_text().startswith("anna:$7$")
    assert hashed("secret", b"0123456789ab").count("$") == file.read_text().count("$") == 4
