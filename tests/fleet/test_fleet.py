"""A fleet against a real Mosquitto: it tells as devices do, and nothing of what must arrive is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from backbeat import cli
from backbeat.fleet.fleet import Fleet, FleetError
from backbeat.fleet.player import Count
from backbeat.fleet.score import compose
from backbeat.mqtt.broker.certificates import new_authority, new_server
from backbeat.mqtt.settings import MqttSettings
from backbeat.team.runners import TEAM
from rigs.archive import Archive
from rigs.mosquitto import Mosquitto
from rigs.reader import Reader, wait_until
from rigs.scores import score


def test_devices_come_tell_and_leave_as_real_ones(mosquitto: Mosquitto) -> None:
    fleet = Fleet(MqttSettings.from_url(mosquitto.url), {"sam": score()}, runners=60, seconds=4.0, processes=2)
    with Reader(mosquitto.port, "backbeat/#") as reader, Archive(mosquitto.port) as archive:
        played = fleet.play()
        archive.wait_for(played.keys)
        wait_until(
            lambda: len({got.topic for got in reader.on("/status") if b'"ended"' in got.payload}) == 60, "farewells"
        )
    assert played.count.connected == 60
    assert (played.count.reconnects, played.count.undelivered, played.troubles) == (0, 0, {})
    assert set(archive.keys) == set(played.keys)
    assert len(played.keys) >= 60 * 5  # some may have begun another session
    assert len({got.topic for got in reader.on("/info")}) == 60
    assert {topic.split("/")[2] for _, topic, _ in played.keys} == {"fleet-001", "fleet-002"}
    lives = reader.on("/live")
    assert len(lives) >= 60 * 3
    assert len({got.json["cadence_spm"] for got in lives}) > 30  # no two alike


def test_a_broker_that_goes_away_in_the_middle_costs_no_alert_and_no_summary(mosquitto: Mosquitto) -> None:
    fleet = Fleet(MqttSettings.from_url(mosquitto.url), {"sam": score()}, runners=30, seconds=5.0)
    outages = []

    def outage(count: Count) -> None:
        if count.messages > 150 and not outages:  # hello, and the first seconds
            outages.append(count)
            mosquitto.stop()
            mosquitto.start()

    with Archive(mosquitto.port) as archive:
        played = fleet.play(outage)
        archive.wait_for(played.keys)
    assert played.count.reconnects >= 30
    assert played.count.undelivered == 0
    assert len(played.keys) >= 30 * 5


def test_a_fleet_that_is_stopped_ends_with_its_summaries(mosquitto: Mosquitto) -> None:
    fleet = Fleet(MqttSettings.from_url(f"{mosquitto.url}?steps=yes"), {"sam": score()}, runners=5, seconds=600.0)
    with Reader(mosquitto.port, "backbeat/#") as reader:
        playing = threading.Thread(target=lambda: played.append(fleet.play()))
        played: list = []
        playing.start()
        reader.wait_for("/step", 10)
        fleet.stop()
        playing.join(60.0)
        reader.wait_for("/summary", 5)
    assert played[0].count.undelivered == 0


def test_a_fleet_that_is_stopped_before_its_processes_are_there_ends_at_once(mosquitto: Mosquitto) -> None:
    fleet = Fleet(MqttSettings.from_url(mosquitto.url), {"sam": score()}, runners=4, seconds=3600.0)
    fleet.stop()
    assert fleet.play().count.undelivered == 0


def test_a_fleet_speaks_tls(mosquitto_program: str, tmp_path: Path) -> None:
    authority = new_authority()
    authority.save(tmp_path / "ca.pem", tmp_path / "ca.key")
    new_server(authority, ["localhost"]).save(tmp_path / "server.pem", tmp_path / "server.key")
    lines = [f"certfile {tmp_path / 'server.pem'}", f"keyfile {tmp_path / 'server.key'}"]
    with Mosquitto(mosquitto_program, tmp_path / "mosquitto", lines=lines) as broker:
        url = f"mqtts://localhost:{broker.port}?ca_file={tmp_path / 'ca.pem'}&steps=yes"
        played = Fleet(MqttSettings.from_url(url), {"sam": score()}, runners=5, seconds=2.0).play()
    assert (played.count.connected, played.count.undelivered, played.troubles) == (5, 0, {})
    assert len(played.keys) >= 5 * 5


def test_without_a_broker_the_fleet_says_so(tmp_path: Path) -> None:
    settings = replace(MqttSettings.from_url("mqtt://127.0.0.1"), port=9)
    played = Fleet(settings, {"sam": score()}, runners=2, seconds=1.0, end_patience_s=0.5).play()
    assert played.count.connected == 0
    assert played.count.undelivered >= 2 * 2  # the summary, twice, of each session cut short
    assert any("cannot be reached" in text for text in played.troubles)


def test_a_process_that_is_killed_is_an_error(mosquitto: Mosquitto) -> None:
    fleet = Fleet(MqttSettings.from_url(mosquitto.url), {"sam": score()}, runners=2, seconds=600.0)

    def kill(count: object) -> None:
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(os.getpid())], capture_output=True, text=True)
        for pid in children.stdout.split():
            command = Path(f"/proc/{pid}/cmdline")
            if command.exists() and b"spawn_main" in command.read_bytes():
                os.kill(int(pid), signal.SIGKILL)

    with pytest.raises(FleetError, match="ended from outside"):
        fleet.play(kill)


def test_a_score_is_what_the_analysis_says_of_a_runner() -> None:
    luca = next(runner for runner in TEAM if runner.id == "luca")
    score = compose(luca, 280.0)
    assert [event.kind for event in score.kept] == ["alert", "alert", "summary"]
    assert 275 <= len(score.lives) <= 281
    assert score.kept[-1].steps == pytest.approx(len(score.steps), abs=4)
    varied = score.varied(5).lives[-1]
    assert varied.cadence_spm == pytest.approx(score.lives[-1].cadence_spm, rel=0.041)
    assert varied.cadence_spm != score.lives[-1].cadence_spm
    assert varied.impact_symmetry_pct == score.lives[-1].impact_symmetry_pct


def test_the_command_says_in_one_sentence_that_nobody_listens(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["fleet", "--mqtt", "mqtt://127.0.0.1:9"])
    assert ended.value.code == 2
    assert (
        capsys.readouterr().err
        == "backbeat: The broker 127.0.0.1:9 cannot be reached: Connection refused; start it, or check the address.\n"
    )


@pytest.mark.slow
def test_the_command_prints_its_figures(mosquitto: Mosquitto) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "backbeat", "fleet", "--runners", "6", "--minutes", "0.1", "--mqtt", mosquitto.url],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert "6 of 6 devices connected, 0 reconnects" in done.stdout
    assert "0 messages that must arrive were not taken" in done.stdout
