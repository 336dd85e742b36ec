"""Where the broker is and what may be sent there, said before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from backbeat.errors import UserError
from backbeat.mqtt.settings import CREDENTIAL, MqttSettings


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.write_text("open sesame\n")
    file.chmod(0o600)
    return file


def test_an_address_with_everything() -> None:
    settings = MqttSettings.from_url(
        "mqtt://example.org:2883/club/anna?team=red&runner=anna&steps=yes&commands=note,shoe&version=3.1.1"
    )
    assert settings.address == ("example.org", 2883)
    assert settings.topics.root == "club/anna"
    assert (settings.steps, settings.commands, settings.version) == (True, {"note", "shoe"}, "3.1.1")
    assert MqttSettings.from_url("mqtt://h").topics.root == "backbeat/v1/home/runner"
    assert MqttSettings.from_url("mqtts://h").address == ("h", 8883)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://h", "is no broker's address; write mqtt://host:1883"),
        ("mqtt://", "is no broker's address"),
        ("mqtt://h:99999", "Port out of range"),
        ("mqtt://anna:secret@h", "can be read by everybody on this machine"),
        ("mqtt://h?colour=red", "'colour' is not known; known are ca_file"),
        ("mqtt://h?steps=perhaps", "steps=perhaps is not yes or no"),
        ("mqtt://h?team=Red Team", "The team 'Red Team' cannot be a topic"),
        ("mqtt://h/a+b", "cannot begin topics"),
        ("mqtt://h?commands=dance", "There is no command 'dance'"),
        ("mqtts://h?ca_file=/nowhere/ca.crt", "The CA file /nowhere/ca.crt cannot be used: No such file"),
        ("mqtt://anna@localhost?password_file=/nowhere/pw", "The password file /nowhere/pw cannot be read"),
    ],
)
def test_what_is_wrong_is_said(url: str, sentence: str) -> None:
    with pytest.raises(UserError) as error:
        MqttSettings.from_url(url)
    assert sentence in str(error.value)
    assert "secret" not in str(error.value)


def test_a_password_travels_encrypted_or_not_at_all(secret: Path) -> None:
    with pytest.raises(UserError, match="would travel unencrypted: use mqtts://"):
        MqttSettings.from_url(f"mqtt://anna@example.org?password_file={secret}")
    for url in ("mqtts://anna@example.org?", "mqtt://anna@127.0.0.1?", "mqtt://anna@x.org?plaintext_password=yes&"):
        assert MqttSettings.from_url(f"{url}password_file={secret}").password() == "open sesame"


def test_a_password_is_for_its_owner_s_eyes(secret: Path) -> None:
    secret.chmod(0o640)
    with pytest.raises(UserError, match=r"can be read by others; run: chmod 600"):
        MqttSettings.from_url(f"mqtts://anna@example.org?password_file={secret}")
    secret.chmod(0o600)
    secret.write_text("")
    with pytest.raises(UserError, match="is empty"):
        MqttSettings.from_url(f"mqtts://anna@example.org?password_file={secret}")


def test_the_password_may_be_a_systemd_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert MqttSettings.from_url("mqtts://anna@example.org").password() is None
    (tmp_path / CREDENTIAL).write_text("from systemd\n")
    assert MqttSettings.from_url("mqtts://anna@example.org").password() == "from systemd"
